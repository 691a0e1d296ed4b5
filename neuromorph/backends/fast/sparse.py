"""The few weights that are not 0, by presynaptic neuron, out of a matrix of which most are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled
from neuromorph.backends.fast.lanes import Code, lanes
from neuromorph.numerics.synapse import blocks

WORD = 8
"""Bytes that are looked at together."""


class Rows(NamedTuple):
    """Sparse weights by presynaptic neuron: where each one's begin, whom they reach, how."""

    starts: NDArray[np.int64]
    targets: NDArray[np.int32]
    weights: NDArray[np.int16]


class RowsMaker:
    """Collects the sparse weights of one projection after the other."""

    def __init__(self) -> None:
        self.parts: list[Rows] = []
        self.starts = self.synapses = 0

    def add(self, weights: NDArray[Any]) -> int:
        """Take one projection's, shape (post, pre); where its starts begin."""
        width, scan = weights.shape[1], scanner()
        nothing = np.zeros(0, np.int32), np.zeros(0, np.int16)
        counts = np.zeros(width, np.int64)
        for first, words in _words(weights):
            scan(words, first, *_layout(weights), width, counts, *nothing, False)
        starts = np.concatenate([[0], np.cumsum(counts)])
        made = Rows(self.synapses + starts, np.empty(starts[-1], np.int32),
                    np.empty(starts[-1], np.int16))
        places = starts[:-1].copy()
        for first, words in _words(weights):
            scan(words, first, *_layout(weights), width, places, made.targets, made.weights, True)
        self.parts.append(made)
        offset, self.starts = self.starts, self.starts + len(starts)
        self.synapses += int(starts[-1])
        return offset

    def made(self) -> Rows:
        """All of them, one after the other."""
        empty = Rows(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int16))
        return Rows(*(np.concatenate(parts) for parts in zip(empty, *self.parts, strict=True)))


def _words(weights: NDArray[Any]) -> Iterator[tuple[int, NDArray[np.uint64]]]:
    """Some rows at a time as words of 64 bits, with the number of the first weight in each.

    A matrix in one piece is not copied.
    """
    height, width = weights.shape
    native = weights.dtype.newbyteorder("=")
    for rows in blocks(height, width):
        piece = np.ascontiguousarray(weights[rows], native).reshape(-1).view(np.uint8)
        first, whole = rows.start * width, len(piece) - len(piece) % WORD
        words = piece[:whole].view(np.uint64)
        yield first, words if words.flags.aligned else words.copy()
        if whole < len(piece):
            last = np.zeros(WORD, np.uint8)
            last[: len(piece) - whole] = piece[whole:]
            yield first + whole // native.itemsize, last.view(np.uint64)


def _layout(weights: NDArray[Any]) -> tuple[int, bool]:
    """Bits of a weight, and whether one of them is a sign."""
    return 8 * weights.dtype.itemsize, weights.dtype.kind == "i"


@lanes(types.int64, word=types.int64)
def _lowest(code: Code, word: Any) -> Any:
    """The place of a word's lowest bit that is 1; there is one."""
    return code.call("llvm.cttz.i64", ir.IntType(64), word, ir.Constant(ir.IntType(1), 1))


def _scan(
    words: NDArray[np.uint64], first: int, bits: int, signed: bool, width: int,
    places: NDArray[np.int64], targets: NDArray[np.int32], weights: NDArray[np.int16], write: bool,
) -> None:
    """Count the weights of each presynaptic neuron, or write them where its place is.

    Parameters
    ----------
    words : array
        Weights, row by row, of which one has so many ``bits``; the lowest come first.
    first : int
        Number of the first one in the matrix.
    width : int
        Presynaptic neurons.
    places : array, shape (width,)
        Counts, or where the next weight goes; raised by 1 for each.
    targets, weights : array
    write : bool
    """
    each, mask = 64 // bits, np.uint64(2**64 - 1) >> np.uint64(64 - bits)
    i, row = first // width, first // width * width
    for k in range(len(words)):
        word = words[k]
        while word != 0:
            e = _lowest(np.int64(word)) // bits
            value = word >> np.uint64(bits * e)
            word &= ~(mask << np.uint64(bits * e))
            n = first + k * each + e
            while n >= row + width:
                i, row = i + 1, row + width
            if write:
                targets[places[n - row]] = i
                top = np.int64(value << np.uint64(64 - bits))
                weights[places[n - row]] = top >> (64 - bits) if signed else np.int64(value & mask)
            places[n - row] += 1


@cache
def scanner() -> Any:
    """`_scan`, compiled when there is anything sparse."""
    words = types.Array(types.uint64, 1, "C", readonly=True)
    return compiled(_scan, signature=types.void(
        words, types.int64, types.int64, types.boolean, types.int64, types.int64[::1],
        types.int32[::1], types.int16[::1], types.boolean), error_model="numpy")
