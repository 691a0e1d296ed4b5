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

from neuromorph.backends.fast.compiled import compiled
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
    STATE,
    FlatNetwork,
)
from neuromorph.backends.fast.lanes import beyond, keep, start
from neuromorph.backends.fast.learning_tables import LEARN, WIRE
from neuromorph.backends.fast.pending import make_up_for, make_up_for_all
from neuromorph.backends.fast.records import enter
from neuromorph.backends.fast.stepping import call

learn_all: Any = None
make_up: Any = None
"""Let plastic projections learn, and give what they owe, or do nothing; `clock` gives them to
`_clock`."""

EIGHT = 8
"""Neurons that are looked at together."""

TARGET, WORD, COLUMN = range(3)
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
    hit: NDArray[np.bool_]
    live: NDArray[np.bool_]
    stepped: NDArray[np.bool_]


def room(flat: FlatNetwork, steps: int) -> tuple[Ring, Now]:
    """Empty room for a run: a ring for the longest delay that matters in it."""
    size, populations = flat.size, len(flat.spans)
    longest = int(flat.wiring[:, DELAY].max(initial=0))
    around = min(longest, steps) + 1
    ring = Ring(np.zeros((around, populations), np.int64), np.zeros((around, size), np.int32),
                np.zeros((around, size), np.int64))
    largest = int(flat.spans[:, SIZE].max())
    return ring, Now(flat.arrived, np.zeros(size, np.int64), np.zeros(largest, np.int32),
                     np.zeros(largest, np.int64), np.zeros(populations, np.bool_),
                     np.ones(populations, np.bool_), np.zeros(populations, np.bool_))


@compiled
def _deliver(
    wiring: NDArray[np.int64], stores: Any, rows: Any, ring: Ring, t: int, now: Now
) -> None:
    """Add what every static projection delivers at step t."""
    around, size = ring.who.shape
    who, what = ring.who.reshape(around * size), ring.what.reshape(around * size)
    for k in range(len(wiring)):
        delay = wiring[k, DELAY]
        if wiring[k, PLASTIC] >= 0 or delay >= t:
            continue
        slot = (t - 1) % around - delay
        if slot < 0:
            slot += around
        count = ring.counts[slot, wiring[k, PRE]]
        if count > 0:
            send(wiring[k], stores, rows, who, what, slot * size + wiring[k, PRE_FIRST], count,
                 now.sums, now.wide, now.arrived)
            now.hit[wiring[k, POST]] = True


@compiled
def _learn_all(
    wiring: NDArray[np.int64], records: NDArray[np.int64], stores: Any, rows: Any, ring: Ring,
    t: int, now: Now,
) -> None:
    """Send the spikes of step t through the plastic projections, then let those learn."""
    around, size = ring.who.shape
    who, what = ring.who.reshape(around * size), ring.what.reshape(around * size)
    slot = t % around
    here, payloads = beyond(start(who), slot * size), beyond(start(what), slot * size)
    for k in range(len(records)):
        one = beyond(start(records), k * records.shape[1])
        p = wiring[one[WIRE]]
        count, pre = ring.counts[slot, p[PRE]], beyond(here, p[PRE_FIRST])
        if count > 0:
            for n in range(count):
                make_up_for(one, pre[n])
            send(p, stores, rows, who, what, slot * size + p[PRE_FIRST], count, now.sums, now.wide,
                 now.arrived)
            now.hit[p[POST]] = True
        enter(one[LEARN], (one, pre, beyond(payloads, p[PRE_FIRST]), count,
                           beyond(here, p[POST_FIRST]), ring.counts[slot, p[POST]],
                           start(now.sent), t))
    keep(who)
    keep(what)
    keep(records)
    keep(now.sent)


@compiled
def _make_up(records: NDArray[np.int64]) -> None:
    """Bring all weights and tags up to date, for whoever reads them."""
    for k in range(len(records)):
        make_up_for_all(beyond(start(records), k * records.shape[1]))
    keep(records)


@compiled
def _learn_nothing(
    _wiring: NDArray[np.int64], _records: NDArray[np.int64], _stores: Any, _rows: Any, _ring: Ring,
    _t: int, _now: Now,
) -> None:
    """A network without plastic projections needs no compiled rules."""


@compiled
def _make_up_nothing(_records: NDArray[np.int64]) -> None:
    """Nor does one that has nothing to make up for."""


@compiled
def _emit(span: NDArray[np.int64], feed: Any, ring: Ring, slot: int, t: int, sent: Any) -> int:
    """Let a source send what its train says; how many of its neurons spoke."""
    first = span[FIRST]
    begin: int = feed.starts[span[FEED], t]
    end: int = feed.starts[span[FEED], t + 1]
    for n in range(begin, end):
        ring.who[slot, first + n - begin] = feed.who[n]
        ring.what[slot, first + n - begin] = feed.what[n]
        sent[first + feed.who[n]] = feed.what[n]
    return end - begin


@compiled
def _collect(span: NDArray[np.int64], ring: Ring, slot: int, sent: Any) -> int:
    """Note which neurons of a population sent something, and what; how many.

    Most of them are silent: eight at a time are passed over.
    """
    first, size, count = span[FIRST], span[SIZE], 0
    for begin in range(0, size, EIGHT):
        if begin + EIGHT <= size:
            any_of = 0
            for i in range(first + begin, first + begin + EIGHT):
                any_of |= sent[i]
            if any_of == 0:
                continue
        for i in range(begin, min(begin + EIGHT, size)):
            if sent[first + i] != 0:
                ring.who[slot, first + count] = i
                ring.what[slot, first + count] = sent[first + i]
                count += 1
    return count


@compiled
def _step_all(
    spans: NDArray[np.int64], steppers: NDArray[np.int64], own: NDArray[np.int64],
    state: NDArray[np.int64], feed: Any, ring: Ring, t: int, now: Now,
) -> None:
    """Step every population; one that nothing reaches only while a neuron is off its rest."""
    constants, states, arrived, sent = start(own), start(state), start(now.arrived), start(now.sent)
    around = len(ring.counts)
    slot, before = t % around, (t + around - 1) % around
    for k in range(len(spans)):
        span = spans[k]
        first, size = span[FIRST], span[SIZE]
        for n in range(first, first + ring.counts[before, k]):
            sent[first + ring.who[before, n]] = 0
        count = 0
        now.stepped[k] = False
        if span[FEED] >= 0:
            count = _emit(span, feed, ring, slot, t, sent)
        elif now.hit[k] or now.live[k]:
            live = call(steppers[k], constants, span[OWN], states, span[STATE], arrived,
                        span[ARRIVED], sent, first, size, t)
            now.live[k] = live != 0 or span[RESTS] == 0
            now.stepped[k] = True
            count = _collect(span, ring, slot, sent)
            if now.hit[k]:
                for i in range(span[ARRIVED], span[ARRIVED] + span[PORTS] * size):
                    arrived[i] = 0
                now.hit[k] = False
        ring.counts[slot, k] = count
    keep(own)
    keep(state)
    keep(now.arrived)
    keep(now.sent)


@compiled
def _watch(
    watched: NDArray[np.int64], record: NDArray[np.int64], spans: NDArray[np.int64],
    state: NDArray[np.int64], ring: Ring, t: int, stepped: NDArray[np.bool_],
) -> None:
    """Write down what probes ask for; what is not written is 0."""
    slot = t % len(ring.counts)
    for n in range(len(watched)):
        k, word = watched[n, TARGET], watched[n, WORD]
        first, size = spans[k, FIRST], spans[k, SIZE]
        at = watched[n, COLUMN] + t * size
        if word < 0:
            for s in range(first, first + ring.counts[slot, k]):
                record[at + ring.who[slot, s]] = ring.what[slot, s]
        elif stepped[k]:
            begin = spans[k, STATE] + word * size
            for i in range(size):
                record[at + i] = state[begin + i]


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
    weights = stores[2]
    for t in range(steps):
        _deliver(wiring, stores, rows, ring, t, now)
        _step_all(spans, steppers, own, state, feed, ring, t, now)
        learn_all(wiring, records, stores, rows, ring, t, now)
        _watch(watched, record, spans, state, ring, t, now.stepped)
        if len(kept) > 0:
            make_up(records)
        for n in range(len(kept)):
            kept_weights[t, n], kept_tags[t, n] = weights[kept[n]], tags[kept[n]]
    make_up(records)


@lru_cache
def clock(*, plastic: bool = True) -> Callable[..., None]:
    """`_clock`, compiled with or without what lets weights learn."""
    made: Callable[..., None] = compiled(
        _clock, name="clock_plastic" if plastic else "clock_static", nogil=True,
        given={"learn_all": _learn_all if plastic else _learn_nothing,
               "make_up": _make_up if plastic else _make_up_nothing})
    return made
