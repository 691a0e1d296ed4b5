"""Spikes and traces of plastic projections: whole populations at once, in vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.backends.fast.compiled import inner
from neuromorph.backends.fast.lanes import beyond
from neuromorph.backends.fast.learning_tables import (
    COUNT,
    DECAY_DRAWS,
    FRACTION,
    HEIGHT,
    HISTORY,
    IMPULSE_DRAWS,
    KEEPS,
    KINDS,
    MOVES,
    OVERWRITE,
    QUIET,
    SIZE,
    SPIKE,
    THIRD_FACTOR,
    TRACE,
    WHO,
    WHOLE,
    X_SIDE,
    Y_SIDE,
)
from neuromorph.backends.fast.records import doubles, ints, longs
from neuromorph.numerics.limits import TRACE_MAX


@inner
def note_pre(one: Any, who: Any, what: Any, count: int, within: int) -> None:
    """Presynaptic spikes of one step."""
    side = beyond(one, X_SIDE)
    trace, spike = ints(side, TRACE), ints(side, SPIKE)
    for n in range(count):
        j, payload = who[n], what[n]
        if one[OVERWRITE]:  # half of it, rounded to even
            trace[j] = ((payload + ((payload >> 1) & 1)) >> 1) & 0xFF
        if spike[j] > 0:
            for m in range(one[OVERWRITE], 2):
                _push(side, trace, m, j, 0)
        _mark(side, j, within)


@inner
def note_post(one: Any, who: Any, count: int, within: int, draw: int) -> None:
    """Postsynaptic spikes of one step."""
    side = beyond(one, Y_SIDE)
    trace, spike = ints(side, TRACE), ints(side, SPIKE)
    for n in range(count):
        if spike[who[n]] > 0:
            for m in range(3):
                _push(side, trace, m, who[n], draw)
        _mark(side, who[n], within)


@inner
def _push(side: Any, traces: Any, m: int, neuron: int, draw: int) -> None:
    """Add an impulse to one of the traces, within 0..127, its fraction rounded at random."""
    at = m * side[SIZE] + neuron
    new = traces[at] + ints(side, WHOLE)[m] + int(draw < ints(side, FRACTION)[m])
    traces[at] = min(max(new, 0), TRACE_MAX)


@inner
def _mark(side: Any, neuron: int, within: int) -> None:
    """Note when a neuron spiked last, and once in an epoch that it did."""
    spike = ints(side, SPIKE)
    if spike[neuron] == 0:
        ints(side, WHO)[side[COUNT]] = neuron
        side[COUNT] += 1
    spike[neuron] = within


@inner
def forget_spikes(side: Any) -> None:
    """At the end of an epoch."""
    who, spike = ints(side, WHO), ints(side, SPIKE)
    for n in range(side[COUNT]):
        spike[who[n]] = 0
    side[COUNT] = 0


@inner
def take_third_factors(one: Any, sent: Any) -> None:
    """The payloads of this step are the traces."""
    size, trace = one[HEIGHT], ints(one, Y_SIDE + TRACE)
    for m in range(3):
        third = one[THIRD_FACTOR + m]
        if third >= 0:
            for i in range(size):
                trace[m * size + i] = sent[third + i]


@inner
def remember(side: Any, epoch: int, t: int) -> None:
    """Traces after each step of the epoch; the last becomes the trace.

    The history of a side that was silent for an epoch is all 0, and stays so.
    """
    size, kinds, moves = side[SIZE], side[KINDS], ints(side, MOVES)
    live = side[COUNT] > 0
    for m in range(kinds):
        if moves[m] and not live:
            live = any_of(beyond(ints(side, TRACE), m * size), size)
    if not live and side[QUIET]:
        return
    side[QUIET] = int(not live)
    draw = doubles(side, DECAY_DRAWS)[t]
    for m in range(kinds):
        if moves[m]:
            trace = beyond(ints(side, TRACE), m * size)
            before = trace
            for within in range(1, epoch + 1):
                after = beyond(ints(side, HISTORY), (within * kinds + m) * size)
                _decay(before, after, size, doubles(side, KEEPS)[m], draw)
                _push_all(side, within, m, longs(side, IMPULSE_DRAWS)[t])
                before = after
            _copy(before, trace, size)


@inner
def any_of(values: Any, size: int) -> bool:
    """Whether one of them is not 0."""
    found = np.int32(0)
    for n in range(size):
        found |= values[n]
    return bool(found != 0)


@inner
def _copy(values: Any, into: Any, size: int) -> None:
    for n in range(size):
        into[n] = values[n]


@inner
def _decay(before: Any, after: Any, size: int, keeps: float, draw: float) -> None:
    """What is left of traces after a step, its fraction rounded at random.

    A trace that fades is none of a third factor, and never negative: to truncate it is its floor.
    """
    if keeps == 1.0:
        _copy(before, after, size)
        return
    for n in range(size):
        exact = keeps * np.float64(before[n])
        whole = np.int32(exact)
        after[n] = whole + np.int32(draw < exact - np.float64(whole))


@inner
def _push_all(side: Any, within: int, m: int, draw: int) -> None:
    """Add the impulses of those whose last spike was in a step of the epoch."""
    who, spike = ints(side, WHO), ints(side, SPIKE)
    traces = beyond(ints(side, HISTORY), within * side[KINDS] * side[SIZE])
    for n in range(side[COUNT]):
        if spike[who[n]] == within:
            _push(side, traces, m, who[n], draw)
