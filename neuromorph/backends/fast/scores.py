"""What a block of queries starts from: whom each sees, how well, and the values in its sight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled
from neuromorph.backends.fast.lanes import LANES
from neuromorph.backends.fast.vectors import (
    ROWS,
    STRIP,
    UNSEEN,
    product_row,
    product_tile,
    take_away,
)


@compiled(forceinline=True)
def fill(target: Any, begin: int, stop: int, value: Any) -> None:
    """The same value in some elements."""
    for i in range(begin, stop):
        target[i] = value


@compiled(forceinline=True)
def products(
    asked: Any, rows: int, depth: int, strips: Any, begin: int, width: int, scores: Any,
) -> None:
    """scores[rows, width] = asked[rows, depth] keys, which stand in strips of 32."""
    whole = rows - rows % ROWS
    for j in range(0, width, STRIP):
        strip = begin + j * depth
        for r in range(0, whole, ROWS):
            product_tile(asked, r * depth, depth, strips, strip, STRIP, depth, scores,
                         r * width + j, width)
        for r in range(whole, rows):
            product_row(asked, r * depth, depth, strips, strip, STRIP, depth, scores,
                        r * width + j, width)


@compiled(forceinline=True)
def span_of(sight: NDArray[np.int64]) -> tuple[Any, Any]:
    """The first strip that some queries look at, and how many keys from there on."""
    low, high = np.int64(1 << 62), np.int64(0)
    for i in range(len(sight)):
        if sight[i, 1] > sight[i, 0]:
            low, high = min(low, sight[i, 0]), max(high, sight[i, 1])
    low = min(low, high) // STRIP * STRIP
    return low, (high - low + STRIP - 1) // STRIP * STRIP


@compiled(forceinline=True)
def hide(
    scores: Any, at: int, width: int, low: int, sight: NDArray[np.int64], r: int,
    mask: NDArray[np.bool_],
) -> Any:
    """Give keys that query r may not see the score `UNSEEN`; how many it does see."""
    first, stop, hidden = sight[r, 0], sight[r, 1], sight[r, 2]
    if stop <= first:
        fill(scores, at, at + width, UNSEEN)
        return 0
    fill(scores, at, at + first - low, UNSEEN)
    fill(scores, at + stop - low, at + width, UNSEEN)
    if hidden:
        for i in range(first, stop):
            if not mask[r, i]:
                scores[at + i - low] = UNSEEN
    return stop - first - hidden


@compiled(forceinline=True)
def tilt(
    scores: Any, at: int, width: int, low: int, r: int, bias: NDArray[np.int32], key_shift: int,
) -> None:
    """Add query r's bias, if there is any, to its scores: half a unit of X each, see `spec_of`."""
    if not len(bias):
        return
    half = np.float32(0.5) * np.float32(1 << key_shift)
    for i in range(min(width, bias.shape[1] - low)):
        scores[at + i] += np.float32(bias[r, low + i]) * half


@compiled(forceinline=True)
def in_sight(
    sums: NDArray[np.int32], values: Any, sight: NDArray[np.int64], r: int,
    mask: NDArray[np.bool_], held: Any, columns: int, rows: int,
) -> None:
    """held = the sum of the values that query r sees, from the sums of all values before each.

    Each value stands in so many rows, whose sum it is.
    """
    first, stop, hidden = sight[r, 0], sight[r, 1], sight[r, 2]
    for j in range(columns):
        held[j] = sums[stop, j] - sums[first, j]
    for i in range(first, stop if hidden else first):
        if not mask[r, i]:
            for row in range(i * rows, (i + 1) * rows):
                for j in range(0, columns, LANES):
                    take_away(held, j, values, row * columns + j)


@compiled(forceinline=True)
def without(held: Any, parts: Any, mass: Any, columns: int, window: int) -> None:
    """held -= the sums of all later steps."""
    for n in range(1, window + 1):
        if mass[n] > 0:
            for j in range(0, columns, LANES):
                take_away(held, j, parts, n * columns + j)
