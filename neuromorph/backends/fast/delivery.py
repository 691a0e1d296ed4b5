"""What the spikes of one projection add to its targets' sums, in integers.

Pointers, not arrays: an array's index may be negative, which no loop over vectors asks for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled
from neuromorph.backends.fast.flat import EXPONENT, GRADED, HEIGHT, INTO, KIND, OFFSET, SPARSE, WIDE
from neuromorph.backends.fast.lanes import (
    INDEX,
    INT,
    LANES,
    SHORT,
    Code,
    Pointer,
    keep,
    lanes,
    start,
)


@compiled
def send(
    p: NDArray[np.int64], stores: Any, rows: Any, who: NDArray[np.int32], what: NDArray[np.int64],
    at: int, count: int, sums: NDArray[np.int32], wide: NDArray[np.int64],
    arrived: NDArray[np.int64],
) -> None:
    """Add what one projection makes of some spikes, of which there is at least one.

    Parameters
    ----------
    p : int array
        The projection's wire.
    who, what : int array
        Neurons of its presynaptic population, and their payloads.
    at, count : int
        Where the spikes begin in these, and how many there are.
    sums, wide : int array
        Room for as many sums as there are neurons.
    arrived : int array
    """
    kind = p[KIND]
    if kind >= WIDE:
        _send_wide(p, kind - WIDE, stores, rows, who, what, at, count, wide)
        _add(start(wide), start(arrived), p[INTO], p[HEIGHT], p[EXPONENT])
    else:
        if kind == 0:
            _add_rows(start(stores[0]), p[OFFSET], start(who), at, count, start(sums), p[HEIGHT])
        elif kind == 1:
            _add_rows(start(stores[1]), p[OFFSET], start(who), at, count, start(sums), p[HEIGHT])
        elif kind != SPARSE:
            _add_rows(start(stores[2]), p[OFFSET], start(who), at, count, start(sums), p[HEIGHT])
        else:
            sums[: p[HEIGHT]] = 0
            _scatter(p, rows, who, at, count, start(sums))
        _add(start(sums), start(arrived), p[INTO], p[HEIGHT], p[EXPONENT])
    keep(stores[0])
    keep(stores[1])
    keep(stores[2])
    keep(who)
    keep(sums)
    keep(wide)
    keep(arrived)


@compiled
def _send_wide(
    p: NDArray[np.int64], kind: int, stores: Any, rows: Any, who: NDArray[np.int32],
    what: NDArray[np.int64], at: int, count: int, wide: NDArray[np.int64],
) -> None:
    """The same in 64 bits, for payloads, and for sums that have no bound."""
    wide[: p[HEIGHT]] = 0
    into = start(wide)
    for n in range(at, at + count):
        factor = what[n] if p[GRADED] else 1
        row = p[OFFSET] + who[n] * p[HEIGHT]
        if kind == 0:
            _add_scaled(start(stores[0]), row, factor, into, p[HEIGHT])
        elif kind == 1:
            _add_scaled(start(stores[1]), row, factor, into, p[HEIGHT])
        elif kind == SPARSE:
            _scatter_scaled(p, rows, who[n], factor, into)
        else:
            _add_scaled(start(stores[2]), row, factor, into, p[HEIGHT])
    keep(stores[0])
    keep(stores[1])
    keep(stores[2])
    keep(wide)


@lanes(i=INDEX, **dict.fromkeys("abcdefgh", INDEX))
def _add_eight(
    code: Code, sums: Pointer, i: Any, weights: Pointer, a: Any, b: Any, c: Any, d: Any, e: Any,
    f: Any, g: Any, h: Any,
) -> None:
    """Add sixteen columns of eight rows, in 16 bits: those hold eight weights of ten."""
    rows = (a, b, c, d, e, f, g, h)
    total = weights[code.builder.add(rows[0], i)].to(SHORT)
    for row in rows[1:]:
        total = total + weights[code.builder.add(row, i)].to(SHORT)
    sums[i] = sums[i] + total.to(INT)


@compiled
def _add_rows(
    weights: Any, offset: int, who: Any, at: int, count: int, sums: Any, height: int
) -> None:
    """The sums of some rows, eight at a time: an eighth of the way to the sums and back.

    What is left over when a row is in whole vectors is added number by number.
    """
    whole = height - height % LANES
    for i in range(height):
        sums[i] = 0
    n, end = at, at + count
    while n + 8 <= end:
        a, b = offset + who[n] * height, offset + who[n + 1] * height
        c, d = offset + who[n + 2] * height, offset + who[n + 3] * height
        e, f = offset + who[n + 4] * height, offset + who[n + 5] * height
        g, h = offset + who[n + 6] * height, offset + who[n + 7] * height
        for i in range(0, whole, LANES):
            _add_eight(sums, i, weights, a, b, c, d, e, f, g, h)
        for i in range(whole, height):
            sums[i] += (weights[a + i] + weights[b + i] + weights[c + i] + weights[d + i]
                        + weights[e + i] + weights[f + i] + weights[g + i] + weights[h + i])
        n += 8
    while n + 2 <= end:
        a, b = offset + who[n] * height, offset + who[n + 1] * height
        for i in range(height):
            sums[i] += np.int16(weights[a + i] + weights[b + i])
        n += 2
    if n < end:
        a = offset + who[n] * height
        for i in range(height):
            sums[i] += weights[a + i]


@lanes(at=INDEX)
def _fetch(code: Code, data: Pointer, at: Any) -> None:
    """Ask for what will soon be read: rows of sparse weights lie far apart."""
    place = code.builder.bitcast(data.address(at), ir.IntType(8).as_pointer())
    number = ir.IntType(32)
    how = (ir.Constant(number, n) for n in (0, 3, 1))  # to read, into all caches, data
    code.call("llvm.prefetch.p0", ir.VoidType(), place, *how)


@compiled
def _scatter(
    p: NDArray[np.int64], rows: Any, who: NDArray[np.int32], at: int, count: int, sums: Any
) -> None:
    """Add each sparse weight to its target's sum."""
    starts, targets, weights = start(rows.starts), start(rows.targets), start(rows.weights)
    for n in range(at, at + count):
        row = p[OFFSET] + who[n]
        ahead = p[OFFSET] + who[min(n + 2, at + count - 1)]
        for k in range(starts[ahead], starts[ahead + 1], 16):
            _fetch(targets, k)
            _fetch(weights, k)
        for k in range(starts[row], starts[row + 1]):
            sums[targets[k]] += weights[k]
    keep(rows.starts)
    keep(rows.targets)
    keep(rows.weights)


@compiled
def _scatter_scaled(
    p: NDArray[np.int64], rows: Any, neuron: int, factor: int, sums: Any
) -> None:
    row = p[OFFSET] + neuron
    for k in range(rows.starts[row], rows.starts[row + 1]):
        sums[rows.targets[k]] += factor * rows.weights[k]


@compiled
def _add_scaled(weights: Any, row: int, factor: int, sums: Any, height: int) -> None:
    for i in range(height):
        sums[i] += factor * weights[row + i]


@compiled
def _add(sums: Any, arrived: Any, into: int, height: int, exponent: int) -> None:
    """Move the sums by the exponent, and add them to what arrives."""
    if exponent >= 0:
        for i in range(height):
            arrived[into + i] += np.int64(sums[i]) << exponent
    else:
        for i in range(height):
            arrived[into + i] += np.int64(sums[i]) >> -exponent
