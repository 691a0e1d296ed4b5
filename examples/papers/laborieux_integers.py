"""Whether integers do equilibrium propagation: 7-bit activities, 8-bit weights, random rounding.

::

    dW = 2^-shift (x1 y1 - x1 y2)      y1, y2: a layer's activity, nudged to the target and from it

One sample at a time, as a chip would: products of two traces lose 3 bits, sums are rounded up or
down by a draw: one for all synapses of a projection, as the learning engine has it, or one each.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from neuromorph.models.digits import load_split
from neuromorph.papers.equilibrium import activation, draw

SIZES, PIXEL_MAX = (64, 32, 32, 10), 16
UNIT, TRACE_MAX, SCALE = 1 / 64, 127, 0.7
IMAGES, EPOCHS = 800, 3
FREE_STEPS, NUDGED_STEPS, NUDGE, SHIFT = 20, 10, 0.5, 12
READ_SHIFT = 12
ERROR_SCALE = 32

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass
class Learner:
    """Integer weights of a net without biases.

    Attributes
    ----------
    rng : Generator
        Of first weights and draws.
    shared : bool
        Whether all synapses of a projection round by one draw.
    """

    rng: np.random.Generator
    shared: bool
    weights: dict[str, Floats] = field(init=False)

    def __post_init__(self) -> None:
        first = draw(SIZES, np.pi / 2, SCALE, self.rng)
        self.weights = {name: np.clip(np.rint(part / UNIT), -TRACE_MAX, TRACE_MAX)
                        for name, part in (("W_in", first.into), ("W", first.forward),
                                           ("B", first.back), ("R", first.readout))}

    def relax(
        self, state: tuple[Floats, Floats], image: Ints, label: Floats, nudge: float, steps: int
    ) -> tuple[Floats, Floats]:
        """Damped steps of the potentials; what is sent are activities of 7 bits."""
        w = {name: UNIT * weights for name, weights in self.weights.items()}
        one, two = state
        entered = image / TRACE_MAX @ w["W_in"]
        for _ in range(steps):
            a1, a2 = sent(one) / TRACE_MAX, sent(two) / TRACE_MAX
            pull = a1 @ w["W"]
            if nudge:
                pull = pull + nudge * w["R"] @ (softmax(a2 @ w["R"]) - label)
            one, two = one + (entered + a2 @ w["B"] - one) / 2, two + (pull - two) / 2
        return one, two

    def learn(self, image: Ints, label: Floats) -> None:
        """The free phase, both nudged ones, and all four rules."""
        rest = (np.zeros(SIZES[1]), np.zeros(SIZES[2]))
        free = self.relax(rest, image, label, 0, FREE_STEPS)
        near, far = (self.relax(free, image, label, nudge, NUDGED_STEPS)
                     for nudge in (-NUDGE, NUDGE))
        a1, a2 = sent(free[0]), sent(free[1])
        self._step("W_in", image, sent(near[0]), sent(far[0]))
        self._step("W", a1, sent(near[1]), sent(far[1]))
        self._step("B", a2, sent(near[0]), sent(far[0]))
        wrong = label - softmax(a2 / TRACE_MAX @ (UNIT * self.weights["R"]))
        error = np.rint(ERROR_SCALE * wrong).astype(np.int64)
        self._step("R", a2, np.maximum(error, 0), np.maximum(-error, 0))

    def _step(self, name: str, before: Ints, more: Ints, less: Ints) -> None:
        shift = READ_SHIFT if name == "R" else SHIFT
        whole = (np.outer(before, more) >> 3) - (np.outer(before, less) >> 3)
        change = whole * 2.0 ** (3 - shift)
        draw = self.rng.random() if self.shared else self.rng.random(change.shape)
        moved = np.floor(self.weights[name] + change + draw)
        self.weights[name] = np.clip(moved, -TRACE_MAX, TRACE_MAX)

    def accuracy(self) -> float:
        """On held-out digits."""
        held = load_split().held_out
        images = _coded(held.images)
        state = (np.zeros((len(images), SIZES[1])), np.zeros((len(images), SIZES[2])))
        two = self.relax(state, images, np.zeros(SIZES[3]), 0, FREE_STEPS)[1]
        return float(((sent(two) @ self.weights["R"]).argmax(axis=1) == held.labels).mean())


def sent(potential: Floats) -> Ints:
    """s(u) in 7 bits."""
    found: Ints = np.rint(TRACE_MAX * activation(potential)).astype(np.int64)
    return found


def _coded(images: Floats) -> Ints:
    found: Ints = np.rint(TRACE_MAX / PIXEL_MAX * images.reshape(-1, SIZES[0])).astype(np.int64)
    return found


def train(seed: int, *, shared: bool) -> float:
    """Accuracy after some epochs of single samples."""
    learner = Learner(np.random.default_rng(seed), shared)
    split = load_split()
    images = _coded(split.train.images[:IMAGES])
    labels = np.eye(SIZES[3])[split.train.labels[:IMAGES]]
    for _ in range(EPOCHS):
        for i in learner.rng.permutation(IMAGES):
            learner.learn(images[i], labels[i])
    return learner.accuracy()
