"""What the spikes of one projection add to its targets' sums, in integers.

Pointers, not arrays: an array's index may be negative, which no loop over vectors asks for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from neuromorph.backends.fast.compiled import inner
from neuromorph.backends.fast.flat import EXPONENT, GRADED, HEIGHT, INTO, KIND, OFFSET, SPARSE, WIDE
from neuromorph.backends.fast.lanes import (
    INDEX,
    INT,
    LANES,
    SHORT,
    Code,
    Pointer,
    beyond,
    lanes,
)


@inner
def send(c: Any, wire: Any, at: int, count: int) -> None:
    """Add what one projection makes of some spikes, of which there is at least one.

    Parameters
    ----------
    c : engine.Clocked
    wire : pointer
        The projection's.
    at, count : int
        Where the spikes begin in ``c.who`` and ``c.what``, and how many there are.
    """
    kind, height, into = wire[KIND], wire[HEIGHT], beyond(c.arrived, wire[INTO])
    who = beyond(c.who, at)
    if kind >= WIDE:
        _send_wide(c, wire, kind - WIDE, who, beyond(c.what, at), count)
        _add(c.wide, into, height, wire[EXPONENT])
        return
    if kind == 0:
        _add_rows(beyond(c.narrow, wire[OFFSET]), who, count, c.sums, height)
    elif kind == 1:
        _add_rows(beyond(c.wider, wire[OFFSET]), who, count, c.sums, height)
    elif kind != SPARSE:
        _add_rows(beyond(c.learned, wire[OFFSET]), who, count, c.sums, height)
    else:
        for i in range(height):
            c.sums[i] = 0
        _scatter(c, beyond(c.starts, wire[OFFSET]), who, count)
    _add(c.sums, into, height, wire[EXPONENT])


@inner
def _send_wide(c: Any, wire: Any, kind: int, who: Any, what: Any, count: int) -> None:
    """The same in 64 bits, for payloads, and for sums that have no bound."""
    height, offset = wire[HEIGHT], wire[OFFSET]
    for i in range(height):
        c.wide[i] = 0
    for n in range(count):
        factor = what[n] if wire[GRADED] else 1
        row = offset + who[n] * height
        if kind == 0:
            _add_scaled(beyond(c.narrow, row), factor, c.wide, height)
        elif kind == 1:
            _add_scaled(beyond(c.wider, row), factor, c.wide, height)
        elif kind != SPARSE:
            _add_scaled(beyond(c.learned, row), factor, c.wide, height)
        else:
            starts = beyond(c.starts, offset + who[n])
            for k in range(starts[0], starts[1]):
                c.wide[c.targets[k]] += factor * c.weights[k]


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


@inner
def _add_rows(weights: Any, who: Any, count: int, sums: Any, height: int) -> None:
    """The sums of some rows, eight at a time: an eighth of the way to the sums and back.

    What is left over when a row is in whole vectors is added number by number.
    """
    whole = height - height % LANES
    for i in range(height):
        sums[i] = 0
    n = 0
    while n + 8 <= count:
        a, b, c, d = who[n] * height, who[n + 1] * height, who[n + 2] * height, who[n + 3] * height
        e, f = who[n + 4] * height, who[n + 5] * height
        g, h = who[n + 6] * height, who[n + 7] * height
        for i in range(0, whole, LANES):
            _add_eight(sums, i, weights, a, b, c, d, e, f, g, h)
        for i in range(whole, height):
            sums[i] += (weights[a + i] + weights[b + i] + weights[c + i] + weights[d + i]
                        + weights[e + i] + weights[f + i] + weights[g + i] + weights[h + i])
        n += 8
    while n + 2 <= count:
        a, b = who[n] * height, who[n + 1] * height
        for i in range(height):
            sums[i] += np.int16(weights[a + i] + weights[b + i])
        n += 2
    if n < count:
        a = who[n] * height
        for i in range(height):
            sums[i] += weights[a + i]


@lanes(at=INDEX)
def _fetch(code: Code, data: Pointer, at: Any) -> None:
    """Ask for what will soon be read: rows of sparse weights lie far apart."""
    place = code.builder.bitcast(data.address(at), ir.IntType(8).as_pointer())
    number = ir.IntType(32)
    how = (ir.Constant(number, n) for n in (0, 3, 1))  # to read, into all caches, data
    code.call("llvm.prefetch.p0", ir.VoidType(), place, *how)


@inner
def _scatter(c: Any, starts: Any, who: Any, count: int) -> None:
    """Add each sparse weight to its target's sum."""
    sums, targets, weights = c.sums, c.targets, c.weights
    for n in range(count):
        ahead = beyond(starts, who[min(n + 2, count - 1)])
        for k in range(ahead[0], ahead[1], 16):
            _fetch(targets, k)
            _fetch(weights, k)
        row = beyond(starts, who[n])
        for k in range(row[0], row[1]):
            sums[targets[k]] += weights[k]


@inner
def _add_scaled(weights: Any, factor: int, sums: Any, height: int) -> None:
    for i in range(height):
        sums[i] += factor * weights[i]


@inner
def _add(sums: Any, arrived: Any, height: int, exponent: int) -> None:
    """Move the sums by the exponent, and add them to what arrives."""
    if exponent >= 0:
        for i in range(height):
            arrived[i] += np.int64(sums[i]) << exponent
    else:
        for i in range(height):
            arrived[i] += np.int64(sums[i]) >> -exponent
