"""Heads that look back: some queries of a head, in integers alone.

::

    scores       queries times keys                         tiles of products
    payloads     of step 0; and a list of those who speak later
    parts_n      values of all that speak in step n, times their payloads
    context      leaky sums of the parts, over their masses

Keys and values stand in rings, sixteen slots (of keys) or columns (of values) together: position p
in slot p modulo the capacity, a whole number of panels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from neuromorph.backends.fast.closed_form import settle
from neuromorph.backends.fast.lanes import LANES, beyond
from neuromorph.backends.fast.transformer.calls import Stage, part
from neuromorph.backends.fast.transformer.memory import PAIR, bytes_at, ints_at, longs_at, shorts_at
from neuromorph.backends.fast.transformer.scalars import (
    clip,
    divided,
    multiply_shift,
    reciprocal_payload,
)
from neuromorph.backends.fast.transformer.spoken import STEP_BITS, add_late, speak
from neuromorph.backends.fast.transformer.tables import (
    BASE,
    BASE_BITS,
    C_CONTEXT,
    CAPACITY,
    CAUSAL,
    CLIMB,
    COLUMNS,
    CONTEXT_AT,
    CONTEXT_LIMIT,
    CONTEXT_MULTIPLIER,
    CONTEXT_SHIFT,
    FIRST,
    FIRST_DUE,
    GAIN,
    GAIN_SHIFT,
    GROUPS,
    HEAD,
    HEAD_SIZE,
    HEADS,
    INVERSE,
    INVERSE_SHIFT,
    KEEP,
    KEY_SHIFT,
    KINDS,
    KINDS_STRIDE,
    LATE,
    LATE_STRIDE,
    LEFT,
    LONGEST,
    MASS,
    MASS_STRIDE,
    NORMALISED,
    NUMBER,
    PANEL,
    PARTS,
    PARTS_STRIDE,
    QUERIES,
    QUERY_STRIDE,
    RAMP,
    RIGHT,
    RINGS,
    S_CONTEXT,
    S_MATCH,
    SAID,
    SAID_STRIDE,
    SCORE_BOUND,
    SCORE_STRIDE,
    SCORES,
    SLOTS,
    SPAN,
    SPOKEN,
    TOKENS,
    WIDE_SAID,
    WINDOW,
)
from neuromorph.backends.fast.transformer.tiles import ROWS, tile_row, tile_rows
from neuromorph.backends.fast.vectors import take


@part
def key_place(group: int, slot: int, i: int, capacity: int, size: int) -> Any:
    """Where a number of a key is."""
    pairs = (size + 1) // 2
    return (group * capacity * pairs * 2 + slot // LANES * pairs * PAIR + i // 2 * PAIR
            + slot % LANES * 2 + i % 2)


@part
def value_place(group: int, slot: int, i: int, capacity: int, columns: int) -> Any:
    """Where a number of a value is."""
    return (group * capacity * columns + i // LANES * LANES * capacity + slot // 2 * PAIR
            + i % LANES * 2 + slot % 2)


class _Fading(NamedTuple):
    """What `settle` needs to know of a head."""

    window: int
    keep: int
    unit: int
    left: int
    right: int


@Stage
def attend(first: int, stride: int, block: Any, work: Any, counts: Any) -> None:
    """A thread's share of a block's heads and queries; contexts are what is said."""
    tokens, together = work[TOKENS], np.int64(1) if work[TOKENS] == 1 else np.int64(ROWS)
    tiles, n = (tokens + together - 1) // together, block[NUMBER]
    rings, kinds = longs_at(work[RINGS]), beyond(longs_at(work[KINDS]), n * work[KINDS_STRIDE])
    for task in range(first, tiles * block[HEADS], stride):
        head = task % block[HEADS]
        _attend_some(block, beyond(kinds, head * HEAD), head, rings[2 * n], rings[2 * n + 1],
                     task // block[HEADS] * together, together, work, counts, first)


@part
def _attend_some(
    block: Any, kind: Any, head: int, keys: int, values: int, begin: int, rows: int, work: Any,
    counts: Any, thread: int,
) -> None:
    """Queries of a head from `begin` on: a tile of them, or one."""
    spec = _Fading(kind[WINDOW], kind[KEEP], kind[NORMALISED], kind[LEFT], kind[RIGHT])
    capacity, columns, stop = work[CAPACITY], work[COLUMNS], min(begin + rows, work[TOKENS])
    group, pairs = head * block[GROUPS] // block[HEADS], (block[HEAD_SIZE] + 1) // 2
    queries = beyond(shorts_at(work[QUERIES]), begin * work[QUERY_STRIDE] + head * pairs * 2)
    ring = beyond(bytes_at(keys), group * capacity * pairs * 2)
    store = beyond(bytes_at(values), group * capacity * columns)
    scores = beyond(ints_at(work[SCORES]), thread * work[SCORE_STRIDE])
    early = beyond(shorts_at(work[SPOKEN]), thread * work[SCORE_STRIDE])
    lists = beyond(ints_at(work[LATE]), thread * work[LATE_STRIDE])
    parts = beyond(ints_at(work[PARTS]), thread * work[PARTS_STRIDE])
    mass = beyond(longs_at(work[MASS]), thread * work[MASS_STRIDE])
    steps = work[LONGEST] + 1
    found, first_mass = beyond(mass, steps), beyond(mass, steps + ROWS)
    sums = beyond(parts, steps * columns)
    room = capacity + LANES
    low, high = _seen(work, kind, begin)[0], _seen(work, kind, stop - 1)[1]
    for turn in range(low // capacity * capacity, high, capacity):
        start, end = max(low, turn) - turn, min(high, turn + capacity) - turn
        for j in range(start // PANEL * PANEL, end, PANEL):
            if rows == 1:
                tile_row(queries, 0, 0, ring, j * 2 * pairs, pairs * PAIR, pairs, scores, j,
                         capacity, 0)
            else:
                tile_rows(queries, 0, work[QUERY_STRIDE], ring, j * 2 * pairs, pairs * PAIR, pairs,
                          scores, j, capacity, 0)
    for r in range(stop - begin):
        found[r], first_mass[r] = _speak(
            kind, _seen(work, kind, begin + r), low, high, beyond(scores, r * capacity),
            beyond(early, r * capacity), beyond(lists, 2 * r * room), capacity)
        counts[S_MATCH] += _seen(work, kind, begin + r)[1] - _seen(work, kind, begin + r)[0]
    _add_early(store, early, rows, low, high, capacity, columns, sums)
    for r in range(stop - begin):
        mine, t = beyond(lists, 2 * r * room), begin + r
        mass[0] = first_mass[r]
        _add_late(store, mine, found[r], capacity, columns, parts, mass)
        held = beyond(sums, (ROWS + r) * columns)
        for j in range(0, columns, LANES):
            for lane in range(LANES):
                held[j + lane] = 0
            take(held, j, sums, r * columns + j, spec.left, spec.right)
        total, _ = settle(parts, mass, spec.unit, spec, held, columns)
        _say(block, kind, head, held, total, beyond(ints_at(work[WIDE_SAID]),
                                                    t * work[SAID_STRIDE]),
             beyond(shorts_at(work[SAID]), t * work[SAID_STRIDE]), counts)


@part
def _seen(work: Any, kind: Any, t: int) -> Any:
    """The positions that a query sees: the first, and one more than the last."""
    if not work[CAUSAL]:
        return np.int64(0), work[TOKENS]
    here = work[FIRST] + t + 1
    return max(np.int64(0), here - kind[SLOTS]), here


@part
def _speak(
    kind: Any, seen: tuple[int, int], low: int, high: int, scores: Any, early: Any, lists: Any,
    capacity: int,
) -> Any:
    """How many keys speak after step 0, which are listed; and the payloads of step 0 together."""
    found, room = np.int64(0), capacity + LANES
    lane = beyond(lists, 2 * room - LANES)
    first_due, ramp, window, bound = kind[FIRST_DUE], kind[RAMP], kind[WINDOW], kind[SCORE_BOUND]
    climb, key_shift, span, gain = kind[CLIMB], kind[KEY_SHIFT], kind[SPAN], kind[GAIN]
    gain_shift, base, base_bits = kind[GAIN_SHIFT], kind[BASE], kind[BASE_BITS]
    inverse, inverse_shift = kind[INVERSE], kind[INVERSE_SHIFT]
    for i in range(LANES):
        lane[i] = 0
    for turn in range(low // capacity * capacity, high, capacity):
        start, end = max(low, turn) - turn, min(high, turn + capacity) - turn
        for j in range(start // PANEL * PANEL, end, LANES):
            found = speak(
                scores, j, max(seen[0] - turn, start), min(seen[1] - turn, end), early, lane,
                lists, beyond(lists, room), found, first_due, ramp,
                window, bound, climb, key_shift, span, gain, gain_shift, base, base_bits, inverse,
                inverse_shift)
        if (end + LANES - 1) // LANES % 2:  # the panel's other half
            for i in range((end + LANES - 1) // LANES * LANES, (end + PANEL - 1) // PANEL * PANEL):
                early[i] = 0
    total = np.int64(0)
    for i in range(LANES):
        total += lane[i]
    return found, total


@part
def _add_early(
    store: Any, early: Any, rows: int, low: int, high: int, capacity: int, columns: int, sums: Any
) -> None:
    """Values of all keys times their payloads of step 0."""
    keep = 0
    for turn in range(low // capacity * capacity, high, capacity):
        start, end = max(low, turn) - turn, min(high, turn + capacity) - turn
        begin = start // PANEL * PANEL
        pairs = ((end + PANEL - 1) // PANEL * PANEL - begin) // 2
        for j in range(0, columns, PANEL):
            if rows == 1:
                tile_row(early, begin, 0, store, j * capacity + begin // 2 * PAIR,
                         LANES * capacity, pairs, sums, j, columns, keep)
            else:
                tile_rows(early, begin, capacity, store, j * capacity + begin // 2 * PAIR,
                          LANES * capacity, pairs, sums, j, columns, keep)
        keep = -1


@part
def _add_late(
    store: Any, lists: Any, found: int, capacity: int, columns: int, parts: Any, mass: Any
) -> None:
    """Values of those who speak later, in the step in which they do."""
    room = capacity + LANES
    late = beyond(lists, room)
    for f in range(found):
        slot, step = np.int64(lists[f]), np.int64(late[f] >> STEP_BITS)
        payload = np.int64(late[f] & ((1 << STEP_BITS) - 1))
        mass[step] += payload
        pair = payload << (16 * (slot % 2))
        for j in range(0, columns, PANEL):
            add_late(parts, step * columns + j, store, j * capacity + slot // 2 * PAIR,
                     LANES * capacity, pair)


@part
def _say(
    block: Any, kind: Any, head: int, held: Any, total: int, wide: Any, said: Any, counts: Any
) -> None:
    """The context of a head, by one division."""
    size, payload, limit = block[HEAD_SIZE], reciprocal_payload(total), kind[CONTEXT_LIMIT]
    multiplier, shift = kind[CONTEXT_MULTIPLIER], kind[CONTEXT_SHIFT]
    places, spikes, cut = beyond(ints_at(block[CONTEXT_AT]), head * size), np.int64(0), np.int64(0)
    for i in range(size):
        context = multiply_shift(divided(np.int64(held[i]), payload), multiplier, shift)
        sent = clip(context, limit) if total > 0 else 0
        held[i] = np.int32(sent)
        spikes += sent != 0
        cut += sent != context
    for i in range(size):
        wide[places[i]] = held[i]
        said[places[i]] = np.int16(held[i])
    counts[S_CONTEXT] += spikes
    counts[C_CONTEXT] += cut
