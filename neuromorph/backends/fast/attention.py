"""Batches of attention in closed form: arrays as the compiled kernel wants them."""

from __future__ import annotations

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

PARALLEL_FROM = 1 << 18
"""Pairs of query and key, over all heads, from which threads pay for themselves."""

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
    for b in range(batch):
        _attend_sequence(work, b, result)
    return result


def _attend_sequence(work: AttentionBatch, b: int, result: Attended) -> None:
    """Fill the result for all heads of one sequence."""
    rows, queries = work.queries.shape[1:3]
    keys, value_size = work.keys.shape[2], work.values.shape[3]
    asked = work.queries[b].astype(np.float32)
    stored = np.ascontiguousarray(work.keys[b].transpose(0, 2, 1), np.float32)
    table = _value_table(work.values[b], work.heads[0].graded)
    mask = np.ascontiguousarray(work.mask[b])
    control = np.empty((rows, queries, table.shape[2]), np.int32)
    counts = np.empty((rows, queries, 3), np.int32)
    unwanted = np.empty((0, queries, keys), np.int32)
    times = unwanted if result.times is None else result.times[b]
    payloads = unwanted if result.payloads is None else result.payloads[b]
    specs = np.array([spec_of(head) for head in work.heads], SPEC)
    kernel = attend_parallel if rows * queries * keys >= PARALLEL_FROM else attend_serial
    kernel(asked, stored, table, np.arange(rows) // (rows // len(stored)), mask, _last_seen(mask),
           specs, control, result.normaliser[b], counts, times, payloads)
    result.control[b] = control[..., :value_size]
    for i, field in enumerate((result.last, result.spikes, result.forced)):
        field[b] = counts[..., i]


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
