"""Intervals: what a value of each neuron stays within. Silence is 0."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, NamedTuple

import numpy as np

from neuromorph.shapes import Int64


class Interval(NamedTuple):
    """What a value of each neuron stays within."""

    low: Annotated[Int64, "size"]
    high: Annotated[Int64, "size"]

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

    @classmethod
    def total(cls, intervals: Iterable[Interval], size: int) -> Interval:
        """The interval of their sum; 0 if there are none."""
        found = list(intervals)
        zero = np.zeros(size, np.int64)
        return cls(sum((one.low for one in found), zero), sum((one.high for one in found), zero))

    def within(
        self, low: Annotated[Int64, "size"] | int, high: Annotated[Int64, "size"] | int
    ) -> bool:
        """Whether it lies between two numbers, or between two of each neuron."""
        return bool((self.low >= low).all() and (self.high <= high).all())

    @property
    def with_silence(self) -> Interval:
        """The same, and 0."""
        return Interval(np.minimum(self.low, 0), np.maximum(self.high, 0))

    @property
    def silent(self) -> bool:
        """Whether it is 0 everywhere."""
        return not (self.low.any() or self.high.any())

    @property
    def speaks(self) -> bool:
        """Whether no neuron can be silent."""
        return bool(((self.low > 0) | (self.high < 0)).all())


def rounded_up(bound: float) -> int:
    """A whole bound on the 2-norm of a vector of integers, from one in floats.

    Its square is whole: so a bound that is a whole number but for what a float may have lost is
    that number, as long as such a loss is less than one of the square.
    """
    nearest = round(bound)
    if nearest < 1 << 13 and abs(bound - nearest) < 1e-9 * max(nearest, 1):
        return nearest
    return math.ceil(bound * (1 + 1e-12))


def whole_root(square: int) -> int:
    """The least whole number whose square is as large."""
    root = math.isqrt(square)
    return root if root * root == square else root + 1
