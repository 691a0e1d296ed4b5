"""Any fixed-domain network, event-driven: only neurons that spiked touch their synapses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled, digest_of
from neuromorph.backends.fast.learning import learn
from neuromorph.backends.fast.learning_tables import WIRE
from neuromorph.backends.fast.stepping import step_of
from neuromorph.network import Network, Population, Projection
from neuromorph.neurons import models
from neuromorph.shown import Shown

FIRST, STOP, KIND, RESTS = range(4)
"""Columns of a span: its neurons, the number of its model (-1: a source), and whether a neuron of
it whose state is 0 stays so, and silent, while nothing arrives."""

step: Any = None
"""Steps a population by its model's kernel; `clock` gives it to `_clock`."""

PRE, POST, WIDTH, HEIGHT, DELAY, EXPONENT, GRADED, STORE, OFFSET, PLASTIC, HOME, PORT = range(12)

STORES = np.int8, np.int16, np.int32
"""Types of weights: of static ones the narrower that holds them, of plastic ones the last."""

LEARNED = len(STORES) - 1

Stores: TypeAlias = tuple[NDArray[np.int8], NDArray[np.int16], NDArray[np.int32]]


@dataclass(frozen=True, eq=False, repr=False)
class FlatNetwork(Shown):
    """A network as flat arrays: neurons one after the other, synapses by projection.

    Attributes
    ----------
    own : int64 array, shape (neurons, constants)
        What the kernel of each neuron's model reads.
    words, ports : int
        Columns of the state, and of what arrives.
    spans, wiring : int64 array
        A row for each population, and for each projection; see the constants of this file.
    stores : tuple of arrays
        Weights by type, see `STORES`; each projection's lie in one, from its offset on.
    first : dict of str to int
        Index of each population's first neuron.
    """

    own: NDArray[np.int64]
    words: int
    ports: int
    spans: NDArray[np.int64]
    wiring: NDArray[np.int64]
    stores: Stores
    first: dict[str, int]

    @property
    def learned(self) -> NDArray[np.int32]:
        """Weights of the plastic projections."""
        return self.stores[2]


def flatten(network: Network) -> FlatNetwork:
    """Lay a network out for `clock`; weights are stored by presynaptic neuron."""
    first, size = {}, 0
    for population in network.populations:
        first[population.name] = size
        size += population.size
    wiring, taken = [], [0] * len(STORES)
    learners = {p.name: k for k, p in enumerate(network.plastic)}
    number = {p.name: k for k, p in enumerate(network.populations)}
    for p in network.projections:
        height, width = p.weights.shape
        ports, store = network.populations[number[p.post]].model.ports, _store(p)
        wiring.append([first[p.pre], first[p.post], width, height, p.delay, p.exponent,
                       int(p.graded), store, taken[store], learners.get(p.name, -1),
                       number[p.post], ports.index(p.port)])
        taken[store] += height * width
    return FlatNetwork(_own(network, size), _most(network, "words"), _most(network, "ports"),
                       np.array([_span(p, first[p.name]) for p in network.populations]),
                       np.array(wiring, np.int64).reshape(-1, PORT + 1),
                       _stored(network, wiring, taken), first)


def _store(projection: Projection) -> int:
    """Where a projection's weights go: no static one has more than 9 bits and a sign."""
    if projection.rule is not None:
        return LEARNED
    narrow, w = np.iinfo(STORES[0]), projection.weights
    return 0 if narrow.min <= w.min() and w.max() <= narrow.max else 1


def _stored(network: Network, wiring: list[list[int]], taken: list[int]) -> Stores:
    """The weights by presynaptic neuron, each copied once."""
    narrow, wide, learned = (np.empty(n, kind) for n, kind in zip(taken, STORES, strict=True))
    stores = narrow, wide, learned
    for p, row in zip(network.projections, wiring, strict=True):
        into = stores[row[STORE]][row[OFFSET] : row[OFFSET] + p.weights.size]
        into.reshape(p.weights.T.shape)[...] = p.weights.T
    return stores


def _most(network: Network, what: str) -> int:
    return max(1, *(len(getattr(p.model, what)) for p in network.populations))


def _own(network: Network, size: int) -> NDArray[np.int64]:
    constants = [() if p.is_source else p.model.constants() for p in network.populations]
    own = np.zeros((size, max(1, *map(len, constants))), np.int64)
    first = 0
    for population, values in zip(network.populations, constants, strict=True):
        for column, value in enumerate(values):
            own[first : first + population.size, column] = value
        first += population.size
    return own


def _span(population: Population, first: int) -> list[int]:
    model = population.model
    kind = -1 if population.is_source else list(models()).index(model.kind)
    return [first, first + population.size, kind, int(not model.self_driven)]


@compiled
def _send(
    p: NDArray[np.int64], weights: NDArray[Any], sent: NDArray[np.int64],
    who: NDArray[np.int32], into: NDArray[np.int64], sums: NDArray[np.int64],
) -> bool:
    """Add what one projection makes of the spikes of one step; whether there were any.

    ``sent`` holds what every neuron sends, ``who`` the neurons that send anything.
    """
    active, held = False, -1
    other: Any = np.int64(0)
    for n in range(len(who)):
        j = who[n] - p[PRE]
        if j < 0 or j >= p[WIDTH]:
            continue
        if not active:
            sums[: p[HEIGHT]] = 0
            active = True
        factor = sent[who[n]] if p[GRADED] else 1
        row = p[OFFSET] + j * p[HEIGHT]
        if held < 0:  # two at a time: half the way to the sums and back
            held, other = row, factor
            continue
        for i in range(p[HEIGHT]):
            sums[i] += factor * weights[row + i] + other * weights[held + i]
        held = -1
    if held >= 0:
        for i in range(p[HEIGHT]):
            sums[i] += other * weights[held + i]
    if active:
        for i in range(p[HEIGHT]):
            total = sums[i]
            moved = total << p[EXPONENT] if p[EXPONENT] >= 0 else total >> -p[EXPONENT]
            into[p[POST] + i, p[PORT]] += moved
    return active


@compiled
def _deliver(
    wiring: NDArray[np.int64], stores: Stores, spikes: NDArray[np.int64],
    who: NDArray[np.int32], starts: NDArray[np.int64], t: int, into: NDArray[np.int64],
    hit: NDArray[np.bool_], sums: NDArray[np.int64],
) -> None:
    """Add what every static projection delivers at step t."""
    for k in range(len(wiring)):
        at = t - 1 - wiring[k, DELAY]
        if wiring[k, PLASTIC] >= 0 or at < 0 or starts[at] == starts[at + 1]:
            continue
        spoke = who[starts[at] : starts[at + 1]]
        if wiring[k, STORE] == 0:
            reached = _send(wiring[k], stores[0], spikes[at], spoke, into, sums)
        else:
            reached = _send(wiring[k], stores[1], spikes[at], spoke, into, sums)
        if reached:
            hit[wiring[k, HOME]] = True


@compiled
def _learn(
    wiring: NDArray[np.int64], rules: Any, dice: Any, traces: Any, weights: NDArray[np.int32],
    tags: NDArray[np.int32], sent: NDArray[np.int64], who: NDArray[np.int32], t: int,
    into: NDArray[np.int64], hit: NDArray[np.bool_], sums: NDArray[np.int64],
) -> None:
    """Send the spikes of step t through the plastic projections, then let those learn."""
    for k in range(len(rules.table)):
        p = wiring[rules.table[k, WIRE]]
        if _send(p, weights, sent, who, into, sums):
            hit[p[HOME]] = True
        wire = np.array([p[PRE], p[WIDTH], p[POST], p[HEIGHT], p[OFFSET]])
        learn(rules, dice, traces, k, wire, sent, t, weights, tags)


def _clock(
    own: NDArray[np.int64], state: NDArray[np.int64], arrived: NDArray[np.int64],
    spans: NDArray[np.int64], wiring: NDArray[np.int64], stores: Stores,
    tags: NDArray[np.int32], rules: Any, dice: Any, traces: Any, spikes: NDArray[np.int64],
    watched: NDArray[np.int64], states: NDArray[np.int64], kept: NDArray[np.int64],
    kept_weights: NDArray[np.int32], kept_tags: NDArray[np.int32],
) -> None:
    """Run all steps; ``spikes`` holds the sources' trains and receives everyone else's.

    A population that nothing reaches is stepped only while one of its neurons is off its rest.
    ``states`` receives a word of some neurons: ``watched`` has a row [first, stop, word, column]
    for each population and word. ``kept`` holds the indices of learned weights and tags to record.
    """
    steps, size = spikes.shape
    weights = stores[2]
    sums, learned_in = np.zeros(size, np.int64), np.zeros_like(arrived)
    who, starts = np.empty(steps * size, np.int32), np.zeros(steps + 1, np.int64)
    hit, learned_hit = np.zeros(len(spans), np.bool_), np.zeros(len(spans), np.bool_)
    live = np.ones(len(spans), np.bool_)
    for t in range(steps):
        arrived[:] = learned_in
        hit[:] = learned_hit
        learned_in[:] = 0
        learned_hit[:] = False
        _deliver(wiring, stores, spikes, who, starts, t, arrived, hit, sums)
        count = starts[t]
        for k in range(len(spans)):
            first, stop, kind = spans[k, FIRST], spans[k, STOP], spans[k, KIND]
            if kind >= 0:
                if not hit[k] and not live[k]:
                    continue
                live[k] = step(kind, spans[k, RESTS], own, state, arrived, spikes[t], first, stop,
                               t)
            for i in range(first, stop):
                if spikes[t, i] != 0:
                    who[count] = i
                    count += 1
        starts[t + 1] = count
        _learn(wiring, rules, dice, traces, weights, tags, spikes[t], who[starts[t] : count], t,
               learned_in, learned_hit, sums)
        for n in range(len(watched)):
            first, stop, word, column = watched[n]
            for i in range(first, stop):
                states[t, column + i - first] = state[i, word]
        for n in range(len(kept)):
            kept_weights[t, n], kept_tags[t, n] = weights[kept[n]], tags[kept[n]]


def clock() -> Callable[..., None]:
    """`_clock`, compiled with the kernels of all models that are registered now."""
    return _clock_of(tuple(models().values()))


@lru_cache
def _clock_of(known: tuple[Any, ...]) -> Callable[..., None]:
    """A cache on disk holds it under the names of the models, and what is in files elsewhere."""
    homes = {sys.modules[model.__module__] for model in known
             if not model.__module__.startswith("neuromorph.neurons.")}
    files = sorted(Path(home.__file__) for home in homes if home.__file__)
    name = "_".join(["clock", *(model.__name__ for model in known), digest_of(files)[:12]])
    made: Callable[..., None] = compiled(_clock, name=name, nogil=True,
                                         given={"step": step_of(list(known))})
    return made
