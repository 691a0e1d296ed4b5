"""Batches of attention in closed form: arrays as the compiled kernel wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.attention import AttentionBatch
from neuromorph.backends.fast.closed_form import EXACT_FLOAT32, SPEC, spec_of
from neuromorph.backends.fast.curved import straightened
from neuromorph.backends.fast.kernel import attend_heads
from neuromorph.backends.fast.lanes import LANES
from neuromorph.backends.fast.memory import aligned, padded
from neuromorph.backends.fast.stored import kind_of, sum_up
from neuromorph.backends.fast.threads import share, threads_for
from neuromorph.backends.fast.vectors import STRIP
from neuromorph.backends.sight import Sight
from neuromorph.circuits.latency_attention import Attended, LatencyAttention, prove_ranges
from neuromorph.circuits.latency_attention.emit import contexts_of
from neuromorph.circuits.latency_attention.pair import parts_of
from neuromorph.errors import RangeProofError


def attend_closed_form(work: AttentionBatch, times: bool = False) -> Attended:
    """All queries of all heads; equal to the clocked circuit to the bit.

    Parameters
    ----------
    work : AttentionBatch
    times : bool
        Also return when each slot fired and what its spike carried.
    """
    attended = _attended(straightened(work), times)
    if work.readout == "host":
        return attended
    contexts = contexts_of(work.heads, attended.control, attended.normaliser)
    return replace(attended, context=contexts)


def _attended(work: AttentionBatch, times: bool) -> Attended:
    """Control and normaliser, as a host reads them."""
    specs, sight = specs_of(work.heads), Sight(work.mask)
    kinds = [(kind_of(head), head.neurons_per_key, head.control_decay * (head.neurons_per_key > 1))
             for head in work.heads]
    which = {kind: np.flatnonzero([one == kind for one in kinds]) for kind in dict.fromkeys(kinds)}
    parts = [_of_kind(work, sight, specs, some, times) for some in which.values()]
    if len(parts) == 1:
        return parts[0]
    order = np.argsort(np.concatenate(list(which.values())))
    joined: list[Any] = [
        None if some[0] is None else np.concatenate(some, axis=1)[:, order]
        for some in zip(*map(_fields, parts), strict=True)]
    return Attended(*joined)


def _of_kind(
    work: AttentionBatch, sight: Sight, specs: NDArray[Any], which: NDArray[np.int64], times: bool,
) -> Attended:
    """The heads of one kind of spikes, which share values in the same way."""
    head = work.heads[which[0]]
    graded = head.graded
    queries = work.queries[:, which]
    batch, heads, asked, key_size = queries.shape
    (kv_heads, keys), value_size = work.keys.shape[1:3], work.values.shape[3]
    rows, columns = batch * heads, padded(value_size, LANES)
    codes = np.ascontiguousarray(queries.reshape(rows, asked, key_size), np.float32)
    strips = aligned((batch * kv_heads, padded(keys, STRIP) // STRIP, key_size, STRIP), np.float32)
    _store_keys(work.keys.reshape(batch * kv_heads, keys, key_size), strips)
    table = _table_of(head, work.values.reshape(batch * kv_heads, keys, value_size), columns)
    control = np.empty((rows, asked, columns), np.int32)
    normaliser = np.empty((rows, asked), np.int64)
    counts = np.empty((rows, asked, 3), np.int32)
    shape = (rows, asked, keys) if times else (1, 0, keys)
    fired, payloads = np.empty(shape, np.int32), np.empty(shape, np.int32)
    sums = np.zeros((1, 0, columns) if graded else (len(table), keys + 1, columns), np.int32)
    if not graded:
        sum_up(table, 0, keys, sums)
    share(attend_heads, threads_for(rows * asked * keys), codes, strips, table,
          sums, which * kv_heads // len(work.heads),
          sight.spans, sight.between, _rows_of(work, which), specs[which], control, normaliser,
          counts, fired, payloads)

    def back(array: NDArray[Any]) -> NDArray[Any]:
        return array.reshape(batch, heads, *array.shape[1:])

    last, spikes, forced = (back(counts[..., i]).astype(np.int64) for i in range(3))
    return Attended(back(control[..., :value_size]).astype(np.int64), back(normaliser), last,
                    spikes, forced, back(fired) if times else None,
                    back(payloads) if times else None)


def _table_of(head: LatencyAttention, values: NDArray[Any], columns: int) -> NDArray[Any]:
    """Codes of values (rows, keys, size) as the kernel of a head's kind wants them."""
    if kind_of(head) == "paired":
        parts = parts_of(values, head.control_decay, head.neurons_per_key)
        values = np.moveaxis(parts, 0, 2)
    table = aligned((*values.shape[:-1], columns), np.float32 if head.graded else np.int16)
    table[..., : values.shape[-1]] = values
    return table


def _rows_of(work: AttentionBatch, which: NDArray[np.int64]) -> NDArray[np.int32]:
    """What some heads add to scores, (batch heads, queries, keys); without queries if nothing."""
    asked, keys = work.queries.shape[2], work.keys.shape[2]
    if work.added is None:
        return np.empty((1, 0, keys), np.int32)
    rows = work.added[:, which].reshape(-1, asked, keys)
    return np.ascontiguousarray(rows, np.int32)


def _fields(attended: Attended) -> list[NDArray[Any] | None]:
    return [getattr(attended, field.name) for field in fields(Attended)]


def specs_of(heads: Sequence[LatencyAttention]) -> NDArray[Any]:
    """`SPEC` of each head.

    Raises
    ------
    RangeProofError
        If an accumulator could overflow, or a score is too large for a float32.
    """
    for head in heads:
        largest = _largest(prove_ranges(head))
        if largest >= EXACT_FLOAT32:
            raise RangeProofError("scores are too large for exact float32 products",
                                  where="fast", found=largest, expected=f"below {EXACT_FLOAT32}",
                                  hint="use --backend reference")
    return np.array([spec_of(head) for head in heads], SPEC)


def _largest(head: LatencyAttention) -> int:
    """The largest q.k that a float32 must hold, with a bias; twice that if it may be a half."""
    product = head.key_limit * head.query_limit * head.key_size
    if not head.bias_limit:
        return product
    return 2 * product + (head.bias_limit << head.key_shift) >> (head.key_shift > 0)


def _store_keys(keys: NDArray[Any], strips: NDArray[np.float32]) -> None:
    """Keys (rows, keys, size) into strips (rows, strips, size, 32)."""
    rows, count, size = keys.shape
    whole = count // STRIP
    together = keys[:, : whole * STRIP].reshape(rows, whole, STRIP, size)
    strips[:, :whole] = together.transpose(0, 1, 3, 2)
    if count % STRIP:
        strips[:, whole, :, : count % STRIP] = keys[:, whole * STRIP :].transpose(0, 2, 1)
