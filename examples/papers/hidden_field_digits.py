"""Digits in three orders of their pixels, one after the other, in 1-bit weights with hidden fields.

::

    answer = argmax_c w_c.x        w = sign h, h an integer of 8 bits; x = sign A pixels, A random
    h <- h +- 4 x                  with probability (1 - (h / 128)^2)^power / 2, of the label's row
                                   (+) and its rival's (-), where the margin between them is small

Where a pixel is cut to a bit, and that units have no thresholds, was chosen on seeds 10 to 12; the
rows are of seeds from 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.models.digits import load_split

PIXEL_MIDDLE = 4
UNITS, PIXELS, CLASSES = 512, 64, 10
STEP, BOUND, FIRST = 4, 127, 20
"""Of a field: its change, its largest magnitude, and that of its random beginning."""

MARGIN = 60
TASKS, EPOCHS = 3, 4

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Learned:
    """Accuracies on held-out digits.

    Attributes
    ----------
    just : float
        Of each task when it was learned, mean.
    first : float
        Of the first one when it was learned.
    final : float
        Over all tasks in the end, mean.
    oldest : float
        Of the first one in the end.
    """

    just: float
    first: float
    final: float
    oldest: float


def learn(power: int, seed: int) -> Learned:
    """Three tasks in a row; without a gate where the power is 0."""
    rng = np.random.default_rng(seed)
    (images, labels), (tests, truth) = _bits()
    lines = rng.choice([-1, 1], (UNITS, PIXELS))
    fields = rng.integers(-FIRST, FIRST + 1, (CLASSES, UNITS))
    orders = [rng.permutation(PIXELS) for _ in range(TASKS)]
    held_out = [_sign(tests[:, order] @ lines.T, 0) for order in orders]
    table = np.zeros((TASKS, TASKS))
    for task, order in enumerate(orders):
        _learn_task(fields, _sign(images[:, order] @ lines.T, 0), labels, power, rng)
        weights = np.where(fields >= 0, 1, -1)
        table[task] = [((x @ weights.T).argmax(axis=1) == truth).mean() for x in held_out]
    return Learned(float(table.diagonal().mean()), float(table[0, 0]), float(table[-1].mean()),
                   float(table[-1, 0]))


def _bits() -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
    """Pixels as -1 and 1 with their labels: to learn, and held out."""
    split = load_split()
    taught, tested = ((_sign(part.images.reshape(-1, PIXELS), PIXEL_MIDDLE), part.labels)
                      for part in (split.train, split.held_out))
    return taught, tested


def _sign(numbers: NDArray[Any], middle: int) -> Ints:
    return np.where(numbers > middle, 1, -1)


def _learn_task(fields: Ints, inputs: Ints, labels: Ints, power: int, rng: np.random.Generator
                ) -> None:
    """In place."""
    for _ in range(EPOCHS):
        for i in rng.permutation(len(inputs)):
            x, label = inputs[i], labels[i]
            sums = np.where(fields >= 0, 1, -1) @ x
            others = sums.copy()
            others[label] = -UNITS - 1
            rival = int(others.argmax())
            if sums[label] - sums[rival] >= MARGIN:
                continue
            rows = np.array([label, rival])
            held = fields[rows]
            gate = (1 - (held / (BOUND + 1)) ** 2) ** power / 2
            moved = held + STEP * np.array([[1], [-1]]) * x * (rng.random(held.shape) < gate)
            fields[rows] = np.clip(moved, -BOUND, BOUND)
