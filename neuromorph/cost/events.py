"""What happens on a chip during a run, counted from a simulation of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.packing.demand import used_synapses
from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.packing.place import Places, coordinates
from neuromorph.compile.packing.traffic import Traffic
from neuromorph.compile.program import Program, Unit
from neuromorph.errors import UsageError
from neuromorph.neurons import registered
from neuromorph.neurons.contract import OPERATIONS


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
    packets, hops_east_west, hops_north_south, hops_chip : float
        Spikes on their way to each core they reach, and the steps between tiles they take.
    synaptic_updates : float
        Plastic synapses times learning epochs.
    multiplies, divides : float
        What updates of programmable neurons take besides a stock neuron's update. They are
        counted and not priced: no constant for them is public.
    steps : float
    """

    neuron_steps: float = 0
    spikes: float = 0
    synaptic_ops: float = 0
    packets: float = 0
    hops_east_west: float = 0
    hops_north_south: float = 0
    hops_chip: float = 0
    synaptic_updates: float = 0
    multiplies: float = 0
    divides: float = 0
    steps: float = 0

    def __add__(self, other: Events) -> Events:
        """Of both; units work at the same time, so the longer one's steps."""
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return Events(**sums | {"steps": max(self.steps, other.steps)})

    def scaled(self, factor: float) -> Events:
        """So many times as much of everything."""
        return Events(**{f.name: factor * getattr(self, f.name) for f in fields(self)})


def count_events(unit: Unit, spikes: Mapping[str, NDArray[Any]], steps: int) -> Events:
    """Events of one unit within its cores.

    Parameters
    ----------
    unit : Unit
    spikes : mapping of population to array, shape (steps, size)
        Of all populations, sources included; anything but 0 is a spike.
    steps : int
    """
    network = unit.network
    unheard = network.by_name.keys() - spikes.keys()
    if unheard:
        raise UsageError("events are counted from the spikes of all populations", where=unit.name,
                         found=f"none of {', '.join(sorted(unheard))}")
    sent = {name: np.count_nonzero(train, axis=0) for name, train in spikes.items()}
    ops = sum(float(sent[p.pre] @ used_synapses(p).sum(axis=0)) for p in network.projections)
    updates = sum(p.weights.size * (steps // p.rule.epoch) for p in network.plastic
                  if p.rule is not None)
    neurons = [p for p in network.populations if not p.is_source]
    taken = {kind: float(steps * sum(p.size * registered(p.model, p.name).operations.get(kind, 0)
                                     for p in neurons)) for kind in OPERATIONS}
    return Events(neuron_steps=float(sum(p.size for p in neurons) * steps),
                  spikes=float(sum(sent[p.name].sum() for p in neurons)), synaptic_ops=ops,
                  synaptic_updates=float(updates), multiplies=taken["multiply"],
                  divides=taken["divide"], steps=float(steps))


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


def largest_core(program: Program) -> int:
    """Neurons on the core that has most."""
    sizes = np.zeros(program.cores, np.int64)
    for piece in program.slices:
        sizes[piece.core] += piece.size
    return int(sizes.max(initial=0))
