"""Packets between cores: a spike goes once to every core that holds a synapse of its axon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.packing.demand import used_synapses
from neuromorph.compile.program import Program
from neuromorph.shapes import Bool, Float64, Int64
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Traffic(Shown):
    """Packets from core to core, shape (links,) each; a core may send to itself."""

    source: Annotated[Int64, "links"]
    target: Annotated[Int64, "links"]
    packets: Annotated[Float64, "links"]

    @property
    def between_cores(self) -> float:
        """Packets that leave their core."""
        return float(self.packets[self.source != self.target].sum())


def traffic(
    program: Program, rates: Mapping[str, Annotated[Float64, "_"]] | None = None
) -> Traffic:
    """Packets by link, if every neuron of a population spikes as often as ``rates`` says.

    Parameters
    ----------
    program : Program
    rates : mapping of "unit index/population" to array (size,), optional
        Spikes of each neuron; one each if left out.
    """
    links: dict[tuple[int, int], float] = {}
    for unit in range(len(program.units)):
        for link, count in _unit_links(program, unit, rates or {}).items():
            links[link] = links.get(link, 0.0) + count
    ends = np.array(sorted(links), np.int64).reshape(-1, 2)
    return Traffic(ends[:, 0], ends[:, 1], np.array([links[a, b] for a, b in ends.tolist()]))


def deliveries(program: Program) -> int:
    """Arrivals of axons at cores, if every neuron and every source spikes once."""
    return sum(int(np.count_nonzero(hit)) for unit in range(len(program.units))
               for hit in reach_of(program, unit, sources=True).values())


def reach_of(
    program: Program, unit: int, *, sources: bool = False
) -> dict[tuple[str, int], Annotated[Bool, "_"]]:
    """Which neurons of a population have a synapse on a core, by population and core.

    Sources are on no core, and left out unless asked for. Every neuron that is reached takes an
    out-axon of its own core for each core that holds its synapses, its own included.
    """
    network, by_name = program.units[unit].network, program.slices_of(unit)
    reached: dict[tuple[str, int], NDArray[np.bool_]] = {}
    for projection in network.projections:
        if network.population(projection.pre).is_source and not sources:
            continue
        used = used_synapses(projection)
        for post in by_name[projection.post]:
            key = (projection.pre, post.core)
            hit = used[post.start : post.stop].any(axis=0)
            reached[key] = reached[key] | hit if key in reached else hit
    return reached


def _unit_links(
    program: Program, unit: int, rates: Mapping[str, NDArray[np.float64]],
) -> dict[tuple[int, int], float]:
    by_name = program.slices_of(unit)
    links: dict[tuple[int, int], float] = {}
    for (pre, core), hit in reach_of(program, unit).items():
        rate = rates.get(f"{unit}/{pre}", np.ones(len(hit)))
        for piece in by_name[pre]:
            sent = float((rate * hit)[piece.start : piece.stop].sum())
            links[piece.core, core] = links.get((piece.core, core), 0.0) + sent
    return links
