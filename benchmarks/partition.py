"""Our packing and METIS on SmolLM2's heads: does a graph partitioner keep cores within limits?

Needs pymetis (`pip install pymetis`), which nothing else does. Vertices are 32 match neurons, or
all other neurons of a head; their weights synaptic memory, those of edges spikes of one query.
"""

from __future__ import annotations

import importlib.util
import time
from itertools import chain
from typing import Any

import numpy as np

from benchmarks.compile import units_of
from neuromorph.compile import Compiled, compile_units
from neuromorph.compile.packing.traffic import traffic
from neuromorph.profiles import load_profile

SLOTS, HEADS, CHUNK = 512, 270, 32
PARTS = (1.0, 1.05, 1.1, 1.2, 1.3, 1.5)
"""Cores that METIS is given, of the cores that we take."""

UNBALANCED = (1, 5, 10, 30)
"""METIS's imbalance, in thousandths; the best of its results counts."""


def measure() -> dict[str, Any]:
    if importlib.util.find_spec("pymetis") is None:
        return {"skipped": "pymetis is not installed"}
    state = compile_units(units_of(SLOTS, HEADS), load_profile("kapoho_point"))
    weights, edges = graph(state)
    return {"heads": HEADS, "slots": SLOTS, "neuromorph": {
        "cores": state.program.cores, "bound": state.lower_bound, "cores_too_full": 0,
        "spikes_between_cores": traffic(state.program).between_cores},
        "metis": [metis(weights, edges, round(share * state.program.cores),
                        state.limits.synapse_bits) for share in PARTS]}


def graph(state: Compiled) -> tuple[list[int], list[tuple[int, int]]]:
    """Bits of every vertex, and who sends spikes to whom."""
    weights: list[int] = []
    edges = []
    for demands in state.demands:
        match = next(d for d in demands if d.population.name == "match")
        readers = len(weights)
        weights.append(sum(d.bits(0, d.population.size, state.limits)
                           for d in demands if d is not match))
        for start in range(0, SLOTS, CHUNK):
            edges.append((readers, len(weights)))
            weights.append(match.bits(start, start + CHUNK, state.limits))
    return weights, edges


def metis(
    weights: list[int], edges: list[tuple[int, int]], parts: int, capacity: int
) -> dict[str, Any]:
    import pymetis

    near: list[list[int]] = [[] for _ in weights]
    for a, b in edges:
        near[a].append(b)
        near[b].append(a)
    starts, ends = np.cumsum([0, *map(len, near)]).tolist(), list(chain(*near))
    found = []
    for thousandths in UNBALANCED:
        began = time.perf_counter()
        cut, part = pymetis.part_graph(
            parts, adjacency=pymetis.CSRAdjacency(starts, ends), eweights=[CHUNK] * len(ends),
            vweights=[bits // 64 for bits in weights],
            options=pymetis.Options(ufactor=thousandths, seed=1))
        fill = np.bincount(part, weights=weights, minlength=parts) / capacity
        found.append({"cores": parts, "cores_too_full": int((fill > 1).sum()),
                      "spikes_between_cores": cut, "fullest": float(fill.max()),
                      "seconds": time.perf_counter() - began})
    return min(found, key=lambda r: (r["cores_too_full"], r["spikes_between_cores"]))
