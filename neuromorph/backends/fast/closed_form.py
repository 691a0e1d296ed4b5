"""Latency attention in closed form: one division a key, one pass over the values.

The clocked circuit only counts. When its match neurons cross threshold follows from the score,

    n_i = clip(ceil((first_due + ceil(2 q.k_i / 2^key_shift)) / ramp), 0, window),

and its control neurons only change when spikes arrive or a step lets them fade. So a whole
window is: sort the keys by n_i; then, step by step up to the last spike, fade and add.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.numerics.limits import DECAY_BITS, DECAY_UNITY, INPUT_SHIFT

HALF = DECAY_UNITY // 2
UNIT = 1 << INPUT_SHIFT
EXACT_FLOAT32 = 1 << 24
"""Below this every whole number is a float32."""


BLOCK = 32
"""Queries one parallel task takes."""

SPEC = np.dtype([
    ("offset", "f8"), ("inverse_step", "f8"), ("window", "i8"), ("key_shift", "i8"),
    ("score_bound", "i8"), ("ramp", "i8"), ("first_due", "i8"), ("span", "i8"),
    ("payload_base", "i8"), ("gain", "i8"), ("gain_shift", "i8"), ("graded", "?"),
    ("keep", "i8"), ("value_shift", "i8"), ("unit", "i8"), ("payload_bits", "i8"),
    ("exact", "i8"), ("aligned", "i8"),
])
"""What the kernel needs to know of one head."""


def spec_of(head: LatencyAttention) -> tuple[Any, ...]:
    """One row of `SPEC`.

    With X = first_due 2^key_shift + 2 q.k and S = ramp 2^key_shift the step is
    ceil(X / S) = floor((X + S - 1/2) / S): half a unit away from every integer multiple, so a
    product with 1/S in float64 rounds to the same step for any X below 2^50.
    """
    step = head.ramp << head.key_shift
    return ((head.first_due << head.key_shift) + step - 0.5, 1.0 / step, head.window,
            head.key_shift, head.score_bound, head.ramp, head.first_due, head.payload_span,
            head.payload_base, head.payload_gain, head.payload_gain_shift, head.graded,
            DECAY_UNITY - head.control_decay, head.value_shift, head.unit,
            head.payload_base.bit_length() - 1,
            _exact_keys(head), head.control_shift)


def _exact_keys(head: LatencyAttention) -> int:
    """How many keys' values the narrow sums of one step hold without loss."""
    if head.graded:
        return (EXACT_FLOAT32 - 1) // (2 * head.payload_base * head.value_limit)
    return int(np.iinfo(np.int16).max) // head.value_limit


@compiled(fastmath=True)
def _score(
    query: NDArray[np.float32], keys: NDArray[np.float32], scores: NDArray[np.float32]
) -> None:
    """scores_i = q.k_i, exact in any order: whole numbers below 2^24. Keys are (size, keys)."""
    scores[:] = 0
    paired = len(query) & ~3
    for d in range(0, paired, 4):
        a, b, c, e = query[d], query[d + 1], query[d + 2], query[d + 3]
        k, m, n, o = keys[d], keys[d + 1], keys[d + 2], keys[d + 3]
        for i in range(len(scores)):
            scores[i] += a * k[i] + b * m[i] + c * n[i] + e * o[i]
    for d in range(paired, len(query)):
        a, k = query[d], keys[d]
        for i in range(len(scores)):
            scores[i] += a * k[i]


@compiled
def _spike_times(
    scores: NDArray[np.float32], spec: Any, due: NDArray[np.int32]
) -> None:
    """The step at which each key fires; ``window`` where only the go pulse makes it."""
    offset, inverse, window = spec.offset, spec.inverse_step, np.float64(spec.window)
    for i in range(len(scores)):
        steps = (offset + 2.0 * np.float64(scores[i])) * inverse
        due[i] = np.int32(min(max(steps, 0.0), window))


@compiled
def _sort_by_time(
    due: NDArray[np.int32], allowed: NDArray[np.bool_], ends: NDArray[np.int32],
    order: NDArray[np.int32],
) -> None:
    """Counting sort: keys of step n stand in order[ends[n-1]:ends[n]]."""
    ends[:] = 0
    for i in range(len(due)):
        ends[due[i] + 1] += allowed[i]
    for n in range(1, len(ends)):
        ends[n] += ends[n - 1]
    for i in range(len(due)):
        if allowed[i]:
            order[ends[due[i]]] = i
            ends[due[i]] += 1


@compiled
def _payloads(
    scores: NDArray[np.float32], due: NDArray[np.int32], spec: Any, payload: NDArray[np.int32]
) -> None:
    """What each key's spike carries, `latency_payload` for all keys at once.

    Whole numbers below 2^53 in float64, which vectorises where 64-bit integers do not.
    """
    per_unit = 2.0 / (1 << spec.key_shift)
    scale, span = spec.gain / (1 << spec.gain_shift), np.float64(spec.span)
    ramp, first_due = np.float64(spec.ramp), np.float64(spec.first_due)
    bound, window = np.float64(spec.score_bound), np.int32(spec.window)
    for i in range(len(scores)):
        reached = bound if due[i] == window else ramp * due[i] - first_due
        over = (reached - np.ceil(np.float64(scores[i]) * per_unit)) * UNIT + 1.0
        payload[i] = np.int32((over if over < span else span) * scale)  # noqa: FURB136 - vectorises
    base, bits = np.int32(spec.payload_base), np.int32(spec.payload_bits)
    for i in range(len(scores)):
        whole = payload[i] >> bits
        line = 2 * base - (payload[i] & (base - 1))
        faint = max(np.int32(1), line >> min(whole, np.int32(31)))
        far = faint if due[i] == 0 else 2 * base
        payload[i] = line if whole == 0 else far


@compiled
def _fade_one(held: int, keep: int) -> int:
    """trunc(held * keep / 4096), towards zero."""
    magnitude = (abs(held) * keep) >> DECAY_BITS
    return -magnitude if held < 0 else magnitude


@compiled
def _fade(held: NDArray[np.int32], keep: int) -> None:
    """held = trunc(held * keep / 4096), towards zero."""
    if keep == HALF:
        for j in range(len(held)):
            held[j] = (held[j] + ((held[j] >> 31) & 1)) >> 1
        return
    for j in range(len(held)):
        held[j] = _fade_one(np.int64(held[j]), keep)


@compiled
def _add_plain(
    table: NDArray[np.int16], keys: NDArray[np.int32], spec: Any, part: NDArray[np.int16],
    held: NDArray[np.int32],
) -> None:
    """held += (2 sum_i v_i) << aligned; 16 bits hold the sum of ``spec.exact`` keys."""
    for begin in range(0, len(keys), spec.exact):
        some = keys[begin : begin + spec.exact]
        part[:] = 0
        paired = len(some) & ~3
        for at in range(0, paired, 4):
            a, b = table[some[at]], table[some[at + 1]]
            c, d = table[some[at + 2]], table[some[at + 3]]
            for j in range(len(part)):
                part[j] += a[j] + b[j] + c[j] + d[j]
        for at in range(paired, len(some)):
            a = table[some[at]]
            for j in range(len(part)):
                part[j] += a[j]
        for j in range(len(part)):
            held[j] += np.int32(part[j]) << (spec.aligned + 1)


@compiled
def _add_graded(
    table: NDArray[np.float32], keys: NDArray[np.int32], payload: NDArray[np.int32], spec: Any,
    part: NDArray[np.float32], total: NDArray[np.int32], held: NDArray[np.int32],
) -> None:
    """held += (2 sum_i p_i v_i) >> shift; float32 holds the sum of ``spec.exact`` keys exactly."""
    total[:] = 0
    for begin in range(0, len(keys), spec.exact):
        some = keys[begin : begin + spec.exact]
        part[:] = 0
        paired = len(some) & ~3
        for at in range(0, paired, 4):
            a, b = table[some[at]], table[some[at + 1]]
            c, d = table[some[at + 2]], table[some[at + 3]]
            p, q = np.float32(payload[some[at]]), np.float32(payload[some[at + 1]])
            r, s = np.float32(payload[some[at + 2]]), np.float32(payload[some[at + 3]])
            for j in range(len(part)):
                part[j] += p * a[j] + q * b[j] + r * c[j] + s * d[j]
        for at in range(paired, len(some)):
            a, p = table[some[at]], np.float32(payload[some[at]])
            for j in range(len(part)):
                part[j] += p * a[j]
        for j in range(len(part)):
            total[j] += np.int32(part[j])
    for j in range(len(total)):
        held[j] += (2 * total[j]) >> spec.value_shift


@compiled
def _mass(
    keys: NDArray[np.int32], payload: NDArray[np.int32], spec: Any
) -> int:
    """What the normaliser receives for some spikes."""
    if not spec.graded:
        return int((len(keys) * spec.unit) << spec.aligned)
    total = 0
    for i in keys:
        total += payload[i]
    return int((total * spec.unit) >> spec.value_shift)


def _attend(
    asked: NDArray[np.float32],
    stored: NDArray[np.float32],
    values: NDArray[Any],
    kv_of: NDArray[np.int64],
    mask: NDArray[np.bool_],
    seen: NDArray[np.int64],
    specs: Any,
    control: NDArray[np.int32],
    normaliser: NDArray[np.int64],
    counts: NDArray[np.int32],
    times: NDArray[np.int32],
    payloads: NDArray[np.int32],
) -> None:
    """Fill ``control`` (rows, queries, columns), ``normaliser`` and ``counts`` (…, 3).

    Parameters
    ----------
    asked : queries, shape (rows, queries, key_size)
    stored : keys, shape (kv_rows, key_size, keys)
    values : shape (kv_rows, keys, columns), float32 for graded spikes, int16 for plain ones
    kv_of : which keys and values a row uses, shape (rows,)
    mask : shape (queries, keys)
    seen : one more than the last key a query may see, shape (queries,)
    specs : `SPEC` of each row
    times, payloads : shape (rows, queries, keys), or without rows if nobody wants them
    """
    rows, queries, _ = asked.shape
    keys, columns = values.shape[1:]
    blocks = (queries + BLOCK - 1) // BLOCK
    for task in prange(rows * blocks):
        row, block = task // blocks, task % blocks
        spec, table = specs[row], values[kv_of[row]]
        scores = np.empty(keys, np.float32)
        due, order = np.empty(keys, np.int32), np.empty(keys, np.int32)
        payload = np.ones(keys, np.int32)
        ends = np.empty(spec.window + 2, np.int32)
        narrow, wide = np.empty(columns, np.int16), np.empty(columns, np.int32)
        part = np.empty(columns, np.float32)
        for query in range(block * BLOCK, min(queries, (block + 1) * BLOCK)):
            n_seen = seen[query]
            score = scores[:n_seen]
            _score(asked[row, query], stored[kv_of[row]][:, :n_seen], score)
            _spike_times(score, spec, due[:n_seen])
            _sort_by_time(due[:n_seen], mask[query, :n_seen], ends, order)
            if spec.graded:
                _payloads(score, due[:n_seen], spec, payload)
            last = spec.window
            while last >= 0 and ends[last] == (ends[last - 1] if last > 0 else 0):
                last -= 1
            fired = ends[spec.window]
            counts[row, query, 0] = last
            counts[row, query, 1] = fired
            counts[row, query, 2] = fired - ends[spec.window - 1]
            if len(times) > 0:
                times[row, query] = -1
                payloads[row, query] = 0
                for at in range(fired):
                    times[row, query, order[at]] = due[order[at]]
                    payloads[row, query, order[at]] = payload[order[at]]
            held = control[row, query]
            held[:] = 0
            mass = 0
            for n in range(last + 1):
                _fade(held, spec.keep)
                mass = _fade_one(mass, spec.keep)
                now = order[ends[n - 1] if n > 0 else 0:ends[n]]
                if len(now) == 0:
                    continue
                mass += _mass(now, payload, spec)
                if spec.graded:
                    _add_graded(table, now, payload, spec, part, wide, held)
                else:
                    _add_plain(table, now, spec, narrow, held)
            normaliser[row, query] = mass


attend_parallel = compiled(_attend, name="attend_parallel", parallel=True, nogil=True)
attend_serial = compiled(_attend, name="attend_serial", nogil=True)
"""The same on the caller's thread: small work is done before a thread pool has woken up."""
