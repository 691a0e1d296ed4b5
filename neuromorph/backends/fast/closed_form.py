"""Latency attention in closed form: what one query's scores make of one head's values.

The clocked circuit only counts. When its match neurons cross threshold follows from the score,

    n_i = clip(ceil((first_due + ceil(2 q.k_i / 2^key_shift)) / ramp), 0, window),

and its control neurons only change when spikes arrive or a step lets them fade. So a window is
one sum of values for each step in which anybody fires, and a fading of what was there before.

Most keys fire at once, in step 0: the *early* ones. The others, the *late* ones, match well
enough to have a time of their own.

Arrays are pointers to their first elements (`lanes.start`): views would count references.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.backends.fast.compiled import compiled
from neuromorph.backends.fast.lanes import LANES
from neuromorph.backends.fast.vectors import (
    FOUR,
    add,
    add_four,
    add_scaled,
    add_scaled_four,
    early_payloads,
    halve,
    late_payloads,
    late_times,
    sift,
    spill,
    take,
)
from neuromorph.circuits.latency_attention import LatencyAttention, faintest
from neuromorph.circuits.latency_attention.pair import parts_of
from neuromorph.numerics.limits import DECAY_BITS, DECAY_UNITY

HALF = DECAY_UNITY // 2

EXACT_FLOAT32 = 1 << 24
"""Below this every whole number is a float32."""

SPEC = np.dtype([
    ("cut", "f8"), ("offset", "f8"), ("inverse_step", "f8"), ("window", "i8"),
    ("key_shift", "i8"), ("score_bound", "i8"), ("ramp", "i8"), ("first_due", "i8"),
    ("span", "i8"), ("payload_base", "i8"), ("payload_bits", "i8"), ("scale", "f8"),
    ("graded", "?"), ("keep", "i8"), ("unit", "i8"), ("left", "i8"), ("right", "i8"),
    ("exact", "i8"), ("last_due", "i8"), ("pause", "i8"), ("first_unit", "i8"),
    ("second_unit", "i8"), ("alone", "i8"), ("faintest", "i8"),
], align=True)
"""What the kernel needs to know of one head."""


def spec_of(head: LatencyAttention) -> tuple[Any, ...]:
    """One row of `SPEC`.

    With X = first_due 2^key_shift + 2 q.k and S = ramp 2^key_shift the step is
    ceil(X / S) = floor((X + S - 1/2) / S): half a unit away from every integer multiple, so a
    product with 1/S in float64 rounds to the same step for any X below 2^50. It is step 0 where
    X <= 0, which is q.k <= cut. A bias stands in X as bias 2^key_shift, so half of that is added
    to q.k, which may be an odd half where nothing is shifted.

    Sums of values reach the control neurons as (sum << left) >> right. Two neurons a key count in
    half steps, ceil(2 X / S), up to twice the steps of the ramp.
    """
    step, climb = head.ramp << head.key_shift, head.first_due << head.key_shift
    count, units = head.neurons_per_key, parts_of(
        np.array(head.unit // 2), head.control_decay, head.neurons_per_key)
    return (max(-climb / 2, -EXACT_FLOAT32), climb + (step - 0.5) / count, count / step,
            head.window, head.key_shift, head.score_bound, head.ramp, head.first_due,
            head.payload_span, head.payload_base, head.payload_base.bit_length() - 1,
            head.payload_gain / (1 << head.payload_gain_shift), head.graded,
            DECAY_UNITY - head.control_decay, head.unit,
            1 if head.graded else 1 + head.control_shift, head.value_shift, _exact_keys(head),
            count * (head.window - head.pause), head.pause, 2 * int(units[0]),
            2 * int(units[1:].sum()), count, faintest(head) if head.graded else 0)


def _exact_keys(head: LatencyAttention) -> int:
    """How many keys' values the narrow sums of one step hold without loss."""
    if head.graded:
        return (EXACT_FLOAT32 - 1) // (2 * head.payload_base * head.value_limit)
    return int(np.iinfo(np.int16).max) // head.value_limit


@compiled(forceinline=True)
def early_keys(
    scores: Any, at: int, width: int, spec: Any, payloads: Any, lanes: Any
) -> int:
    """Fill ``payloads`` with what early keys' spikes carry, 0 elsewhere; their sum."""
    for i in range(LANES):
        lanes[i] = 0
    a_unit = 2.0 / (1 << spec.key_shift)
    for i in range(at, at + width, LANES):
        early_payloads(scores, i, spec.cut, payloads, lanes, a_unit, spec.first_due, spec.span,
                       spec.scale, spec.payload_base, spec.payload_bits)
    mass = 0
    for i in range(LANES):
        mass += lanes[i]
    return mass


@compiled(forceinline=True)
def late_keys(scores: Any, at: int, width: int, spec: Any, which: Any, late: Any) -> int:
    """Which keys are late, and their scores; how many."""
    found = 0
    for i in range(0, width, LANES):
        found = sift(scores, at + i, i, spec.cut, which, late, found)
    return found


@compiled(forceinline=True)
def late_spikes(late: Any, found: int, spec: Any, due: Any, payload: Any) -> int:
    """When late keys fire, and what their spikes carry, if they do; how many were forced.

    Whole vectors are written, also beyond the last of them.
    """
    a_unit, forced, window = 2.0 / (1 << spec.key_shift), 0, spec.window
    for i in range(0, found, LANES):
        late_times(late, i, spec.offset, spec.inverse_step, window, due)
        if spec.graded:
            late_payloads(late, due, i, payload, a_unit, spec.first_due, spec.ramp,
                          spec.score_bound, window, spec.span, spec.scale, spec.payload_base,
                          spec.payload_bits)
    for i in range(found):
        forced += due[i] == window
    return forced


@compiled(forceinline=True)
def scatter_graded(
    values: Any, first: int, which: Any, due: Any, payload: Any, begin: int, stop: int,
    columns: int, parts: Any, mass: Any,
) -> None:
    """parts_n += payload_i values_i and mass_n += payload_i of some keys i of each step n."""
    fours = columns - columns % FOUR
    for i in range(begin, stop):
        of, to, factor = first + which[i] * columns, due[i] * columns, payload[i]
        mass[due[i]] += factor
        for j in range(0, fours, FOUR):
            add_scaled_four(parts, to + j, values, of + j, factor)
        for j in range(fours, columns, LANES):
            add_scaled(parts, to + j, values, of + j, factor)


@compiled(forceinline=True)
def scatter_plain(
    values: Any, first: int, which: Any, due: Any, begin: int, stop: int, columns: int,
    parts: Any, mass: Any,
) -> None:
    """parts_n += values_i and mass_n += 1 of some keys i of each step n."""
    fours = columns - columns % FOUR
    for i in range(begin, stop):
        of, to = first + which[i] * columns, due[i] * columns
        mass[due[i]] += 1
        for j in range(0, fours, FOUR):
            add_four(parts, to + j, values, of + j)
        for j in range(fours, columns, LANES):
            add(parts, to + j, values, of + j)


@compiled(forceinline=True)
def spill_all(wide: Any, parts: Any, columns: int, mass: Any, window: int) -> None:
    """Add narrow sums to wide ones before they could overflow."""
    for n in range(1, window + 1):
        if mass[n] > 0:
            for j in range(n * columns, (n + 1) * columns, LANES):
                spill(wide, j, parts, j)


@compiled(forceinline=True)
def is_flat(normaliser: int, last: int, spikes: int, spec: Any) -> bool:
    """Whether a query told no key from another; see `latency_attention.flat_queries`."""
    if last != 0 or spikes <= spec.alone:
        return False
    return not spec.graded or normaliser <= (spikes * spec.faintest * spec.unit) >> spec.right


@compiled(forceinline=True)
def fade_one(held: int, keep: int, steps: int) -> int:
    """trunc(held * keep / 4096), towards zero, so many times; held is not negative."""
    if keep == HALF:
        return held >> min(steps, 62)
    for _ in range(steps):
        held = (held * keep) >> DECAY_BITS
    return held


@compiled(forceinline=True)
def fade(held: Any, columns: int, keep: int, steps: int) -> None:
    """held = trunc(held * keep / 4096), towards zero, so many times: halvings are one shift."""
    if keep == HALF:
        for j in range(0, columns, LANES):
            halve(held, j, min(steps, 31))
        return
    for _ in range(steps):
        for j in range(columns):
            faded = (np.int64(abs(held[j])) * keep) >> DECAY_BITS
            held[j] = -faded if held[j] < 0 else faded


@compiled(forceinline=True)
def settle(
    parts: Any, mass: Any, unit: int, spec: Any, held: Any, columns: int
) -> tuple[int, int]:
    """Fade and add, step by step from 0, which ``held`` has; the normaliser and the last step.

    Mass counts in so many of the normaliser's units. Leaves parts and mass empty.
    """
    last = 0 if mass[0] > 0 else -1
    total, now = ((mass[0] * unit) << (spec.left - 1)) >> spec.right, 0
    mass[0] = 0
    for n in range(1, spec.window + 1):
        if mass[n] == 0:
            continue
        fade(held, columns, spec.keep, n - now)
        for j in range(0, columns, LANES):
            take(held, j, parts, n * columns + j, spec.left, spec.right)
        total = fade_one(total, spec.keep, n - now)
        total += ((mass[n] * unit) << (spec.left - 1)) >> spec.right
        mass[n] = 0
        last = now = n
    return total, last
