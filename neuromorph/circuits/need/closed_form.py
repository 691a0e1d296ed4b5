"""The layer without a network: its sums, rate and weights, integer by integer."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.need.numbers import KEPT, PERIOD, TEACH_AT, WRONG, WRONG_EXPONENT, Need
from neuromorph.learning.draws import DrawSupply
from neuromorph.numerics.limits import DECAY_BITS, DECAY_UNITY, TRACE_MAX, WEIGHT_MAX, WEIGHT_MIN
from neuromorph.shapes import Int64, Integer

Ints = NDArray[np.int64]

FRACTION_BITS, DROPPED = 7, 10
"""A weight's unit in the accumulator; what comes off a product of three traces."""


class Layer:
    """Weights and a rate, lesson after lesson.

    Attributes
    ----------
    weights : int array, shape (neurons, features)
    rate : int
        Of the last lesson.
    """

    def __init__(self, numbers: Need) -> None:
        self.numbers = numbers
        self.weights: Ints = np.zeros((numbers.neurons, numbers.features), np.int64)
        self.rate = 0
        self._trace, self._lessons, self._draws = 0, 0, DrawSupply(0, 1)

    def ask(self, features: Annotated[Integer, "features"]) -> Annotated[Int64, "neurons"]:
        """What the neurons say, shape (neurons,)."""
        found: Ints = self.weights @ np.asarray(features, np.int64)
        return found

    def teach(
        self, features: Annotated[Integer, "features"], wrong: bool,
        error: Annotated[Integer, "neurons"],
    ) -> None:
        """The rest of a lesson.

        Parameters
        ----------
        features : int array, shape (features,)
        wrong : bool
        error : int array, shape (neurons,)
            More less less, -127 to 127.
        """
        numbers = self.numbers
        kept = self._trace * (DECAY_UNITY - int(KEPT.dv)) >> DECAY_BITS
        heard = (WRONG << WRONG_EXPONENT) * wrong if numbers.regulated else 0
        self._trace = kept + heard
        self.rate = min(numbers.base + (self._trace**2 >> KEPT.shift), TRACE_MAX)
        trace = np.rint(np.asarray(features) / 2).astype(np.int64)
        side = np.asarray(error, np.int64)[:, None]
        lesson = np.sign(side) * np.abs(side) * self.rate * trace >> DROPPED
        total = (self.weights << FRACTION_BITS) + (
            lesson << DROPPED + FRACTION_BITS - numbers.slowness)
        step = PERIOD * self._lessons + TEACH_AT
        draw = float(self._draws.for_step(step).synapse[step])
        whole = total >> FRACTION_BITS
        fraction = (total - (whole << FRACTION_BITS)) / (1 << FRACTION_BITS)
        self.weights = np.clip(whole + (draw < fraction), WEIGHT_MIN, WEIGHT_MAX)
        self._lessons += 1
