"""Our cut and places beside METIS and Mt-KaHyPar: chunks of neurons to cores, cores to places.

``NEUROMORPH_WHOLE`` names bundles of whole models to take too, separated by colons; with ``@block``
behind a name only the model's first block. None of the partitioners is needed by the
package; what is not installed is skipped, and named.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.compile import units_of
from benchmarks.partitioners import (
    PARTITIONERS,
    Chunk,
    Partitioner,
    bisected,
    chunks_of,
    installed,
    nets_of,
)
from neuromorph.bundle.whole import load_whole
from neuromorph.circuits.block.build import build as build_block
from neuromorph.circuits.transformer.build import build
from neuromorph.compile import Compiled, Unit, compile_units
from neuromorph.compile.packing.core import Core
from neuromorph.compile.packing.demand import used_synapses
from neuromorph.compile.packing.out_axons import of_cores, out_axons
from neuromorph.compile.packing.place import Places, hops, place, row_by_row
from neuromorph.compile.packing.swaps import swapped
from neuromorph.compile.packing.traffic import Traffic, traffic
from neuromorph.compile.program import Program, Slice
from neuromorph.cost.links import fullest_link
from neuromorph.deploy.boards import named

SLOTS, HEADS = 512, 270
MORE = (1.0, 1.03, 1.06, 1.1, 1.15, 1.2, 1.3, 1.5, 2.0, 3.0)
"""Cores that a partitioner is given, of ours, until none is too full."""

BOARD, PATIENCE = "alia_point", 60.0
"""Seconds after which a partitioner gets no more cores."""


def measure() -> dict[str, Any]:
    there = installed()
    result: dict[str, Any] = {"skipped": sorted(set(PARTITIONERS) - set(there))}
    for name, units in cases():
        began = time.perf_counter()
        state = compile_units(units, named(BOARD, programmable=True).profile)
        seconds = time.perf_counter() - began
        result[name] = {"bound": state.lower_bound, "cut": cut(state, there, seconds),
                        "places": places_of(state, there)}
        show(name, result[name])
    return result


def cases() -> Iterator[tuple[str, tuple[Unit, ...]]]:
    yield f"{HEADS} heads of {SLOTS} slots", units_of(SLOTS, HEADS)
    for given in filter(None, os.environ.get("NEUROMORPH_WHOLE", "").split(":")):
        path = Path(given.removesuffix("@block"))
        model = load_whole(path).model
        if path != Path(given):
            yield f"{path.name}, one block", (Unit("block", build_block(model.blocks[0])),)
        else:
            yield f"{path.name}, whole", (Unit("whole", build(model)),)


def cut(state: Compiled, there: dict[str, Partitioner], seconds: float) -> list[dict[str, Any]]:
    rows = [{"by": "neuromorph", **judged(state, state.program), "compile_seconds": seconds}]
    plain = replace(state.program, places=place(state.program.cores, state.limits))
    rows[0]["hops_along_the_line"] = hops(traffic(plain), plain.places, state.limits)
    chunks = chunks_of(state)
    nets = nets_of(state, chunks)
    weights = [round(1e6 * chunk.share) + 1 for chunk in chunks]
    for name, partition in there.items():
        began = time.perf_counter()
        for share in MORE:
            parts = max(2, round(share * state.program.cores))
            if parts > len(chunks):
                break
            once = time.perf_counter()
            found = partition(weights, nets, parts)
            once = time.perf_counter() - once
            row = judged(state, program_of(state, chunks, found))
            if not row["too_full"] or time.perf_counter() - began > PATIENCE:
                break
        rows.append({"by": name, "chunks": len(chunks), **row, "seconds_a_partition": once})
    return rows


def program_of(state: Compiled, chunks: Sequence[Chunk], parts: Sequence[int]) -> Program:
    """Chunks on the cores of their parts, along the line and then swapped, as ours are."""
    number = {part: core for core, part in enumerate(dict.fromkeys(parts))}
    slices: list[Slice] = []
    for chunk, part in zip(chunks, parts, strict=True):
        name, core = chunk.demand.population.name, number[part]
        last = slices[-1] if slices else None
        if last and (last.unit, last.population, last.core, last.stop) == (
                chunk.unit, name, core, chunk.start):
            slices[-1] = replace(last, stop=chunk.stop)
        else:
            slices.append(Slice(chunk.unit, name, chunk.start, chunk.stop, core))
    program = replace(state.program, slices=tuple(slices))
    free = replace(state.limits, chips=max(state.limits.chips, 1 + len(number) // 60))
    return replace(program, places=swapped(place(len(number), free), traffic(program), free))


def judged(state: Compiled, program: Program) -> dict[str, Any]:
    links, limits = traffic(program), state.limits
    keys, values, all_of_them = (loads(program, *kind) for kind in (
        ("match", None), (None, "match"), (None, None)))
    return {"cores": program.cores, "too_full": too_full(state, program),
            "packets": links.between_cores, "hops": hops(links, program.places, limits),
            "fullest_link": fullest_link(links, program.places, limits),
            "keys_most_to_mean": keys, "values_most_to_mean": values,
            "synapses_most_to_mean": all_of_them}


def too_full(state: Compiled, program: Program) -> int:
    """Cores that hold more than a core has, out-axons included."""
    limits = state.limits
    cores = [Core(limits, {}) for _ in range(program.cores)]
    by_name = {(unit, demand.population.name): demand
               for unit, demands in enumerate(state.demands) for demand in demands}
    for piece in program.slices:
        cores[piece.core].put(piece.unit, by_name[piece.unit, piece.population], piece.start,
                              piece.stop)
    leaving = of_cores(program.slices, out_axons(program))
    return sum(bool(
        core.neurons > limits.neurons or core.synapse_bits > limits.synapse_bits
        or core.synapse_bits + core.neuron_bits > limits.memory_bits
        or core.in_axons > limits.in_axons or sent > limits.out_axons
        or len(core.settings) > min(limits.thresholds, limits.settings)
        or len(core.formats) > limits.formats) for core, sent in zip(cores, leaving, strict=True))


def loads(program: Program, to: str | None, of: str | None) -> float:
    """Synapses of the fullest core over the mean of those that have any, of some populations."""
    found = np.zeros(program.cores)
    for unit in range(len(program.units)):
        pieces = program.slices_of(unit)
        for projection in program.units[unit].network.projections:
            pre, post = (name.rpartition(".")[2] for name in (projection.pre, projection.post))
            if (to and post != to) or (of and pre != of):
                continue
            counts = used_synapses(projection).sum(axis=1)
            for piece in pieces[projection.post]:
                found[piece.core] += counts[piece.start : piece.stop].sum()
    return float(found.max() / found[found > 0].mean()) if found.any() else 0.0


def places_of(state: Compiled, there: dict[str, Partitioner]) -> list[dict[str, Any]]:
    """Our cores in several places."""
    cores, limits, links = state.program.cores, state.limits, traffic(state.program)
    along = place(cores, limits)
    ways = {"row by row": lambda: row_by_row(cores, limits), "along the line": lambda: along,
            "line, swapped (ours)": lambda: swapped(along, links, limits)}
    if "METIS" in there:
        ways |= {"halved by METIS": lambda: bisected(along, links, limits),
                 "halved, swapped": lambda: swapped(bisected(along, links, limits), links,
                                                    limits)}
    return [{"places": name, **_placed(way, links, limits)} for name, way in ways.items()]


def _placed(way: Any, links: Traffic, limits: Any) -> dict[str, Any]:
    began = time.perf_counter()
    found: Places = way()
    seconds = time.perf_counter() - began
    apart = found[links.source, 0] != found[links.target, 0]
    return {"hops": hops(links, found, limits), "fullest_link": fullest_link(links, found, limits),
            "between_chips": float(links.packets[apart].sum()), "seconds": seconds}


def show(name: str, found: dict[str, Any]) -> None:
    sys.stdout.write(f"{name}: at least {found['bound']} cores\n")
    for rows in (found["cut"], found["places"]):
        for row in rows:
            sys.stdout.write("  " + ", ".join(
                f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
                for key, value in row.items()) + "\n")
    sys.stdout.flush()
