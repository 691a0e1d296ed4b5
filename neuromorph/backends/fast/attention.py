"""Batches of attention in closed form: exact scores by BLAS, the rest by the kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.attention import AttentionBatch
from neuromorph.backends.fast.closed_form import SPEC, attend_kernel, spec_of
from neuromorph.circuits.latency_attention import Attended, LatencyAttention, prove_ranges
from neuromorph.errors import RangeProofError

SCORE_BYTES = 1 << 26
"""Scores held at once; more heads than fit are taken in turns."""

LANES = 16
"""Columns are padded to whole vector registers."""

EXACT_FLOAT32 = 1 << 24


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
    asked = work.queries[b, h].astype(np.float32).reshape(rows // group, group * queries, -1)
    stored = work.keys[b, kv].astype(np.float32)
    scores = (asked @ stored.transpose(0, 2, 1)).reshape(rows, queries, keys)
    heads = work.heads[h]
    table = _value_table(work.values[b, kv], heads[::group])
    control = np.empty((rows, queries, table.shape[2]), np.int32)
    counts = np.empty((rows, queries, 3), np.int32)
    unwanted = np.empty((0, queries, keys), np.int32)
    times = unwanted if result.times is None else result.times[b, h]
    payloads = unwanted if result.payloads is None else result.payloads[b, h]
    mask = np.ascontiguousarray(work.mask[b])
    specs = np.array([spec_of(head) for head in heads], SPEC)
    attend_kernel(scores, table, np.arange(rows) // group, mask, _last_seen(mask), specs,
                  control, counts, times, payloads)
    value_size = work.values.shape[3]
    result.control[b, h] = control[..., :value_size]
    result.normaliser[b, h] = control[..., value_size]
    for i, field in enumerate((result.last, result.spikes, result.forced)):
        field[b, h] = counts[..., i]


def _last_seen(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """One more than the last key each query may see: causal rows end early."""
    keys = mask.shape[1]
    last = keys - np.argmax(mask[:, ::-1], axis=1)
    return np.where(mask.any(axis=1), last, 0).astype(np.int64)


def _value_table(
    values: NDArray[Any], heads: Sequence[LatencyAttention]
) -> NDArray[np.int16]:
    """v with half the normaliser's unit as one more column, padded to whole registers."""
    kv_heads, keys, size = values.shape
    columns = -(-(size + 1) // LANES) * LANES
    table = np.zeros((kv_heads, keys, columns), np.int16)
    table[..., :size] = values
    table[..., size] = np.array([head.unit // 2 for head in heads])[:, None]
    return table


def _check_exact(largest: int) -> None:
    if largest >= EXACT_FLOAT32:
        raise RangeProofError("scores are too large for exact float32 products",
                              where="fast", found=largest, expected=f"below {EXACT_FLOAT32}",
                              hint="use --backend reference")
