"""Any fixed-domain network, event-driven: only neurons that spiked touch their synapses.

A step costs as much as there are populations, projections and spikes, and neurons that are off
their rest. Spikes are kept by population, in a ring of as many steps as the longest delay needs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled, inner
from neuromorph.backends.fast.delivery import send
from neuromorph.backends.fast.flat import (
    ARRIVED,
    DELAY,
    FEED,
    FIRST,
    OWN,
    PLASTIC,
    PORTS,
    POST,
    POST_FIRST,
    PRE,
    PRE_FIRST,
    RESTS,
    SIZE,
    SPAN_END,
    STATE,
    WIRE_END,
    FlatNetwork,
)
from neuromorph.backends.fast.lanes import beyond, start
from neuromorph.backends.fast.learning_tables import LEARN, RECORD_END, WIRE
from neuromorph.backends.fast.pending import make_up_for, make_up_for_all
from neuromorph.backends.fast.records import enter
from neuromorph.backends.fast.stepping import call

learn_all: Any = None
make_up: Any = None
"""Let plastic projections learn, and give what they owe, or do nothing; `clock` gives them to
`_clock`."""

EIGHT = 8
"""Neurons that are looked at together."""

TARGET, WORD, COLUMN, WATCHED_END = range(4)
"""Columns of what is watched: a population, the word of its state (-1: its spikes), and where its
record begins."""


class Ring(NamedTuple):
    """The spikes of the last steps, by step and population.

    A population's lie from its first neuron on: who (counted within it), and what it sent.
    """

    counts: NDArray[np.int64]
    who: NDArray[np.int32]
    what: NDArray[np.int64]


class Now(NamedTuple):
    """The present step: what arrives and what is sent, neuron by neuron, and room for sums.

    By population: whether something reached it, whether a neuron of it is off its rest, and
    whether it was stepped.
    """

    arrived: NDArray[np.int64]
    sent: NDArray[np.int64]
    sums: NDArray[np.int32]
    wide: NDArray[np.int64]
    hit: NDArray[np.int8]
    live: NDArray[np.int8]
    stepped: NDArray[np.int8]


class Clocked(NamedTuple):
    """All of a run as pointers, which are not counted when they go from function to function.

    Of `FlatNetwork`, `Ring` and `Now` what they are called there. A row of ``wiring`` has
    `WIRE_END` numbers, one of ``spans`` `SPAN_END`, one of ``counts`` as many as there are
    populations, and one of ``who`` and ``what`` ``size``. The ring has ``around`` steps.
    """

    own: Any
    state: Any
    spans: Any
    steppers: Any
    wiring: Any
    narrow: Any
    wider: Any
    learned: Any
    starts: Any
    targets: Any
    weights: Any
    counts: Any
    who: Any
    what: Any
    arrived: Any
    sent: Any
    sums: Any
    wide: Any
    hit: Any
    live: Any
    stepped: Any
    around: int
    size: int
    populations: int
    wires: int


def room(flat: FlatNetwork, steps: int) -> tuple[Ring, Now]:
    """Empty room for a run: a ring for the longest delay that matters in it."""
    size, populations = flat.size, len(flat.spans)
    longest = int(flat.wiring[:, DELAY].max(initial=0))
    around = min(longest, steps) + 1
    ring = Ring(np.zeros((around, populations), np.int64), np.zeros((around, size), np.int32),
                np.zeros((around, size), np.int64))
    largest = int(flat.spans[:, SIZE].max())
    return ring, Now(flat.arrived, np.zeros(size, np.int64), np.zeros(largest, np.int32),
                     np.zeros(largest, np.int64), np.zeros(populations, np.int8),
                     np.ones(populations, np.int8), np.zeros(populations, np.int8))


@inner
def _deliver(c: Any, t: int) -> None:
    """Add what every static projection delivers at step t."""
    for k in range(c.wires):
        wire = beyond(c.wiring, k * WIRE_END)
        delay = wire[DELAY]
        if wire[PLASTIC] >= 0 or delay >= t:
            continue
        slot = (t - 1) % c.around - delay
        if slot < 0:
            slot += c.around
        count = c.counts[slot * c.populations + wire[PRE]]
        if count > 0:
            send(c, wire, slot * c.size + wire[PRE_FIRST], count)
            c.hit[wire[POST]] = 1


@inner
def _learn_all(c: Any, records: Any, projections: int, t: int) -> None:
    """Send the spikes of step t through the plastic projections, then let those learn."""
    slot = t % c.around
    who, what = beyond(c.who, slot * c.size), beyond(c.what, slot * c.size)
    counts = beyond(c.counts, slot * c.populations)
    for k in range(projections):
        one = beyond(records, k * RECORD_END)
        wire = beyond(c.wiring, one[WIRE] * WIRE_END)
        count, pre, post = counts[wire[PRE]], wire[PRE_FIRST], wire[POST_FIRST]
        if count > 0:
            for n in range(pre, pre + count):
                make_up_for(one, who[n])
            send(c, wire, slot * c.size + pre, count)
            c.hit[wire[POST]] = 1
        enter(one[LEARN], (one, beyond(who, pre), beyond(what, pre), count, beyond(who, post),
                           counts[wire[POST]], c.sent, t))


@inner
def _make_up(records: Any, projections: int) -> None:
    """Bring all weights and tags up to date, for whoever reads them."""
    for k in range(projections):
        make_up_for_all(beyond(records, k * RECORD_END))


@inner
def _learn_nothing(_c: Any, _records: Any, _projections: int, _t: int) -> None:
    """A network without plastic projections needs no compiled rules."""


@inner
def _make_up_nothing(_records: Any, _projections: int) -> None:
    """Nor does one that has nothing to make up for."""


@inner
def _emit(c: Any, span: Any, starts: Any, neurons: Any, payloads: Any, slot: int) -> int:
    """Let a source send what its train says from ``starts`` on; how many of its neurons spoke."""
    at, sent, begin = slot * c.size + span[FIRST], beyond(c.sent, span[FIRST]), starts[0]
    who, what, count = beyond(c.who, at), beyond(c.what, at), starts[1] - starts[0]
    for n in range(count):
        who[n], what[n] = neurons[begin + n], payloads[begin + n]
        sent[who[n]] = what[n]
    return int(count)


@inner
def _collect(c: Any, span: Any, slot: int) -> int:
    """Note which neurons of a population sent something, and what; how many.

    Most of them are silent: eight at a time are passed over.
    """
    at, sent, size, count = slot * c.size + span[FIRST], beyond(c.sent, span[FIRST]), span[SIZE], 0
    who, what = beyond(c.who, at), beyond(c.what, at)
    for begin in range(0, size, EIGHT):
        if begin + EIGHT <= size:
            any_of = 0
            for i in range(begin, begin + EIGHT):
                any_of |= sent[i]
            if any_of == 0:
                continue
        for i in range(begin, min(begin + EIGHT, size)):
            if sent[i] != 0:
                who[count], what[count] = i, sent[i]
                count += 1
    return count


@inner
def _step_all(c: Any, starts: Any, neurons: Any, payloads: Any, steps: int, t: int) -> None:
    """Step every population; one that nothing reaches only while a neuron is off its rest."""
    slot, before = t % c.around, (t + c.around - 1) % c.around
    for k in range(c.populations):
        span = beyond(c.spans, k * SPAN_END)
        size, sent = span[SIZE], beyond(c.sent, span[FIRST])
        quiet = beyond(c.who, before * c.size + span[FIRST])
        for n in range(c.counts[before * c.populations + k]):
            sent[quiet[n]] = 0
        count = 0
        c.stepped[k] = 0
        if span[FEED] >= 0:
            count = _emit(c, span, beyond(starts, span[FEED] * (steps + 1) + t), neurons, payloads,
                          slot)
        elif c.hit[k] or c.live[k]:
            live = call(c.steppers[k], c.own, span[OWN], c.state, span[STATE], c.arrived,
                        span[ARRIVED], c.sent, span[FIRST], size, t)
            c.live[k] = int(live != 0 or span[RESTS] == 0)
            c.stepped[k] = 1
            count = _collect(c, span, slot)
            if c.hit[k]:
                arrived = beyond(c.arrived, span[ARRIVED])
                for i in range(span[PORTS] * size):
                    arrived[i] = 0
                c.hit[k] = 0
        c.counts[slot * c.populations + k] = count


@inner
def _watch(c: Any, watched: Any, probes: int, record: Any, t: int) -> None:
    """Write down what probes ask for; what is not written is 0."""
    slot = t % c.around
    for n in range(probes):
        row = beyond(watched, n * WATCHED_END)
        span = beyond(c.spans, row[TARGET] * SPAN_END)
        size, into = span[SIZE], beyond(record, row[COLUMN] + t * span[SIZE])
        if row[WORD] < 0:
            at = slot * c.size + span[FIRST]
            who, what = beyond(c.who, at), beyond(c.what, at)
            for s in range(c.counts[slot * c.populations + row[TARGET]]):
                into[who[s]] = what[s]
        elif c.stepped[row[TARGET]]:
            state = beyond(c.state, span[STATE] + row[WORD] * size)
            for i in range(size):
                into[i] = state[i]


def _clock(
    own: NDArray[np.int64], state: NDArray[np.int64], spans: NDArray[np.int64],
    steppers: NDArray[np.int64], wiring: NDArray[np.int64], stores: Any, rows: Any,
    records: NDArray[np.int64], tags: NDArray[np.int16], feed: Any, ring: Ring, now: Now,
    watched: NDArray[np.int64], record: NDArray[np.int64], kept: NDArray[np.int64],
    kept_weights: NDArray[np.int32], kept_tags: NDArray[np.int32], steps: int,
) -> None:
    """Run all steps.

    ``feed`` holds the sources' trains, ``record`` receives what is ``watched``; ``kept`` holds the
    indices of learned weights and tags to record.
    """
    around, size = ring.who.shape
    c = Clocked(start(own), start(state), start(spans), start(steppers), start(wiring),
                start(stores[0]), start(stores[1]), start(stores[2]), start(rows.starts),
                start(rows.targets), start(rows.weights), start(ring.counts), start(ring.who),
                start(ring.what), start(now.arrived), start(now.sent), start(now.sums),
                start(now.wide), start(now.hit), start(now.live), start(now.stepped), around, size,
                len(spans), len(wiring))
    starts, neurons, payloads = start(feed.starts), start(feed.who), start(feed.what)
    plastic, projections = start(records), len(records)
    for t in range(steps):
        _deliver(c, t)
        _step_all(c, starts, neurons, payloads, steps, t)
        learn_all(c, plastic, projections, t)
        _watch(c, start(watched), len(watched), start(record), t)
        if len(kept) > 0:
            make_up(plastic, projections)
            for n in range(len(kept)):
                kept_weights[t, n], kept_tags[t, n] = stores[2][kept[n]], tags[kept[n]]
    make_up(plastic, projections)


@lru_cache
def clock(*, plastic: bool = True) -> Callable[..., None]:
    """`_clock`, compiled with or without what lets weights learn."""
    made: Callable[..., None] = compiled(
        _clock, name="clock_plastic" if plastic else "clock_static", nogil=True,
        given={"learn_all": _learn_all if plastic else _learn_nothing,
               "make_up": _make_up if plastic else _make_up_nothing})
    return made
