"""What happens on a chip during a run, counted from a simulation of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated

import numpy as np

from neuromorph.compile.packing.demand import used_synapses
from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.packing.place import Places, coordinates
from neuromorph.compile.packing.traffic import Traffic
from neuromorph.compile.program import Unit
from neuromorph.errors import UsageError
from neuromorph.learning import count_updates
from neuromorph.network import Projection
from neuromorph.neurons import registered
from neuromorph.shapes import Float64, Shaped

PLURALS = {"multiply": "multiplies", "divide": "divides"}
"""Operations of neurons, and what they are called among events."""


@dataclass(frozen=True)
class Events:
    """Counts of one run.

    Attributes
    ----------
    neuron_steps : float
        Steps times neurons; all count as active, since match neurons ramp at every step.
    spikes : float
        Of neurons, not of sources.
    synaptic_ops : float
        Spikes times the synapses that they meet, those of sources included.
    ternary_ops : float
        The same at synapses that are stored as -1, 0 or 1, which are not in `synaptic_ops`. What
        this compiler places is stored in the profile's full width, and counts there.
    packets, hops_east_west, hops_north_south, hops_chip : float
        Spikes on their way to each core they reach, and the steps between tiles they take.
    synaptic_updates : float
        Plastic synapses for which some term of their rule is not 0, at each learning epoch.
    multiplies, divides : float
        What updates of programmable neurons take besides a stock neuron's update.
    core_steps : float
        Steps times cores in use; `neuromorph.cost.band` counts them.
    host_spikes : float
        Spikes of sources, which the host sends, and values that it reads.
    steps : float
    """

    neuron_steps: float = 0
    spikes: float = 0
    synaptic_ops: float = 0
    ternary_ops: float = 0
    packets: float = 0
    hops_east_west: float = 0
    hops_north_south: float = 0
    hops_chip: float = 0
    synaptic_updates: float = 0
    multiplies: float = 0
    divides: float = 0
    core_steps: float = 0
    host_spikes: float = 0
    steps: float = 0

    def __add__(self, other: Events) -> Events:
        """Of both, at the same time: the longer one's steps."""
        return replace(self.then(other), steps=max(self.steps, other.steps))

    def then(self, other: Events) -> Events:
        """Of both, one after the other: their steps add up."""
        return Events(**{f.name: getattr(self, f.name) + getattr(other, f.name)
                         for f in fields(self)})

    def scaled(self, factor: float) -> Events:
        """So many times as much of everything."""
        return Events(**{f.name: factor * getattr(self, f.name) for f in fields(self)})


def count_events(
    unit: Unit, spikes: Mapping[str, Annotated[Shaped, "steps _"]], steps: int
) -> Events:
    """Events of one unit within its cores.

    Parameters
    ----------
    unit : Unit
    spikes : mapping of population to array, shape (steps, size)
        Of all populations, sources included; anything but 0 is a spike.
    steps : int
    """
    return Events(**{name: float(counts.sum()) for name, counts in
                     each_step(unit, spikes, steps).items()}, steps=float(steps))


def each_step(
    unit: Unit, spikes: Mapping[str, Annotated[Shaped, "steps _"]], steps: int
) -> dict[str, Annotated[Float64, "steps"]]:
    """Events of one unit within its cores by their names in `Events`, shape (steps,) each.

    Parameters
    ----------
    unit, spikes, steps
        As in `count_events`.

    Raises
    ------
    UsageError
        If the spikes of a population are not there, or not those of all steps.
    """
    network = unit.network
    unheard = network.by_name.keys() - spikes.keys()
    if unheard:
        raise UsageError("events are counted from the spikes of all populations", where=unit.name,
                         found=f"none of {', '.join(sorted(unheard))}")
    for name, train in spikes.items():
        if len(train) != steps:
            raise UsageError("a train is not as long as the run", where=f"{unit.name}.{name}",
                             found=len(train), expected=steps)
    found = {name: np.zeros(steps) for name in (
        "neuron_steps", "spikes", "synaptic_ops", "synaptic_updates", "host_spikes",
        *PLURALS.values())}
    for p in network.projections:
        fan = used_synapses(p).sum(axis=0, dtype=np.float64)
        found["synaptic_ops"] += (spikes[p.pre] != 0) @ fan
        if p.rule is not None:
            found["synaptic_updates"] += synaptic_updates(p, spikes, steps, network.domain)
    for population in network.populations:
        if population.is_source:
            found["host_spikes"] += np.count_nonzero(spikes[population.name], axis=1)
    for population in unit.neurons:
        found["spikes"] += np.count_nonzero(spikes[population.name], axis=1)
    for name, count in ticks_of(unit).items():
        found[name] += count
    return found


def synaptic_updates(
    projection: Projection, spikes: Mapping[str, Annotated[Shaped, "steps _"]], steps: int,
    domain: str,
) -> Annotated[Float64, "steps"]:
    """Synapses of a projection that its rule changes in each step, shape (steps,).

    ::

        synapses for which   condition * product of factors  is not 0   in any term of the rule

    The rule is run along the trains, so that traces, weights and third factors are those of the
    run; a term that is 0 costs nothing, since the engine visits what spiked.
    """
    rule = projection.rule
    if rule is None:
        return np.zeros(steps)
    pre = spikes[projection.pre]
    sent = pre if projection.graded else (pre != 0).astype(pre.dtype)
    post = spikes[projection.post]
    silent = np.zeros_like(post)
    third = np.stack([silent if name is None else spikes[name]
                      for name in projection.modulators], axis=1) if projection.modulated else None
    return count_updates(rule, projection.weights, sent, post, third, domain=domain)


def ticks_of(unit: Unit) -> dict[str, int]:
    """Neurons that are updated in a step, and what their updates take, by names in `Events`."""
    found = dict.fromkeys(("neuron_steps", *PLURALS.values()), 0)
    for population in unit.neurons:
        found["neuron_steps"] += population.size
        operations = registered(population.model, population.name).operations
        for kind, plural in PLURALS.items():
            found[plural] += population.size * operations.get(kind, 0)
    return found


def count_packets(traffic: Traffic, places: Places, limits: Limits) -> Events:
    """Packets to each core that a spike reaches, its own too, and their way over the mesh."""
    at = coordinates(places, limits)
    away = np.abs(at[traffic.source] - at[traffic.target])
    chips = places[:, 0]
    crossing = (chips[traffic.source] != chips[traffic.target]).astype(float)
    return Events(packets=float(traffic.packets.sum()),
                  hops_east_west=float(traffic.packets @ away[:, 0]),
                  hops_north_south=float(traffic.packets @ away[:, 1]),
                  hops_chip=float(traffic.packets @ crossing))
