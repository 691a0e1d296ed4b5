"""A layer of attention from floats to floats in one compiled pass.

Keys and values are coded first; then each task codes a block of queries, lets them attend, and
decodes the answers. The numbers are those of `LayerCode` and of the integer door, to the bit.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import from_dtype, types
from numpy.typing import NDArray

from neuromorph.backends.attention import check_shapes
from neuromorph.backends.fast.attention import aligned, padded, specs_of, sums_of
from neuromorph.backends.fast.closed_form import SPEC
from neuromorph.backends.fast.compiled import compiled
from neuromorph.backends.fast.encode import WRONG, decode_row, encode_row
from neuromorph.backends.fast.kernel import attend_block, blocks_of, task_of
from neuromorph.backends.fast.lanes import LANES
from neuromorph.backends.fast.threads import share, threads_for
from neuromorph.backends.fast.vectors import STRIP
from neuromorph.backends.floats import FloatAnswer, FloatWork, Scales

TABLES = {"graded": types.float32, "plain": types.int16}
"""Types that values add up in."""

COUNTS = 8
"""Numbers that a thread counts in, a whole cache line: clips, spikes and forced ones."""


@compiled(forceinline=True)
def _place(array: NDArray[np.float32], b: int, head: int, token: int) -> int:
    """Where a row of numbers begins, counted in numbers from the first."""
    strides = array.strides
    return (b * strides[0] + head * strides[1] + token * strides[2]) // 4


@compiled(forceinline=True)
def _code_keys(
    keys: NDArray[np.float32], b: int, kv: int, begin: int, code: Any, limit: int,
    strip: NDArray[np.float32],
) -> int:
    """Code up to 32 keys, which stand side by side in a strip (size, 32); what was counted."""
    centre, scale, inverse = code
    size, found = len(strip), 0
    codes = np.empty(size, np.float32)
    for token in range(begin, min(begin + STRIP, keys.shape[2])):
        found += encode_row(keys, _place(keys, b, kv, token), np.float32(1), centre[kv],
                            scale[kv], inverse[kv], limit, codes, 0)
        for j in range(size):
            strip[j, token - begin] = codes[j]
    return found


@compiled(forceinline=True)
def _code_values(
    values: NDArray[np.float32], b: int, kv: int, begin: int, code: Any, limit: int,
    table: NDArray[Any],
) -> int:
    """Code up to 32 values into their rows of a table (keys, columns); what was counted."""
    centre, scale, inverse = code
    size, found = values.shape[3], 0
    codes = np.empty(size, np.float32)
    for token in range(begin, min(begin + STRIP, values.shape[2])):
        found += encode_row(values, _place(values, b, kv, token), np.float32(1), centre[kv],
                            scale[kv], inverse[kv], limit, codes, 0)
        for j in range(size):
            table[token, j] = codes[j]
    return found


@compiled(forceinline=True)
def _code_queries(
    queries: NDArray[np.float32], b: int, head: int, begin: int, factor: float, code: Any,
    limit: int, asked: NDArray[np.float32],
) -> int:
    """Code some queries of a head; what was counted."""
    centre, scale, inverse = code
    found, flat = 0, asked.ravel()
    for r in range(len(asked)):
        found += encode_row(queries, _place(queries, b, head, begin + r), factor, centre[head],
                            scale[head], inverse[head], limit, flat, r * asked.shape[1])
    return found


@compiled(forceinline=True)
def _decode(
    control: NDArray[np.int32], normaliser: NDArray[np.int64], counts: NDArray[np.int32],
    unit: int, scale: NDArray[np.float32], centre: NDArray[np.float32],
    context: NDArray[np.float32], at: int, stride: int,
) -> tuple[int, int]:
    """Write a block of answers; how many spikes there were, and how many were forced."""
    spikes, forced, flat = 0, 0, control.ravel()
    for r in range(len(control)):
        decode_row(flat, r * control.shape[1], normaliser[r], counts[r, 1], unit / 2, scale,
                   centre, context, at + r * stride)
        spikes += counts[r, 1]
        forced += counts[r, 2]
    return spikes, forced


def _store(
    first: int, stride: int, keys: NDArray[np.float32], values: NDArray[np.float32], key_code: Any,
    value_code: Any, limits: Any, strips: NDArray[np.float32], table: NDArray[Any],
    counted: NDArray[np.int64],
) -> None:
    """Code keys and values, one strip of a head a task, as `attend_heads` reads them.

    Parameters
    ----------
    first, stride : the first of this thread's tasks, and how far it is to the next
    keys, values : see `FloatWork`
    key_code, value_code : centre, scale and one over it, shape (kv_heads, size) each
    limits : largest query, key and value code
    strips, table : see `attend_heads`; written
    counted : where this thread adds how many were clipped
    """
    kv_heads, pieces = keys.shape[1], strips.shape[1]
    for task in range(first, len(strips) * pieces, stride):
        row, piece = task // pieces, task % pieces
        b, kv, begin = row // kv_heads, row % kv_heads, piece * STRIP
        counted[0] += _code_keys(keys, b, kv, begin, key_code, limits[1], strips[row, piece])
        counted[0] += _code_values(values, b, kv, begin, value_code, limits[2], table[row])


def _answer(
    first: int, stride: int, queries: NDArray[np.float32], factor: float, query_code: Any,
    answers: Any, limits: Any, kv_of: NDArray[np.int64], sight: NDArray[np.int64],
    mask: NDArray[np.bool_], specs: Any, strips: NDArray[np.float32], table: NDArray[Any],
    sums: NDArray[np.int32], context: NDArray[np.float32], counted: NDArray[np.int64],
) -> None:
    """Fill ``context`` (batch, queries, heads, value_size), one block of queries a task.

    Parameters
    ----------
    queries, factor : see `FloatWork`
    query_code : centre, scale and one over it, shape (heads, key_size) each
    answers : scale and centre of values in float32, shape (kv_heads, value_size) each
    counted : where this thread adds clips, spikes and forced ones
    """
    batch, heads, asked, size = queries.shape
    kv_heads, columns, flat = len(strips) // max(batch, 1), context.shape[3], context.ravel()
    nobody = np.empty((0, 0), np.int32)
    for task in range(first, batch * heads * blocks_of(asked), stride):
        row, begin, stop = task_of(task, asked)
        b, head, some = row // heads, row % heads, slice(begin, stop)
        kv = b * kv_heads + kv_of[head]
        codes = np.empty((stop - begin, size), np.float32)
        control = np.empty((stop - begin, table.shape[2]), np.int32)
        normaliser = np.empty(stop - begin, np.int64)
        counts = np.empty((stop - begin, 3), np.int32)
        counted[0] += _code_queries(queries, b, head, begin, factor, query_code, limits[0], codes)
        attend_block(codes, strips[kv], table[kv], sums[kv if len(sums) > 1 else 0],
                     sight[b, some], mask[b if mask.shape[1] else 0, some], specs[head], control,
                     normaliser, counts, nobody, nobody)
        spikes, forced = _decode(
            control, normaliser, counts, specs[head].unit, answers[0][kv_of[head]],
            answers[1][kv_of[head]], flat, ((b * asked + begin) * heads + head) * columns,
            heads * columns)
        counted[1] += spikes
        counted[2] += forced


@cache
def compiled_layer(kind: str) -> tuple[Any, Any]:
    """Both passes for a kind of spikes; arrays that come from elsewhere may have any strides."""
    floats = types.Array(types.float32, 4, "A", readonly=True)
    code, table = types.UniTuple(types.float64[:, ::1], 3), TABLES[kind][:, :, ::1]
    strips, limits = types.float32[:, :, :, ::1], types.UniTuple(types.int64, 3)
    store = types.void(types.intp, types.intp, floats, floats, code, code, limits, strips, table,
                       types.int64[::1])
    answer = types.void(
        types.intp, types.intp, floats, types.float32, code,
        types.UniTuple(types.float32[:, ::1], 2), limits, types.int64[::1],
        types.int64[:, :, ::1], types.boolean[:, :, ::1], from_dtype(SPEC)[::1], strips, table,
        types.int32[:, :, ::1], types.float32[:, :, :, ::1], types.int64[::1])
    return (compiled(_store, name=f"store_{kind}", signature=store, nogil=True),
            compiled(_answer, name=f"answer_{kind}", signature=answer, nogil=True))


class FastLayer:
    """One layer's codes, ready for floats.

    Parameters
    ----------
    scales : Scales

    Raises
    ------
    RangeProofError
        If an accumulator could overflow, or a score is too large for a float32.
    """

    def __init__(self, scales: Scales) -> None:
        head, self.heads = scales.heads[0], scales.heads
        self.graded, self.value_size = head.graded, head.value_size
        self.specs = specs_of(scales.heads)
        self.limits = head.query_limit, head.key_limit, head.value_limit
        self.kv_of = np.arange(len(scales.heads)) * len(scales.key_scale) // len(scales.heads)
        self.codes = [_code(centre, scale) for centre, scale in (
            (None, scales.query_scale), (scales.key_centre, scales.key_scale),
            (scales.value_centre, scales.value_scale))]
        self.answers = tuple(np.ascontiguousarray(array, np.float32)
                             for array in (scales.value_scale, scales.value_centre))

    def __call__(self, work: FloatWork) -> FloatAnswer | None:
        """See `FloatLayer`; None for float64 too, of which no code would be the same."""
        check_shapes(self.heads, work.queries.shape, work.keys.shape, work.values.shape,
                     work.sight.mask.shape)
        arrays = [_rows(array) for array in (work.queries, work.keys, work.values)]
        if any(array.dtype != np.float32 for array in arrays):
            return None
        queries, keys, values = arrays
        (batch, heads, asked, size), count = queries.shape, keys.shape[2]
        rows = batch * keys.shape[1]
        strips = aligned((rows, padded(count, STRIP) // STRIP, size, STRIP), np.float32)
        columns = padded(self.value_size, LANES)
        table = aligned((rows, count, columns), np.float32 if self.graded else np.int16)
        context = np.empty((batch, asked, heads, self.value_size), np.float32)
        store, answer = compiled_layer("graded" if self.graded else "plain")
        threads = threads_for(batch * heads * asked * count)
        counted = np.zeros((threads, COUNTS), np.int64)
        share(store, threads, keys, values, *self.codes[1:], self.limits, strips, table,
              each=counted)
        share(answer, threads, queries, np.float32(work.scale), self.codes[0], self.answers,
              self.limits, self.kv_of, work.sight.spans, work.sight.between, self.specs, strips,
              table, sums_of(table, self.graded), context, each=counted)
        clipped, spikes, forced, *_ = counted.sum(axis=0).tolist()
        if clipped >> WRONG:
            return None
        return FloatAnswer(context.transpose(0, 2, 1, 3), spikes, forced, clipped)


def _rows(array: NDArray[Any]) -> NDArray[Any]:
    """The array, of which each row of numbers is in one piece."""
    return array if array.strides[3] == array.itemsize else np.ascontiguousarray(array)


def _code(centre: NDArray[np.float64] | None, scale: NDArray[np.float64]) -> Any:
    """Centre, scale and one over it."""
    middle = np.zeros_like(scale) if centre is None else centre
    return tuple(np.ascontiguousarray(a, np.float64) for a in (middle, scale, 1 / scale))
