"""Batches of attention in closed form: exact scores by BLAS, the rest by the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.attention import AttentionBatch
from neuromorph.backends.fast.closed_form import (
    EXACT_FLOAT32,
    SPEC,
    attend_parallel,
    attend_serial,
    spec_of,
)
from neuromorph.circuits.latency_attention import Attended, prove_ranges
from neuromorph.errors import RangeProofError

SCORE_BYTES = 1 << 26
"""Scores held at once; more heads than fit are taken in turns."""

PARALLEL_FROM = 1 << 18
"""Pairs of query and key, over all heads, from which threads pay for themselves."""

SCORE_BLOCK = 128
"""Queries whose scores are computed at once."""

LANES = 16
"""Columns are padded to whole vector registers."""


def attend_closed_form(work: AttentionBatch, times: bool = False) -> Attended:
    """All queries of all heads; equal to the clocked circuit to the bit.

    Parameters
    ----------
    work : AttentionBatch
    times : bool
        Also return when each slot fired and what its spike carried.
    """
    for head in work.heads:
        _check_exact(prove_ranges(head).key_limit * head.query_limit * head.key_size)
    batch, heads, queries, _ = work.queries.shape
    value_size, keys = work.values.shape[3], work.keys.shape[2]
    result = Attended(
        control=np.empty((batch, heads, queries, value_size), np.int64),
        normaliser=np.empty((batch, heads, queries), np.int64),
        last=np.empty((batch, heads, queries), np.int64),
        spikes=np.empty((batch, heads, queries), np.int64),
        forced=np.empty((batch, heads, queries), np.int64),
        times=np.empty((batch, heads, queries, keys), np.int32) if times else None,
        payloads=np.empty((batch, heads, queries, keys), np.int32) if times else None,
    )
    for b, h in _turns(work):
        _attend_some(work, b, h, result)
    return result


def _turns(work: AttentionBatch) -> Iterator[tuple[int, slice]]:
    """Sequences, and runs of whole key-value groups whose scores fit the budget."""
    batch, heads, queries, _ = work.queries.shape
    kv_heads, keys = work.keys.shape[1:3]
    group = heads // kv_heads
    fit = max(1, SCORE_BYTES // max(1, 4 * queries * keys * group))
    for b in range(batch):
        for kv in range(0, kv_heads, fit):
            yield b, slice(kv * group, min(kv + fit, kv_heads) * group)


def _attend_some(work: AttentionBatch, b: int, h: slice, result: Attended) -> None:
    """Fill the result for some heads of one sequence."""
    group = work.queries.shape[1] // work.keys.shape[1]
    kv = slice(h.start // group, h.stop // group)
    rows, queries, keys = h.stop - h.start, work.queries.shape[2], work.keys.shape[2]
    mask = np.ascontiguousarray(work.mask[b])
    seen = _last_seen(mask)
    scores = _scores(work.queries[b, h], work.keys[b, kv], seen)
    heads = work.heads[h]
    control = np.empty((rows, queries, _padded(work.values.shape[3])), np.int32)
    counts = np.empty((rows, queries, 3), np.int32)
    unwanted = np.empty((0, queries, keys), np.int32)
    times = unwanted if result.times is None else result.times[b, h]
    payloads = unwanted if result.payloads is None else result.payloads[b, h]
    specs = np.array([spec_of(head) for head in heads], SPEC)
    table = _value_table(work.values[b, kv], heads[0].graded)
    kernel = attend_parallel if scores.size >= PARALLEL_FROM else attend_serial
    kernel(scores, table, np.arange(rows) // group, mask, seen, specs, control,
           result.normaliser[b, h], counts, times, payloads)
    result.control[b, h] = control[..., : work.values.shape[3]]
    for i, field in enumerate((result.last, result.spikes, result.forced)):
        field[b, h] = counts[..., i]


def _scores(
    queries: NDArray[Any], keys: NDArray[Any], seen: NDArray[np.int64]
) -> NDArray[np.float32]:
    """q.k of every pair that may be seen, as exact float32; shape (heads, queries, keys).

    Queries are taken in blocks, each against the keys that any of them may see: a causal
    mask halves the work. Pairs that nobody may see are left unset.
    """
    rows, count, size = queries.shape
    groups = len(keys)
    asked = queries.astype(np.float32).reshape(groups, rows // groups, count, size)
    stored = keys.astype(np.float32).transpose(0, 2, 1)[:, None]
    scores = np.empty((groups, rows // groups, count, keys.shape[1]), np.float32)
    for start in range(0, count, SCORE_BLOCK):
        block = slice(start, start + SCORE_BLOCK)
        width = int(seen[block].max())
        np.matmul(asked[:, :, block], stored[..., :width], out=scores[:, :, block, :width])
    return scores.reshape(rows, count, keys.shape[1])


def _last_seen(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """One more than the last key each query may see: causal rows end early."""
    keys = mask.shape[1]
    last = keys - np.argmax(mask[:, ::-1], axis=1)
    return np.where(mask.any(axis=1), last, 0).astype(np.int64)


def _value_table(values: NDArray[Any], graded: bool) -> NDArray[Any]:
    """The values, their columns padded to whole registers, in the type that adds up fastest."""
    kv_heads, keys, size = values.shape
    table = np.zeros((kv_heads, keys, _padded(size)), np.float32 if graded else np.int16)
    table[..., :size] = values
    return table


def _padded(size: int) -> int:
    return -(-size // LANES) * LANES


def _check_exact(largest: int) -> None:
    if largest >= EXACT_FLOAT32:
        raise RangeProofError("scores are too large for exact float32 products",
                              where="fast", found=largest, expected=f"below {EXACT_FLOAT32}",
                              hint="use --backend reference")
