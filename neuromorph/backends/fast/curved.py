"""Heads with a curved ramp in closed form: what is due when, said to heads with a straight one.

::

    due_i = first_due - a_i              a_i = (-2 q.k_i) >> key_shift
    n_i = min k with height(k) - height(0) >= due_i

A head that climbs one unit a step, and is told ``n_i - steps`` as a score, fires in the same steps.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.attention import AttentionBatch
from neuromorph.circuits.latency_attention import LatencyAttention, prove_ranges
from neuromorph.circuits.latency_attention.curve import rises


def straightened(work: AttentionBatch) -> AttentionBatch:
    """Work whose heads fire as those of this work do, by biases alone.

    Where no ramp is curved, the work itself.
    """
    if not any(head.cap for head in work.heads):
        return work
    for head in work.heads:
        prove_ranges(head)
    (batch, _, asked, _), (kv_heads, keys) = work.queries.shape, work.keys.shape[1:3]
    group = len(work.heads) // kv_heads
    steps = np.stack([_steps(head, work.queries[:, h], work.keys[:, h // group])
                      for h, head in enumerate(work.heads)], axis=1)
    due = steps - np.array([head.window - head.pause for head in work.heads])[:, None, None]
    return AttentionBatch(
        [_straight(head) for head in work.heads],
        np.zeros((batch, len(work.heads), asked, 1), np.int32),
        np.zeros((batch, kv_heads, keys, 1), np.int32), work.values, work.mask, work.readout,
        np.where(work.mask[:, None], due, 0).astype(np.int32))


def _straight(head: LatencyAttention) -> LatencyAttention:
    """A head that climbs one unit a step of ramp; a score of 0 is due at the end of its window."""
    return replace(head, cap=0, cap_from=0, cap_step=0, slope=0, block=1, near=0, key_size=1,
                   key_shift=0, key_limit=1, query_limit=1, ramp=1, latest=0,
                   bias_limit=head.window, score_bound=3 + head.window)


def _steps(
    head: LatencyAttention, queries: NDArray[Any], keys: NDArray[Any]
) -> NDArray[np.int64]:
    """n_i without a pause, shape (batch, queries, keys)."""
    products = np.matmul(queries.astype(np.float64), keys.astype(np.float64).swapaxes(1, 2))
    scores = -2 * products.astype(np.int64) >> head.key_shift
    climbed = np.concatenate([[0], np.cumsum(rises(head))])
    steps: NDArray[np.int64] = np.searchsorted(climbed, head.first_due - scores)
    return steps
