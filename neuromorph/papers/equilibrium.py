"""Equilibrium propagation without weight symmetry, and the homeostasis that brings symmetry back.

::

    F1 = x W_in + b1 + a2 B      F2 = a1 W + b2 + beta (softmax(a2 R) - y) R^T      a = s(u)
    u <- u + kappa (F(u) - u)    s(u) = 1 / (1 + e^(2 - 4u))
    delta = 1/N sum_k Re[s(u(beta_k)) / beta_k],   beta_k = beta e^(2 pi i k / N)
    dL/dW ~ a1^T delta2,  dL/dB ~ a2^T delta1,  dL/dW_in ~ x^T delta1
    L_h = E |J e|^2 - e^T J^2 e = |W - B^T|^2 / dim:
    -dL_h/dW ~ -<e1^T (e1 W)> + <(e2 B)^T e2>       two phases of noise, each of them local

Batches are rows. Real nudges (N of 1 and 2) are what spikes could do; complex ones are for the
table of orders. Source: Laborieux and Zenke, ICLR 2024 (arXiv 2309.02214).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError
from neuromorph.shown import Shown

Array = NDArray[Any]
Floats = NDArray[np.float64]

NAMES = ("W_in", "W", "B", "R", "b1", "b2")
KAPPA = 0.5
"""Of a step to the fixed point: with 1, training ends in an oscillation of period 2."""


class State(NamedTuple):
    """Potentials of both layers, shape (batch, size)."""

    u1: Array
    u2: Array


@dataclass(eq=False, repr=False)
class Net(Shown):
    """Input, two layers that excite each other, and a read-out.

    Attributes
    ----------
    parameters : dict of str to array
        W_in (inputs, first), W (first, second), B (second, first), R (second, classes), b1, b2.
    """

    parameters: dict[str, Floats]

    @classmethod
    def new(
        cls, sizes: tuple[int, int, int, int], rng: np.random.Generator, *, scale: float = 0.7,
        angle: float = 90,
    ) -> Net:
        """Random weights; B at an angle, in degrees, from W^T.

        Raises
        ------
        UsageError
            If the angle is not within 0 to 180 degrees.
        """
        if not 0 <= angle <= 180:
            raise UsageError("no such angle between W and B", found=angle, expected="0 to 180")
        inputs, first, second, classes = sizes
        shapes = {"W_in": (inputs, first), "W": (first, second), "B": (second, first),
                  "R": (second, classes)}
        made = {name: scale * rng.standard_normal(shape) / math.sqrt(shape[0])
                for name, shape in shapes.items()}
        turn = math.radians(angle)
        made["B"] = math.sin(turn) * made["B"] + math.cos(turn) * made["W"].T
        return cls({**made, "b1": np.zeros(first), "b2": np.zeros(second)})

    def rest(self, batch: int) -> State:
        """All potentials 0."""
        return State(*(np.zeros((batch, len(self.parameters[b]))) for b in ("b1", "b2")))

    def pull(self, state: State, inputs: Array, labels: Array, beta: complex = 0) -> State:
        """F(u): where the potentials are drawn to."""
        p = self.parameters
        a1, a2 = activity(state.u1), activity(state.u2)
        nudge = beta * ((_softmax(a2 @ p["R"]) - labels) @ p["R"].T) if beta else 0
        return State(inputs @ p["W_in"] + p["b1"] + a2 @ p["B"], a1 @ p["W"] + p["b2"] + nudge)

    def relax(
        self, state: State, inputs: Array, labels: Array, steps: int, *, beta: complex = 0,
        kappa: float = KAPPA,
    ) -> State:
        """The state after so many damped steps."""
        for _ in range(steps):
            drawn = self.pull(state, inputs, labels, beta)
            state = State(state.u1 + kappa * (drawn.u1 - state.u1),
                          state.u2 + kappa * (drawn.u2 - state.u2))
        return state

    def residual(self, state: State, inputs: Array, labels: Array) -> float:
        """Largest |F(u) - u|: 0 at a fixed point; above 1e-2 what is learned of it is doubtful."""
        drawn = self.pull(state, inputs, labels)
        return float(max(np.abs(drawn.u1 - state.u1).max(), np.abs(drawn.u2 - state.u2).max()))


def activity(potential: Array) -> Array:
    """s(u) = 1 / (1 + e^(2 - 4u)), of complex numbers too."""
    found: Array = 1 / (1 + np.exp(2 - 4 * potential))
    return found


def _slope(potential: Array) -> Array:
    a = activity(potential)
    return 4 * a * (1 - a)


def _softmax(logits: Array) -> Array:
    """Analytic, so that complex nudges mean what they say."""
    powers = np.exp(logits - logits.real.max(axis=1, keepdims=True))
    found: Array = powers / powers.sum(axis=1, keepdims=True)
    return found


def nudged_error(
    net: Net, free: State, inputs: Array, labels: Array, *, phases: int, beta: float, steps: int
) -> tuple[Floats, Floats]:
    """delta of both layers, from ``phases`` nudged phases that start at the free one.

    Raises
    ------
    UsageError
        If there is no phase, or the nudge is 0.
    """
    if phases < 1 or not beta:
        raise UsageError("an error takes a nudge and a phase", where="equilibrium propagation",
                         found=f"{phases} phases, beta {beta}")
    deltas = [np.zeros_like(free.u1), np.zeros_like(free.u2)]
    for k in range(phases):
        own: complex = beta * np.exp(2j * np.pi * k / phases)
        real = phases in (1, 2)
        own = own.real if real else own
        start = free if real else State(*(u.astype(np.complex128) for u in free))
        nudged = net.relax(start, inputs, labels, steps, beta=own)
        deltas = [delta + np.real((activity(u) - (activity(rest) if phases == 1 else 0)) / own)
                  / phases for delta, u, rest in zip(deltas, nudged, free, strict=True)]
    return deltas[0], deltas[1]


def exact_error(net: Net, free: State, labels: Array, steps: int = 100) -> tuple[Floats, Floats]:
    """lambda of recurrent backpropagation at the same fixed point."""
    p = net.parameters
    s1, s2 = _slope(free.u1), _slope(free.u2)
    down = (_softmax(activity(free.u2) @ p["R"]) - labels) @ p["R"].T
    one, two = np.zeros_like(s1), s2 * down
    for _ in range(steps):
        one, two = s1 * (two @ p["W"].T), s2 * (one @ p["B"].T + down)
    return one, two


def gradients(
    net: Net, free: State, inputs: Array, labels: Array, error: tuple[Floats, Floats]
) -> dict[str, Floats]:
    """Of all parameters, means over the batch; that of R is exact and local."""
    a1, a2 = activity(free.u1), activity(free.u2)
    wrong = _softmax(a2 @ net.parameters["R"]) - labels
    one, two = error
    found = {"W_in": inputs.T @ one, "W": a1.T @ two, "B": a2.T @ one, "R": a2.T @ wrong,
             "b1": one.sum(axis=0), "b2": two.sum(axis=0)}
    return {name: slope / len(inputs) for name, slope in found.items()}


def homeostasis(net: Net) -> float:
    """L_h = |W - B^T|^2 / dim, exactly."""
    w, b = net.parameters["W"], net.parameters["B"]
    return float(((w - b.T) ** 2).sum()) / sum(w.shape)


def homeostasis_by_noise(net: Net, draws: int, rng: np.random.Generator) -> Floats:
    """|J e|^2 - e^T J^2 e over dim, a number a draw."""
    w, b = net.parameters["W"], net.parameters["B"]
    one, two = (rng.standard_normal((draws, size)) for size in w.shape)
    up, down = one @ w, two @ b
    found: Floats = ((down**2).sum(axis=1) + (up**2).sum(axis=1)
                     - (one * (up @ b)).sum(axis=1) - (two * (down @ w)).sum(axis=1))
    return found / sum(w.shape)


def homeostatic_step(net: Net, draws: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Slopes of L_h for W and B, from two phases of noise; what they correlate is local."""
    w, b = net.parameters["W"], net.parameters["B"]
    one, two = (rng.standard_normal((draws, size)) for size in w.shape)
    up, down = one @ w, two @ b
    scale = 2 / (draws * sum(w.shape))
    return {"W": scale * (one.T @ up - down.T @ two), "B": scale * (two.T @ down - up.T @ one)}
