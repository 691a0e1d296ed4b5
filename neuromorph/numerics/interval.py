"""Intervals: what a value of each neuron stays within."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Interval(NamedTuple):
    """What a value of each neuron stays within; silence is possible, so low <= 0 <= high."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]

    @classmethod
    def same(cls, size: int, low: int, high: int) -> Interval:
        """One interval for all neurons, arrays of shape (size,)."""
        return cls(np.full(size, low, np.int64), np.full(size, high, np.int64))
