"""Latency attention in closed form: one integer division a key, one pass over the values.

The clocked circuit only counts. Where its neurons cross threshold follows from the score,

    n_i = clip(ceil((first_due + ceil(2 q.k_i / 2^key_shift)) / ramp), 0, window),

and its control neurons only change when spikes arrive or a step halves them. So the whole
window is: sort the keys by n_i, then decay and add, step by step, up to the last spike.
Keys that fire at step 0 are flushed from the control neurons as they arrive.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.numerics.limits import DECAY_BITS, DECAY_UNITY, INPUT_SHIFT

HALF = DECAY_UNITY // 2
BLOCK = 32
"""Queries one parallel task takes."""


@njit(cache=True, inline="always")
def _halve(value: int) -> int:
    """trunc(value / 2) towards zero, for int32."""
    return (value + ((value >> 31) & 1)) >> 1


@njit(cache=True)
def _due(product: int, spec: NDArray[np.int64]) -> int:
    """Step at which a key fires; ``window`` if only the go pulse makes it."""
    climb = spec[0] + 2 * product
    if climb <= 0:
        return 0
    step = np.int64(spec[1])
    n = (climb + step - 1) // step
    return min(n, spec[2])


@njit(cache=True)
def _payload(product: int, n: int, spec: NDArray[np.int64]) -> int:
    """Graded payload of a key that fires at step n."""
    score = -((-2 * product) >> spec[3])
    if n == spec[2]:
        over = spec[4] - score
    else:
        over = spec[5] * n - spec[6] - score
    within = min((over << INPUT_SHIFT) + 1, spec[7])
    return 2 * spec[8] - ((within * spec[9]) >> spec[10])


@njit(cache=True, parallel=True, nogil=True)
def attend_kernel(
    scores: NDArray[np.float32],
    values: NDArray[np.int32],
    kv_of: NDArray[np.int64],
    mask: NDArray[np.bool_],
    specs: NDArray[np.int64],
    control: NDArray[np.int32],
    counts: NDArray[np.int32],
    times: NDArray[np.int32],
    payloads: NDArray[np.int32],
) -> None:
    """Fill ``control`` (rows, queries, columns) and ``counts`` (rows, queries, 3).

    ``times`` and ``payloads`` (rows, queries, keys) are filled too, unless they have no rows.

    Parameters
    ----------
    scores : q.k as exact float32, shape (rows, queries, keys)
    values : 2v beside the normaliser's unit, padded, shape (kv_rows, keys, columns)
    kv_of : which values a row uses
    mask : shape (queries, keys)
    specs : one row of integers a row, as `spec_row` lays them out
    """
    rows, queries, keys = scores.shape
    columns = values.shape[2]
    blocks = (queries + BLOCK - 1) // BLOCK
    for task in prange(rows * blocks):
        row, block = task // blocks, task % blocks
        spec = specs[row]
        window, graded, keep, shift = spec[2], spec[11], spec[12], spec[13]
        due = np.empty(keys, np.int32)
        order = np.empty(keys, np.int32)
        payload = np.ones(keys, np.int32)
        start = np.empty(window + 2, np.int32)
        added = np.empty(columns, np.int32)
        held = np.empty(columns, np.int32)
        table = values[kv_of[row]]
        for query in range(block * BLOCK, min(queries, (block + 1) * BLOCK)):
            allowed = mask[query]
            start[:] = 0
            fired = 0
            for i in range(keys):
                if allowed[i]:
                    due[i] = _due(np.int64(scores[row, query, i]), spec)
                    start[due[i] + 1] += 1
                    fired += 1
            counts[row, query, 1] = fired
            counts[row, query, 2] = start[window + 1]
            last = -1
            for n in range(window + 1):
                if start[n + 1] > 0:
                    last = n
                start[n + 1] += start[n]
            counts[row, query, 0] = last
            for i in range(keys):
                if allowed[i]:
                    order[start[due[i]]] = i
                    start[due[i]] += 1
                    if graded:
                        payload[i] = _payload(np.int64(scores[row, query, i]), due[i], spec)
            if len(times) > 0:
                times[row, query] = -1
                payloads[row, query] = 0
                for at in range(fired):
                    times[row, query, order[at]] = due[order[at]]
                    payloads[row, query, order[at]] = payload[order[at]]
            held[:] = 0
            at = start[0]
            for n in range(1, last + 1):
                if keep == HALF:
                    for j in range(columns):
                        held[j] = _halve(held[j])
                else:
                    for j in range(columns):
                        product = np.int64(held[j]) * keep
                        magnitude = abs(product) >> DECAY_BITS
                        held[j] = -magnitude if product < 0 else magnitude
                if at == start[n]:
                    continue
                added[:] = 0
                while at < start[n]:
                    i = order[at]
                    at += 1
                    if graded:
                        p = payload[i]
                        for j in range(columns):
                            added[j] += p * table[i, j]
                    else:
                        for j in range(columns):
                            added[j] += table[i, j]
                if graded:
                    for j in range(columns):
                        held[j] += added[j] >> shift
                else:
                    for j in range(columns):
                        held[j] += (added[j] >> shift) << INPUT_SHIFT
            for j in range(columns):
                control[row, query, j] = held[j]


def spec_row(head: LatencyAttention) -> list[int]:
    """The integers of one head in the order that the kernel reads them."""
    return [
        head.first_due << head.key_shift,
        head.ramp << head.key_shift,
        head.window,
        head.key_shift,
        head.score_bound,
        head.ramp,
        head.first_due,
        head.payload_span,
        head.payload_base,
        head.payload_gain,
        head.payload_gain_shift,
        int(head.graded),
        DECAY_UNITY - head.control_decay,
        head.value_shift,
    ]
