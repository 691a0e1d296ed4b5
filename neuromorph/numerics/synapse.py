"""Dense synapses: spikes in, synaptic input out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.numerics import shift
from neuromorph.shapes import Float64, Int64, Integer, Num, Shaped

BLOCK = 1 << 18
"""Numbers of a matrix that are copied at once."""

FEW = 3
"""One axon in so many, or fewer, are few."""

EXACT = 1 << 53
"""Whole numbers below it are floats."""


def accumulate_fixed(
    weights: Annotated[Integer, "post pre"], spikes: Annotated[Shaped, "pre"], *, exponent: int,
    graded: bool,
) -> Annotated[Int64, "post"]:
    """(sum_j weights[:, j] * s_j) << exponent; s_j is 1 for any plain spike.

    Parameters
    ----------
    weights : integer array, shape (post, pre)
    spikes : integer array, shape (pre,)
        Payloads, or anything non-zero for a plain spike.
    exponent : int
        Shift of the sum; negative rounds towards minus infinity.
    graded : bool
        Whether payloads count.
    """
    sent = spikes.astype(np.int64) if graded else (spikes != 0).astype(np.int64)
    spoke = np.flatnonzero(sent)
    total = np.zeros(len(weights), np.int64)
    # Picking columns out takes longer than a product does: only where few have spoken.
    few = spoke.size * FEW < sent.size
    heard = sent[spoke] if few else sent
    for rows in blocks(len(weights), heard.size) if spoke.size else ():
        total[rows] = _product(weights[rows, spoke] if few else weights[rows], heard)
    return shift(total, exponent)


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Rows of a matrix, so many at a time that a copy of them in 8 bytes stays small."""
    step = max(1, BLOCK // max(1, columns))
    return (slice(first, first + step) for first in range(0, rows, step))


def extent(weights: Annotated[Integer, "post pre"]) -> tuple[int, int, int]:
    """The least and the largest of some integers, and `bits_of` them, in one pass.

    Parameters
    ----------
    weights : integer array, shape (post, pre)
        Not empty.
    """
    weights = weights.T if weights.flags.f_contiguous else weights  # as it lies in memory
    found = [(int(part.min()), int(part.max()), bits_of(part))
             for part in (weights[rows] for rows in blocks(*weights.shape))]
    low, high, bits = zip(*found, strict=True)
    return min(low), max(high), reduce(or_, bits)


def bits_of(weights: Annotated[Integer, "..."]) -> int:
    """All integers or-ed: a low bit is 0 if none has it. Nothing is copied."""
    return int(np.bitwise_or.reduce(weights, axis=None))


def _product(weights: NDArray[Any], sent: NDArray[np.int64]) -> NDArray[np.int64]:
    """weights @ sent, in floats where no sum on the way can round: they have a fast product."""
    most = max(-int(weights.min()), int(weights.max())) * int(np.abs(sent).sum())
    if most < EXACT:
        return (weights.astype(np.float64) @ sent.astype(np.float64)).astype(np.int64)
    exact: NDArray[np.int64] = weights.astype(np.int64) @ sent
    return exact


def accumulate_float(
    weights: Annotated[Num, "post pre"], spikes: Annotated[Shaped, "pre"], *, graded: bool
) -> Annotated[Float64, "post"]:
    """sum_j weights[:, j] * s_j."""
    sent = spikes if graded else (spikes != 0)
    result: NDArray[np.float64] = weights.astype(np.float64) @ sent.astype(np.float64)
    return result
