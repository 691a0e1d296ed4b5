"""All queries of all heads: scores and early keys in blocks of queries, the rest one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from neuromorph.backends.fast.closed_form import (
    early_keys,
    late_keys,
    late_spikes,
    scatter_graded,
    scatter_plain,
    settle,
    spill_all,
)
from neuromorph.backends.fast.compiled import compiled
from neuromorph.backends.fast.lanes import LANES, keep, start
from neuromorph.backends.fast.memory import scratch
from neuromorph.backends.fast.paired import attend_pairs
from neuromorph.backends.fast.scores import fill, hide, in_sight, products, span_of, tilt, without
from neuromorph.backends.fast.vectors import (
    FOUR,
    ROWS,
    STRIP,
    product_half,
    product_row_four,
    product_row_half,
    product_tile,
    spill,
    take,
)

BLOCK = 32
"""Queries that one task takes."""


@compiled(forceinline=True)
def _weighted(
    payloads: Any, a_at: int, rows: int, stride: int, table: Any, b_at: int, keys: int,
    columns: int, sums: Any,
) -> None:
    """sums[rows, columns] = payloads[rows, keys] values[keys, columns]."""
    whole, tiles = rows - rows % ROWS, columns - columns % STRIP
    for r in range(0, whole, ROWS):
        for j in range(0, tiles, STRIP):
            product_tile(payloads, a_at + r * stride, stride, table, b_at + j, columns, keys, sums,
                         r * columns + j, columns)
        for j in range(tiles, columns, LANES):
            product_half(payloads, a_at + r * stride, stride, table, b_at + j, columns, keys, sums,
                         r * columns + j, columns)
    fours = columns - columns % FOUR
    for r in range(whole, rows):
        for j in range(0, fours, FOUR):
            product_row_four(payloads, a_at + r * stride, stride, table, b_at + j, columns, keys,
                             sums, r * columns + j, columns)
        for j in range(fours, columns, LANES):
            product_row_half(payloads, a_at + r * stride, stride, table, b_at + j, columns, keys,
                             sums, r * columns + j, columns)


@compiled(forceinline=True)
def _tell(
    scores: Any, at: int, width: int, low: int, early: Any, graded: bool, which: Any, found: int,
    due: Any, payload: Any, cut: float, r: int, times: NDArray[np.int32],
    payloads: NDArray[np.int32],
) -> None:
    """When each key's spike came, -1 for none, and what it carried; 1 if all are plain."""
    for i in range(times.shape[1]):
        times[r, i], payloads[r, i] = -1, 0
    for i in range(width):
        if scores[at + i] <= cut:
            times[r, low + i] = 0
            payloads[r, low + i] = np.int32(early[at + i]) if graded else 1
    for j in range(found):
        times[r, low + which[j]] = due[j]
        payloads[r, low + which[j]] = payload[j] if graded else 1


def _graded(
    asked: Any, strips: Any, table: Any, sums: Any,  # noqa: ARG001 - `_plain` has them too
    sight: Any, mask: Any, bias: Any, spec: Any, control: Any, normaliser: Any, counts: Any,
    times: Any, payloads: Any,
) -> None:
    """A block of queries of graded spikes; its early keys are one product of matrices."""
    (rows, depth), (keys, columns), (low, width) = asked.shape, table.shape, span_of(sight)
    room, floats, ints = (spec.window + 1) * columns, np.empty(0, np.float32), np.empty(0, np.int32)
    held_by = (
        scratch(rows * width, floats), scratch(rows * width, floats), scratch(LANES, ints),
        scratch(rows * columns, floats), scratch(rows * columns, ints),
        scratch(width + LANES, ints), scratch(width + LANES, floats),
        scratch(width + LANES, ints), scratch(width + LANES, ints), scratch(room, floats),
        scratch(room, ints), np.zeros(spec.window + 1, np.int64), scratch(columns, ints))
    scores, early, lanes, part, whole = (
        start(held_by[0]), start(held_by[1]), start(held_by[2]), start(held_by[3]),
        start(held_by[4]))
    which, late, due, payload = (start(held_by[5]), start(held_by[6]), start(held_by[7]),
                                 start(held_by[8]))
    parts, wide, mass, held = (start(held_by[9]), start(held_by[10]), start(held_by[11]),
                               start(held_by[12]))
    early_mass, values = np.empty(rows, np.int64), start(table)
    products(start(asked), rows, depth, start(strips), low * depth, width, scores)
    for r in range(rows):
        tilt(scores, r * width, width, low, r, bias, spec.key_shift)
        counts[r, 1] = hide(scores, r * width, width, low, sight, r, mask)
        early_mass[r] = early_keys(scores, r * width, width, spec, early, lanes)

    begin, span = low * columns, min(width, keys - low)
    fill(whole, 0, rows * columns, 0)
    for k in range(0, span, spec.exact):
        _weighted(early, k, rows, width, values, begin + k * columns, min(spec.exact, span - k),
                  columns, part)
        for j in range(0, rows * columns, LANES):
            spill(whole, j, part, j)

    fill(parts, 0, room, 0)
    fill(wide, 0, room, 0)
    for r in range(rows):
        found = late_keys(scores, r * width, width, spec, which, late)
        counts[r, 2] = late_spikes(late, found, spec, due, payload)
        for k in range(0, found, spec.exact):
            scatter_graded(values, begin, which, due, payload, k, min(k + spec.exact, found),
                           columns, parts, mass)
            if found > spec.exact:
                spill_all(wide, parts, columns, mass, spec.window)
        mass[0] = early_mass[r]
        fill(held, 0, columns, 0)
        for j in range(0, columns, LANES):
            take(held, j, whole, r * columns + j, spec.left, spec.right)
        normaliser[r], counts[r, 0] = (
            settle(wide, mass, spec.unit, spec, held, columns) if found > spec.exact
            else settle(parts, mass, spec.unit, spec, held, columns))
        for j in range(columns):
            control[r, j] = held[j]
        if len(times):
            _tell(scores, r * width, width, low, early, True, which, found, due, payload, spec.cut,
                  r, times, payloads)
    keep(held_by)


def _plain(
    asked: Any, strips: Any, table: Any, sums: Any, sight: Any, mask: Any, bias: Any, spec: Any,
    control: Any, normaliser: Any, counts: Any, times: Any, payloads: Any,
) -> None:
    """A block of queries of plain spikes; its early keys are all but the late and the hidden."""
    (rows, depth), (_, columns), (low, width) = asked.shape, table.shape, span_of(sight)
    room, floats, ints = (spec.window + 1) * columns, np.empty(0, np.float32), np.empty(0, np.int32)
    held_by = (
        scratch(rows * width, floats), scratch(width + LANES, ints),
        scratch(width + LANES, floats), scratch(width + LANES, ints),
        scratch(room, np.empty(0, np.int16)), scratch(room, ints),
        np.zeros(spec.window + 1, np.int64), scratch(columns, ints))
    scores, which, late, due = (start(held_by[0]), start(held_by[1]), start(held_by[2]),
                                start(held_by[3]))
    parts, wide, mass, held = (start(held_by[4]), start(held_by[5]), start(held_by[6]),
                               start(held_by[7]))
    values, begin = start(table), low * columns
    products(start(asked), rows, depth, start(strips), low * depth, width, scores)
    fill(parts, 0, room, 0)
    fill(wide, 0, room, 0)
    for r in range(rows):
        tilt(scores, r * width, width, low, r, bias, spec.key_shift)
        seen = hide(scores, r * width, width, low, sight, r, mask)
        found = late_keys(scores, r * width, width, spec, which, late)
        counts[r, 1], counts[r, 2] = seen, late_spikes(late, found, spec, due, due)
        for k in range(0, found, spec.exact):
            scatter_plain(values, begin, which, due, k, min(k + spec.exact, found), columns,
                          parts, mass)
            if found > spec.exact:
                spill_all(wide, parts, columns, mass, spec.window)
        in_sight(sums, values, sight, r, mask, held, columns, 1)
        if found > spec.exact:
            without(held, wide, mass, columns, spec.window)
        else:
            without(held, parts, mass, columns, spec.window)
        mass[0] = seen - found
        for j in range(columns):
            held[j] = (held[j] << spec.left) >> spec.right
        normaliser[r], counts[r, 0] = (
            settle(wide, mass, spec.unit, spec, held, columns) if found > spec.exact
            else settle(parts, mass, spec.unit, spec, held, columns))
        for j in range(columns):
            control[r, j] = held[j]
        if len(times):
            _tell(scores, r * width, width, low, scores, False, which, found, due, due, spec.cut,
                  r, times, payloads)
    keep(held_by)


@compiled(forceinline=True)
def blocks_of(queries: int) -> int:
    """Tasks that the queries of one head are."""
    return (queries + BLOCK - 1) // BLOCK


@compiled(forceinline=True)
def task_of(task: int, queries: int) -> tuple[int, int, int]:
    """Row, first query and end of a task; late blocks, which see more, alternate with early."""
    blocks = blocks_of(queries)
    place = task % blocks
    block = blocks - 1 - place // 2 if place % 2 else place // 2
    return task // blocks, block * BLOCK, min(queries, (block + 1) * BLOCK)


def attend_block(*arguments: Any) -> None:
    """`_graded`, `_plain` or `attend_pairs`, as the values say; for compiled code only."""
    raise NotImplementedError


@overload(attend_block)
def _attend_block(  # the names are part of what is called
    asked: Any, strips: Any, table: Any, sums: Any,  # noqa: ARG001
    sight: Any, mask: Any, bias: Any, spec: Any, control: Any,  # noqa: ARG001
    normaliser: Any, counts: Any, times: Any, payloads: Any,  # noqa: ARG001
) -> Any:
    if table.ndim > 2:  # keys, neurons of a key, columns
        return attend_pairs
    return _graded if table.dtype == types.float32 else _plain


@compiled(nogil=True)
def attend_heads(
    first: int, stride: int, asked: NDArray[np.float32], strips: NDArray[np.float32],
    table: NDArray[Any], sums: NDArray[np.int32], kv_of: NDArray[np.int64],
    sight: NDArray[np.int64], mask: NDArray[np.bool_], bias: NDArray[np.int32], specs: Any,
    control: NDArray[np.int32], normaliser: NDArray[np.int64], counts: NDArray[np.int32],
    times: NDArray[np.int32], payloads: NDArray[np.int32],
) -> None:
    """Fill ``control``, ``normaliser`` and ``counts`` (last, spikes, forced) of all queries.

    Parameters
    ----------
    first, stride : the first of this thread's tasks, and how far it is to the next
    asked : codes of queries, shape (batch heads, queries, key_size)
    strips : codes of keys, 32 together, shape (batch kv_heads, strips, key_size, 32)
    table : codes of values, shape (batch kv_heads, keys, columns); float32 for graded spikes,
        int16 for plain ones, and (batch kv_heads, keys, neurons, columns) for `attend_pairs`
    sums : of the values of all keys before each, shape (batch kv_heads, keys + 1, columns); for
        plain spikes only
    kv_of : which keys and values a head uses, shape (heads,)
    sight : first and last key, and hidden ones between, shape (batch, queries, 3)
    mask : shape (batch, queries, keys); (1, 0, keys) where nothing is hidden between
    bias : added to scores, shape (batch heads, queries, keys); (1, 0, keys) where there is none
    specs : `SPEC` of each head
    times, payloads : shape (batch heads, queries, keys), or (1, 0, keys) if nobody wants them
    """
    rows, queries, heads = len(asked), asked.shape[1], len(specs)
    for task in range(first, rows * blocks_of(queries), stride):
        row, begin, stop = task_of(task, queries)
        some, b, head = slice(begin, stop), row // heads, row % heads
        kv, told = b * (len(strips) * heads // rows) + kv_of[head], row if times.shape[1] else 0
        attend_block(asked[row, some], strips[kv], table[kv], sums[kv if len(sums) > 1 else 0],
                     sight[b, some], mask[b if mask.shape[1] else 0, some],
                     bias[row if bias.shape[1] else 0, some], specs[head],
                     control[row, some], normaliser[row, some], counts[row, some],
                     times[told, some], payloads[told, some])
