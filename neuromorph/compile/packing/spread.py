"""A unit over many cores: each population where the cores at hand have room.

Neurons of a dense layer take a core's synaptic memory and little else. Norms, residuals, relays
and pulses take next to none of it, but often one out-axon for each core of a dense layer; heads
take in-axons. Each kind by itself leaves most of a core unused; together they fill it. So the last
cores stay open, and every population is laid on the oldest that takes a good part of it. What
takes more memory than axons leaves some memory on each core for what comes after it.
"""

from __future__ import annotations

from collections.abc import Sequence

from neuromorph.compile.packing.core import Core
from neuromorph.compile.packing.demand import Demand, too_large
from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.packing.ways import USUAL, Ways

MANY = 8
"""Cores that a unit takes at least before it is laid on several at a time."""

LIGHT = 1000
"""A neuron is light if its synapses take less than one part in so many of a core's memory."""

PIECE = 0.1
"""The least share of a core's memory, or of a population of light neurons, that is worth a cut.

Every piece of a layer has in-axons of its own, and takes out-axons of all neurons before it.
"""


def is_wide(demands: Sequence[Demand], limits: Limits) -> bool:
    """Whether a unit takes so many cores, or no core has settings enough for its neurons."""
    bits = sum(demand.bits(0, demand.population.size, limits) for demand in demands)
    settings = len({demand.setting for demand in demands})
    return bits > MANY * limits.synapse_bits or settings > min(limits.thresholds, limits.settings)


def lay_on_open(
    first: Core, unit: int, demands: Sequence[Demand], ways: Ways = USUAL
) -> list[Core]:
    """Lay a unit on a core and on new ones behind it.

    Parameters
    ----------
    first : Core
        It may hold others already.
    unit : int
    demands : sequence of Demand
    ways : Ways

    Returns
    -------
    list of Core
        The first one, and as many more as it takes.

    Raises
    ------
    FitError
        If a single neuron exceeds an empty core.
    """
    cores = [first]
    for demand in demands:
        lead = ways.lead if _is_of_memory(demand, first.limits) else 1.0
        start = _on_open(cores[-ways.opened:], unit, demand, lead)
        while start < demand.population.size:
            core = Core(first.limits, first.reserved)
            fit = core.room(unit, demand, start, demand.population.size, lead)
            if not fit:
                raise too_large(demand, start, first.limits)
            core.put(unit, demand, start, start + fit)
            cores.append(core)
            start += fit
    return cores


def _on_open(cores: Sequence[Core], unit: int, demand: Demand, lead: float) -> int:
    """Lay neurons of a population on the cores that take a good part of it; how many they are."""
    start, size = 0, demand.population.size
    for core in cores:
        fit = core.room(unit, demand, start, size, lead)
        stop = start + fit
        if fit and (stop == size or _is_worth_it(demand, start, stop, core.limits)):
            core.put(unit, demand, start, stop)
            start = stop
        if start == size:
            break
    return start


def _is_of_memory(demand: Demand, limits: Limits) -> bool:
    """Whether a population takes more of cores' memory than of their axons."""
    needs = demand.needs(0, demand.population.size, limits)
    memory, axons = (needs[name] / limits.core()[name] for name in ("synapse_bits", "in_axons"))
    return memory > axons


def _is_worth_it(demand: Demand, start: int, stop: int, limits: Limits) -> bool:
    size, memory = demand.population.size, limits.synapse_bits
    if demand.bits(0, size, limits) * LIGHT < size * memory:
        return stop - start >= PIECE * size
    return demand.bits(start, stop, limits) >= PIECE * memory
