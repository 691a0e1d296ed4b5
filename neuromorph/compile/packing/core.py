"""A core as it fills up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, TypeAlias

import numpy as np

from neuromorph.compile.packing.demand import Demand
from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.program import Slice
from neuromorph.shapes import Int64
from neuromorph.shown import Shown

OutAxons: TypeAlias = Mapping[tuple[int, str], Annotated[Int64, "_"]]
"""Out-axons to reserve up to each neuron, shape (size + 1,), by unit and population."""


@dataclass(eq=False, repr=False)
class Core(Shown):
    """How full a core is, and what it holds."""

    limits: Limits
    reserved: OutAxons
    neurons: int = 0
    neuron_bits: int = 0
    synapse_bits: int = 0
    in_axons: int = 0
    out_axons: int = 0
    formats: frozenset[object] = frozenset()
    shared: dict[tuple[int, str], Annotated[Int64, "_"]] = field(default_factory=dict)
    settings: set[object] = field(default_factory=set)
    slices: list[Slice] = field(default_factory=list)

    def room(
        self, unit: int, demand: Demand, start: int, stop: int, lead: float = 1.0
    ) -> int:
        """How many neurons of a population, from ``start`` on, still fit.

        Beyond the first on an empty core, memory may be ahead of axons by ``lead``, in shares.
        """
        if not self._fits(unit, demand, start, start + 1, 0):  # mostly where nothing fits
            return 0
        shared = self._newly_shared(unit, demand)

        def fits(stop: int) -> bool:
            first = stop == start + 1 and not self.neurons
            return (self._fits(unit, demand, start, stop, shared)
                    and (lead >= 1 or first
                         or self._lead(unit, demand, start, stop, shared) <= lead))

        if not fits(start + 1):
            return 0
        fit, beyond, tried = 1, stop - start + 1, stop - start  # mostly all of them fit
        while beyond - fit > 1:  # what n neurons take grows with n
            fit, beyond = (tried, beyond) if fits(start + tried) else (fit, tried)
            tried = (fit + beyond) // 2
        return 0 if demand.whole and fit < demand.population.size else fit

    def put(self, unit: int, demand: Demand, start: int, stop: int) -> None:
        """Take neurons."""
        self.in_axons += self._newly_shared(unit, demand) + demand.own(start, stop)
        for pre, slots in demand.shared_axons.items():
            self.shared[unit, pre] = np.maximum(slots, self.shared.get((unit, pre), 0))
        self.out_axons += self._leaving(unit, demand, start, stop)
        self.neurons += stop - start
        self.neuron_bits += (stop - start) * demand.neuron_bits
        self.synapse_bits += demand.bits(start, stop, self.limits)
        self.formats |= demand.formats
        self.settings.add(demand.setting)
        self.slices.append(Slice(unit, demand.population.name, start, stop, -1))

    def tried(self) -> Core:
        """A copy to try things on."""
        return replace(self, shared=dict(self.shared), settings=set(self.settings),
                       slices=list(self.slices))

    def _fits(self, unit: int, demand: Demand, start: int, stop: int, shared: int) -> bool:
        limits = self.limits
        neurons, states = self.neurons + stop - start, (stop - start) * demand.neuron_bits
        if (neurons > limits.neurons
                or self.in_axons + shared + demand.own(start, stop) > limits.in_axons
                or self.out_axons + self._leaving(unit, demand, start, stop) > limits.out_axons):
            return False
        bits = self.synapse_bits + demand.bits(start, stop, limits)
        return (bits <= limits.synapse_bits
                and bits + self.neuron_bits + states <= limits.memory_bits
                and (len(self.settings) + (demand.setting not in self.settings)
                     <= min(limits.thresholds, limits.settings))
                and len(self.formats | demand.formats) <= limits.formats)

    def _lead(self, unit: int, demand: Demand, start: int, stop: int, shared: int) -> float:
        """How far memory is ahead of axons with a slice, in shares of what the core has."""
        limits = self.limits
        arriving = self.in_axons + shared + demand.own(start, stop)
        leaving = self.out_axons + self._leaving(unit, demand, start, stop)
        bits = self.synapse_bits + demand.bits(start, stop, limits)
        return (bits / limits.synapse_bits
                - max(arriving / limits.in_axons, leaving / limits.out_axons))

    def _leaving(self, unit: int, demand: Demand, start: int, stop: int) -> int:
        """Out-axons that are reserved for a slice."""
        upto = self.reserved.get((unit, demand.population.name))
        return 0 if upto is None else int(upto[stop] - upto[start])

    def _newly_shared(self, unit: int, demand: Demand) -> int:
        """In-axon slots that the first neuron of a population brings along for all of them."""
        return sum(int(np.maximum(0, slots - self.shared.get((unit, pre), 0)).sum())
                   for pre, slots in demand.shared_axons.items())
