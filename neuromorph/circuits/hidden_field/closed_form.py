"""The synapses without a clock: what a lesson makes of fields, integer by integer."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.hidden_field.numbers import PERIOD, TEACH_AT, HiddenField
from neuromorph.circuits.hidden_field.rules import WALL
from neuromorph.learning.draws import DrawSupply
from neuromorph.shapes import Int64, Integer

Ints = NDArray[np.int64]

TAG_SHIFT, GATE_SHIFT = 7, 14
"""A field's unit in the accumulator; what comes off a product of 25 bits and a mantissa."""


class Synapses:
    """Fields and weights of a layer, sample after sample.

    Attributes
    ----------
    fields : int array, shape (neurons, features)
    """

    def __init__(self, numbers: HiddenField, seed: int = 0) -> None:
        self.numbers = numbers
        self.fields = np.zeros((numbers.neurons, numbers.features), np.int64)
        self._draws, self._samples = DrawSupply(seed, 1), 0

    @property
    def weights(self) -> Annotated[Int64, "neurons features"]:
        """2^e where the field is not negative, else -2^e."""
        return np.where(self.fields >= 0, self.numbers.weight, -self.numbers.weight)

    def ask(
        self, features: Annotated[Integer, "*samples features"]
    ) -> Annotated[Int64, "*samples neurons"]:
        """Sums of the features that are there, shape (samples, neurons) or (neurons,)."""
        found: Ints = np.asarray(features, np.int64) @ self.weights.T
        return found

    def teach(
        self, features: Annotated[Integer, "features"], more: Annotated[Integer, "neurons"],
        less: Annotated[Integer, "neurons"],
    ) -> None:
        """One sample: its lesson, and the wall a step later; before it |t| < 126.

        Parameters
        ----------
        features : array of 0 and 1, shape (features,)
        more, less : int array, shape (neurons,)
            0 to `TEACH_MAX`.
        """
        step = self._samples * PERIOD + TEACH_AT
        self._samples += 1
        rows = np.flatnonzero(np.asarray(more) + np.asarray(less))
        if not len(rows):
            return
        draw = float(self._draws.for_step(step).synapse[step])
        held = self.fields[rows]
        total = held << TAG_SHIFT
        for factor, sign in ((more, 1), (less, -1)):
            taught = sign * np.asarray(factor, np.int64)[rows, None]
            total += np.asarray(features, np.int64) * self._lesson(held, taught)
        whole = total >> TAG_SHIFT
        moved = whole + (draw < (total - (whole << TAG_SHIFT)) / (1 << TAG_SHIFT))
        self.fields[rows] = moved + _wall(moved)

    def rest(self, samples: int) -> None:
        """Samples that only ask: nothing moves, but draws are drawn."""
        self._samples += samples

    def _lesson(self, held: Ints, taught: Ints) -> Ints:
        """The product, rounded down before the gate's last bits count."""
        if not self.numbers.gated:
            return taught << (TAG_SHIFT - 4)
        gate = (1 << GATE_SHIFT) - held**2
        return (4 * taught * gate >> GATE_SHIFT) << 1


def _wall(fields: Ints) -> Ints:
    back: Ints = -4 * (np.sign(fields - WALL) + np.sign(fields + WALL))
    return back
