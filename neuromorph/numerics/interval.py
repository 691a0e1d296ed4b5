"""Intervals: what a value of each neuron stays within. Silence is 0."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Interval(NamedTuple):
    """What a value of each neuron stays within."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]

    @classmethod
    def same(cls, size: int, low: int, high: int) -> Interval:
        """One interval for all neurons, arrays of shape (size,)."""
        return cls(np.full(size, low, np.int64), np.full(size, high, np.int64))

    @classmethod
    def hull(cls, intervals: Iterable[Interval], size: int) -> Interval:
        """The least interval that holds all of them, and silence."""
        found = [cls.same(size, 0, 0), *intervals]
        return cls(np.minimum.reduce([one.low for one in found]),
                   np.maximum.reduce([one.high for one in found]))

    def within(self, low: NDArray[np.int64] | int, high: NDArray[np.int64] | int) -> bool:
        """Whether it lies between two numbers, or between two of each neuron."""
        return bool((self.low >= low).all() and (self.high <= high).all())

    @property
    def silent(self) -> bool:
        """Whether it is 0 everywhere."""
        return not (self.low.any() or self.high.any())

    @property
    def speaks(self) -> bool:
        """Whether no neuron can be silent."""
        return bool(((self.low > 0) | (self.high < 0)).all())


def rounded_up(bound: float) -> int:
    """The next whole number, with room for what a float may have lost on the way."""
    return math.ceil(bound * (1 + 1e-12))
