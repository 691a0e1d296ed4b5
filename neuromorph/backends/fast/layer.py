"""A layer of attention from floats to floats in one compiled pass.

Keys and values are coded first; then each task codes a block of queries, lets them attend, and
decodes the answers. The numbers are those of `LayerCode` and of the integer door, to the bit.
"""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import Any

import numpy as np
from numba import from_dtype, types
from numpy.typing import NDArray

from neuromorph.backends.attention import check_shapes
from neuromorph.backends.fast.attention import specs_of
from neuromorph.backends.fast.closed_form import SPEC, is_flat
from neuromorph.backends.fast.compiled import compiled
from neuromorph.backends.fast.encode import decode_row, encode_row
from neuromorph.backends.fast.kernel import attend_block, blocks_of, task_of
from neuromorph.backends.fast.memory import padded
from neuromorph.backends.fast.stored import (
    CODE,
    COUNTS,
    FLOATS,
    LIMITS,
    TABLES,
    Stored,
    count,
    kind_of,
    place,
)
from neuromorph.backends.fast.threads import share, threads_for
from neuromorph.backends.fast.vectors import STRIP
from neuromorph.backends.floats import FloatAnswer, FloatWork, Scales
from neuromorph.circuits.latency_attention.pair import share_of

GROWING = 8
"""Keys a query from which on they are taken for a text that grows, and their codes kept."""


@compiled(forceinline=True)
def _code_queries(
    queries: NDArray[np.float32], b: int, head: int, begin: int, factor: float, code: Any,
    limit: int, asked: NDArray[np.float32],
) -> int:
    """Code some queries of a head; what was counted."""
    found, flat = 0, asked.ravel()
    for r in range(len(asked)):
        found += encode_row(queries, place(queries, b, head, begin + r), factor, code, head, limit,
                            flat, r * asked.shape[1])
    return found


@compiled(forceinline=True)
def _decode(
    control: NDArray[np.int32], normaliser: NDArray[np.int64], counts: NDArray[np.int32],
    spec: Any, answers: Any, kv: int, context: NDArray[np.float32], at: int, stride: int,
) -> tuple[int, int, int]:
    """Write a block of answers; spikes, those that were forced, and queries that are flat."""
    spikes, forced, level, flat = 0, 0, 0, control.ravel()
    for r in range(len(control)):
        decode_row(flat, r * control.shape[1], normaliser[r], counts[r, 1], spec.unit / 2, answers,
                   kv, context, at + r * stride)
        spikes += counts[r, 1]
        forced += counts[r, 2]
        level += is_flat(normaliser[r], counts[r, 0], counts[r, 1], spec)
    return spikes, forced, level


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
    counted : where this thread adds clips, numbers that are not finite, spikes, forced ones
        and flat queries
    """
    batch, heads, asked, size = queries.shape
    kv_heads, columns, flat = len(strips) // max(batch, 1), context.shape[3], context.ravel()
    nobody, unbiased = np.empty((0, 0), np.int32), np.empty((0, 0), np.int32)
    for task in range(first, batch * heads * blocks_of(asked), stride):
        row, begin, stop = task_of(task, asked)
        b, head, some = row // heads, row % heads, slice(begin, stop)
        kv = b * kv_heads + kv_of[head]
        codes = np.empty((stop - begin, size), np.float32)
        control = np.empty((stop - begin, sums.shape[2]), np.int32)
        normaliser = np.empty(stop - begin, np.int64)
        counts = np.empty((stop - begin, 3), np.int32)
        count(counted, _code_queries(queries, b, head, begin, factor, query_code, limits[0], codes))
        attend_block(codes, strips[kv], table[kv], sums[kv if len(sums) > 1 else 0],
                     sight[b, some], mask[b if mask.shape[1] else 0, some], unbiased, specs[head],
                     control, normaliser, counts, nobody, nobody)
        spikes, forced, level = _decode(
            control, normaliser, counts, specs[head], answers, kv_of[head], flat,
            ((b * asked + begin) * heads + head) * columns, heads * columns)
        counted[2] += spikes
        counted[3] += forced
        counted[4] += level


@cache
def answer_of(kind: str) -> Any:
    """The pass over all queries, compiled for a kind of spikes."""
    return compiled(_answer, name=f"answer_{kind}", nogil=True, signature=types.void(
        types.intp, types.intp, FLOATS, types.float32, CODE,
        types.UniTuple(types.float32[:, ::1], 2), LIMITS,
        types.int64[::1], types.int64[:, :, ::1], types.boolean[:, :, ::1],
        from_dtype(SPEC)[::1], types.float32[:, :, :, ::1], TABLES[kind],
        types.int32[:, :, ::1], types.float32[:, :, :, ::1], types.int64[::1]))


class FastLayer:
    """One layer's codes, ready for floats.

    Parameters
    ----------
    scales : Scales

    Attributes
    ----------
    kept : deque of Stored
        Codes of a text that grows, until somebody works on them; at most one.

    Raises
    ------
    RangeProofError
        If an accumulator could overflow, or a score is too large for a float32.
    """

    def __init__(self, scales: Scales) -> None:
        self.heads = scales.heads
        self.kind = kind_of(scales.shared)
        self.specs = specs_of(scales.heads)
        self.neurons = scales.shared.neurons_per_key
        self.limits = (*scales.shared.limits, share_of(scales.shared.control_decay, self.neurons))
        self.kv_of = np.arange(len(scales.heads)) * len(scales.key_scale) // len(scales.heads)
        self.codes = [_code(centre, scale) for centre, scale in (
            (None, scales.query_scale), (scales.key_centre, scales.key_scale),
            (scales.value_centre, scales.value_scale))]
        self.answers = tuple(np.ascontiguousarray(array, np.float32)
                             for array in (scales.value_scale, scales.value_centre))
        self.kept: deque[Stored] = deque(maxlen=1)

    def __call__(self, work: FloatWork) -> FloatAnswer | None:
        """See `FloatLayer`."""
        check_shapes(self.heads, work.queries.shape, work.keys.shape, work.values.shape,
                     work.sight.mask.shape)
        arrays = [_rows(array) for array in (work.queries, work.keys, work.values)]
        if (work.sight.mask.dtype != np.bool_ or work.bias is not None
                or any(array.dtype != np.float32 for array in arrays)):
            return None
        queries, keys, values = arrays
        batch, heads, asked, _ = queries.shape
        threads = threads_for(batch * heads * asked * keys.shape[2])
        stored = self._stored(keys, values, asked, threads)
        context = np.empty((batch, asked, heads, values.shape[3]), np.float32)
        counted = np.zeros((threads, COUNTS), np.int64)
        share(answer_of(self.kind), threads, queries, np.float32(work.scale), self.codes[0],
              self.answers, self.limits, self.kv_of, work.sight.spans, work.sight.between,
              self.specs, stored.strips, stored.table, stored.sums, context, each=counted)
        clipped, wrong, spikes, forced, flat, *_ = map(sum, zip(*counted.tolist(), strict=True))
        if wrong or stored.wrong:
            return None
        if stored.kept:
            self.kept.append(stored)
        return FloatAnswer(context.transpose(0, 2, 1, 3), spikes, forced,
                           clipped + stored.clipped, flat)

    def _stored(
        self, keys: NDArray[np.float32], values: NDArray[np.float32], asked: int, threads: int
    ) -> Stored:
        """Codes of keys and values; of a text that grows, only the new ones are made.

        What is kept is taken out, so that no other Python thread adds to it meanwhile.
        """
        tokens, kept = keys.shape[2], asked * GROWING <= keys.shape[2]
        try:
            last = self.kept.pop()
        except IndexError:
            last = None
        stored = last if kept and last and last.follows(keys, values) else Stored(
            self.kind, (keys.shape[0], keys.shape[1], keys.shape[3], values.shape[3]),
            padded(tokens + tokens // 4 + 1, STRIP) if kept else tokens, kept=kept,
            neurons=self.neurons)
        stored.add(keys, values, self.codes[1:], self.limits, threads)
        return stored


def _rows(array: NDArray[Any]) -> NDArray[Any]:
    """The array, of which each row of numbers is in one piece."""
    return array if array.strides[3] == array.itemsize else np.ascontiguousarray(array)


def _code(centre: NDArray[np.float64] | None, scale: NDArray[np.float64]) -> Any:
    """Centre, scale and one over it."""
    middle = np.zeros_like(scale) if centre is None else centre
    return tuple(np.ascontiguousarray(a, np.float64) for a in (middle, scale, 1 / scale))
