"""Graph and hypergraph partitioners on what our compiler packs; each is skipped where it is not
installed.

Vertices are chunks of populations, with the largest share that one takes of any resource of a core
as their weight. A net joins a chunk and all chunks with synapses of its neurons; it weighs their
number, once a core that it touches. METIS has graphs only: edges from a chunk to all others.
KaHyPar's package has none of the files of settings that it asks for, and is left out.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise
from typing import Any

import numpy as np

from neuromorph.compile import Compiled
from neuromorph.compile.packing.demand import Demand, used_synapses
from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.packing.place import Places, coordinates
from neuromorph.compile.packing.traffic import Traffic

A_CORE = 24
"""Chunks that a core holds at least."""

IMBALANCE = 0.02


@dataclass(frozen=True)
class Chunk:
    """Neurons of a population, and the share of a core that they take."""

    unit: int
    demand: Demand
    start: int
    stop: int
    share: float


Net = tuple[tuple[int, ...], int]
"""Chunks, and how many neurons' spikes go from the first to the others."""


def chunks_of(state: Compiled) -> list[Chunk]:
    return [chunk for unit, demands in enumerate(state.demands) for demand in demands
            for chunk in _chunks(unit, demand, state.limits)]


def _chunks(unit: int, demand: Demand, limits: Limits) -> Iterator[Chunk]:
    size = demand.population.size
    count = 1 if demand.whole else min(size, max(1, round(A_CORE * _share(demand, 0, size,
                                                                           limits))))
    edges = [size * n // count for n in range(count + 1)]
    for start, stop in pairwise(edges):
        yield Chunk(unit, demand, start, stop, _share(demand, start, stop, limits))


def _share(demand: Demand, start: int, stop: int, limits: Limits) -> float:
    needs = {"neurons": stop - start, "synapse_bits": demand.bits(start, stop, limits),
             "in_axons": demand.own(start, stop)}
    return max(need / limits.core()[name] for name, need in needs.items())


def nets_of(state: Compiled, chunks: Sequence[Chunk]) -> list[Net]:
    near: dict[tuple[int, str], list[int]] = {}
    for index, chunk in enumerate(chunks):
        near.setdefault((chunk.unit, chunk.demand.population.name), []).append(index)
    found: dict[int, set[int]] = {}
    for number, unit in enumerate(state.program.units):
        for projection in unit.network.projections:
            if unit.network.population(projection.pre).is_source:
                continue
            used = used_synapses(projection)
            for post in near[number, projection.post]:
                hit = used[chunks[post].start : chunks[post].stop].any(axis=0)
                for pre in near[number, projection.pre]:
                    if hit[chunks[pre].start : chunks[pre].stop].any():
                        found.setdefault(pre, set()).add(post)
    return [((pre, *sorted(posts - {pre})), chunks[pre].stop - chunks[pre].start)
            for pre, posts in found.items() if posts - {pre}]


def metis(weights: Sequence[int], nets: Sequence[Net], parts: int) -> list[int]:
    """Parts of vertices that METIS finds."""
    import pymetis

    edges: dict[tuple[int, int], int] = {}
    for (first, *others), weight in nets:
        for other in others:
            for ends in ((first, other), (other, first)):
                edges[ends] = edges.get(ends, 0) + weight
    near: list[list[int]] = [[] for _ in weights]
    heavy: list[list[int]] = [[] for _ in weights]
    for (one, other), weight in edges.items():
        near[one].append(other)
        heavy[one].append(weight)
    starts = np.cumsum([0, *map(len, near)]).tolist()
    _, part = pymetis.part_graph(
        parts, adjacency=pymetis.CSRAdjacency(starts, list(chain(*near))),
        eweights=list(chain(*heavy)), vweights=list(weights),
        options=pymetis.Options(ufactor=round(1000 * IMBALANCE), seed=1))
    return list(part)


def mt_kahypar(weights: Sequence[int], nets: Sequence[Net], parts: int) -> list[int]:
    """Parts of vertices that Mt-KaHyPar finds: least sum of (parts of a net - 1) x weight."""
    import mtkahypar

    begun = _begun()
    mtkahypar.set_seed(1)
    context = begun.context_from_preset(mtkahypar.PresetType.DEFAULT)
    context.set_partitioning_parameters(parts, IMBALANCE, mtkahypar.Objective.KM1)
    context.logging = False
    graph = begun.create_hypergraph(context, len(weights), len(nets),
                                    [list(ends) for ends, _ in nets], list(weights),
                                    [weight for _, weight in nets])
    return list(graph.partition(context).get_partition())


@cache
def _begun() -> Any:
    """Mt-KaHyPar is begun once a process."""
    import mtkahypar

    return mtkahypar.initialize(1)


Partitioner = Callable[[Sequence[int], Sequence[Net], int], list[int]]
PARTITIONERS: dict[str, tuple[str, Partitioner]] = {"METIS": ("pymetis", metis),
                                                    "Mt-KaHyPar": ("mtkahypar", mt_kahypar)}


def installed() -> dict[str, Partitioner]:
    return {name: found for name, (module, found) in PARTITIONERS.items()
            if importlib.util.find_spec(module) is not None}


def bisected(places: Places, traffic: Traffic, limits: Limits) -> Places:
    """The same places, given out by halving places and cores again and again with METIS."""
    at, found = coordinates(places, limits), places.copy()
    away = traffic.source != traffic.target
    links = list(zip(traffic.source[away].tolist(), traffic.target[away].tolist(),
                     traffic.packets[away].astype(int).tolist(), strict=True))
    waiting = [(np.arange(len(places)), np.arange(len(places)), links)]
    while waiting:
        cores, free, links = waiting.pop()
        if len(cores) == 1:
            found[cores[0]] = places[free[0]]
            continue
        wide = int(np.argmax(np.ptp(at[free], axis=0)))
        free = free[np.lexsort((at[free, 1 - wide], at[free, wide]))]
        side = _halves(cores, links)
        for half, there in ((0, free[: len(free) // 2]), (1, free[len(free) // 2 :])):
            here = cores[side == half]
            kept = set(here.tolist())
            waiting.append((here, there, [link for link in links
                                          if link[0] in kept and link[1] in kept]))
    return found


def _halves(cores: Any, links: Sequence[tuple[int, int, int]]) -> Any:
    """0 or 1 for each core, half of them rounded down 0: METIS's halves, made exact."""
    index = {core: n for n, core in enumerate(cores.tolist())}
    nets = [((index[a], index[b]), weight) for a, b, weight in links if weight]
    side = np.array(metis([1] * len(cores), nets, 2))
    pull = np.zeros((2, len(cores)))
    for (a, b), weight in nets:
        pull[side[b], a] += weight
        pull[side[a], b] += weight
    surplus = int((side == 0).sum()) - len(cores) // 2
    full = 0 if surplus > 0 else 1
    movable = np.flatnonzero(side == full)
    gain = pull[1 - full, movable] - pull[full, movable]
    side[movable[np.argsort(-gain, kind="stable")[: abs(surplus)]]] = 1 - full
    return side
