"""Digits learned by the circuit at equilibrium, in integers, and by floats on the same lessons.

Bounds were set before one of these seeds was run with noise: that of accuracy is twice the standard
error of a difference of two shares of so many tests, the others are those of the science notes.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from examples.papers.common import Row, bound, row
from neuromorph.api.circuits.equilibrium import (
    Settings,
    first_weights,
    lay,
    learn_in_floats,
)

SEEDS, TESTS = 3, 400
ALONE, HOMEOSTATIC = "nudges alone", "homeostasis"
GAIN, ALIGNED, UNALIGNED = 0.015, 0.9, 0.6
"""Of the notes: what homeostasis wins, and the cosine of W and B^T with it and without."""


def circuit_rows(paper: str) -> list[Row]:
    """The circuit's closed form, which backends equal to the bit, with noise and without."""
    ways = {ALONE: Settings(tests=TESTS, homeostasis=0), HOMEOSTATIC: Settings(tests=TESTS)}
    accuracy, cosine = {}, {}
    for name, settings in ways.items():
        found = [lay(settings, first_weights(settings, seed), seed) for seed in range(SEEDS)]
        accuracy[name] = float(np.mean([each.after for each in found]))
        cosine[name] = float(np.mean([each.cosine for each in found]))
    settings = ways[HOMEOSTATIC]
    floats = float(np.mean([learn_in_floats(settings, first_weights(settings, seed), seed)[1]
                            for seed in range(SEEDS)]))
    return [
        *(row(paper, f"digits, circuit in integers, {name}: {what}", None, of[name], None)
          for what, of in (("accuracy", accuracy), ("cosine of W and B^T", cosine))
          for name in ways),
        row(paper, "digits, floats on the same lessons, homeostasis: accuracy", None, floats, None),
        bound(paper, "digits, circuit in integers: lacks of floats on the same lessons",
              sampling_error(floats), floats - accuracy[HOMEOSTATIC]),
        bound(paper, "digits, circuit in integers: homeostasis lacks of nudges alone + .015", 0.0,
              accuracy[ALONE] + GAIN - accuracy[HOMEOSTATIC]),
        bound(paper, "digits, circuit in integers: .9 less the cosine with homeostasis", 0.0,
              ALIGNED - cosine[HOMEOSTATIC]),
        bound(paper, "digits, circuit in integers: the cosine without", UNALIGNED, cosine[ALONE]),
    ]


def sampling_error(share: float) -> float:
    """2 sqrt(2 p (1 - p) / n): seeds share their n tests, and so do not narrow it."""
    return 2 * sqrt(2 * share * (1 - share) / TESTS)
