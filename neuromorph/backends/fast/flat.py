"""A network laid out in flat arrays, as the clocked engine reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.sparse import Rows, RowsMaker
from neuromorph.backends.fast.stepping import is_shared
from neuromorph.network import Network, Population, Projection
from neuromorph.numerics import limits
from neuromorph.shown import Shown

FIRST, SIZE, RESTS, OWN, STATE, WORDS, ARRIVED, PORTS, FEED, SPAN_END = range(10)
"""Columns of a span: its neurons; whether one whose state is 0 stays so, and silent, while nothing
arrives; where its constants, its state and what arrives begin, and how many numbers a neuron has of
the last two; which train it emits (-1: it is no source)."""

PRE, PRE_FIRST, WIDTH, POST, POST_FIRST, HEIGHT, INTO, DELAY, EXPONENT, GRADED, KIND, OFFSET, \
    PLASTIC, WIRE_END = range(14)
"""Columns of a wire: the numbers of both populations, their first neurons and sizes, and where
sums are added. Its last three: how its weights are stored, where they begin, and which of the
plastic projections it is (-1: none)."""

STORES = np.int8, np.int16, np.int16
"""Types of dense weights: of static ones the narrower that holds them, of plastic ones the last."""

LEARNED, SPARSE = len(STORES) - 1, len(STORES)
"""Kinds of storage beside the numbers of the types of static dense weights."""

NARROW_MAX, WIDE = np.iinfo(np.int32).max, 8
"""What a sum of 32 bits may be; added to the kind of a projection whose sums might be more."""

SPARSE_FROM = 16
"""Fewer than one weight in so many that is not 0, and a projection keeps only those: a sum goes to
a place of its own in about the time in which so many neighbours are added at once."""

Stores: TypeAlias = tuple[NDArray[np.int8], NDArray[np.int16], NDArray[np.int16]]


@dataclass(frozen=True, eq=False, repr=False)
class FlatNetwork(Shown):
    """A network as flat arrays: neurons one after the other, synapses by projection.

    Attributes
    ----------
    own : int64 array
        What the kernels read: by population, constant and neuron; once, if all have the same.
    state, arrived : int64 array
        By population, word or port, and neuron: one that has no neighbours of its kind cannot be
        stepped together with them. All 0.
    spans, wiring : int64 array
        A row for each population, and for each projection; see the constants of this file.
    stores : tuple of arrays
        Dense weights by type, see `STORES`; each projection's lie in one, from its offset on, by
        presynaptic neuron.
    rows : Rows
        Sparse weights; a projection's offset is where its starts begin.
    first : dict of str to int
        Index of each population's first neuron.
    """

    own: NDArray[np.int64]
    state: NDArray[np.int64]
    arrived: NDArray[np.int64]
    spans: NDArray[np.int64]
    wiring: NDArray[np.int64]
    stores: Stores
    rows: Rows
    first: dict[str, int]

    @property
    def learned(self) -> NDArray[np.int16]:
        """Weights of the plastic projections."""
        return self.stores[2]

    @property
    def size(self) -> int:
        """How many neurons there are."""
        first, size = self.spans[-1, [FIRST, SIZE]]
        return int(first + size)


def flatten(network: Network) -> FlatNetwork:
    """Lay a network out for `clock`."""
    spans, own = _spans(network.populations)
    number = {p.name: k for k, p in enumerate(network.populations)}
    learners = {p.name: k for k, p in enumerate(network.plastic)}
    wiring, taken, rows = [], [0] * len(STORES), RowsMaker()
    for p in network.projections:
        pre, post = number[p.pre], number[p.post]
        height, width = p.weights.shape
        port = network.populations[post].model.ports.index(p.port)
        kind = _kind(p)
        values = p.weights
        if kind == SPARSE:
            offset, values = rows.add(p.weights), rows.parts[-1].weights
        else:
            offset, taken[kind] = taken[kind], taken[kind] + height * width
        wiring.append([pre, spans[pre][FIRST], width, post, spans[post][FIRST], height,
                       spans[post][ARRIVED] + port * height, p.delay, p.exponent, int(p.graded),
                       kind + (0 if is_narrow(p, values) else WIDE), offset,
                       learners.get(p.name, -1)])
    state, arrived = (np.zeros(_room(spans, *what), np.int64)
                      for what in ((STATE, WORDS), (ARRIVED, PORTS)))
    return FlatNetwork(own, state, arrived, np.array(spans, np.int64),
                       np.array(wiring, np.int64).reshape(-1, WIRE_END),
                       _stored(network, wiring, taken), rows.made(),
                       {name: spans[k][FIRST] for name, k in number.items()})


def _spans(populations: Sequence[Population]) -> tuple[list[list[int]], NDArray[np.int64]]:
    """A row for each population, and the constants of all."""
    spans: list[list[int]] = []
    constants: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    first = state = own = arrived = feeds = 0
    for p in populations:
        model, words, ports = p.model, len(p.model.words), len(p.model.ports)
        spans.append([first, p.size, int(not model.self_driven), own, state, words, arrived, ports,
                      feeds if p.is_source else -1])
        values = () if p.is_source else model.constants()
        each = 1 if p.is_source or is_shared(model) else p.size
        constants += [np.broadcast_to(np.asarray(value, np.int64), each) for value in values]
        first, own, feeds = first + p.size, own + len(values) * each, feeds + int(p.is_source)
        state, arrived = state + words * p.size, arrived + ports * p.size
    return spans, np.concatenate(constants)


def _room(spans: list[list[int]], start: int, columns: int) -> int:
    return spans[-1][start] + spans[-1][columns] * spans[-1][SIZE]


def _kind(projection: Projection) -> int:
    """How its weights are stored; no static one has more than 9 bits and a sign."""
    if projection.rule is not None:
        return LEARNED
    narrow, w = np.iinfo(STORES[0]), projection.weights
    if np.count_nonzero(w) * SPARSE_FROM < w.size:
        return SPARSE
    return 0 if narrow.min <= w.min() and w.max() <= narrow.max else 1


def is_narrow(projection: Projection, values: NDArray[Any]) -> bool:
    """Whether 32 bits hold any sum of its weights: a bound from a row's length, no more.

    ``values`` are those weights that are not 0, and perhaps others.
    """
    if projection.graded:
        return False
    largest = (-limits.WEIGHT_MIN if projection.rule is not None  # it may become that
               else max(-int(values.min(initial=0)), int(values.max(initial=0))))
    return projection.weights.shape[1] * largest <= NARROW_MAX


def _stored(network: Network, wiring: list[list[int]], taken: list[int]) -> Stores:
    """The dense weights by presynaptic neuron, each copied once."""
    narrow, wide, learned = (np.empty(n, kind) for n, kind in zip(taken, STORES, strict=True))
    stores = narrow, wide, learned
    for p, wire in zip(network.projections, wiring, strict=True):
        kind = wire[KIND] % WIDE
        if kind < SPARSE:
            into = stores[kind][wire[OFFSET] : wire[OFFSET] + p.weights.size]
            into.reshape(p.weights.T.shape)[...] = p.weights.T
    return stores
