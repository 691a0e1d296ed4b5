"""Light neurons where others have left room.

Neurons of a dense layer take a core's synaptic memory and little else. Norms, residuals, relays
and pulses take next to none of it, but often one out-axon for each core of a dense layer. Each kind
by itself leaves most of a core unused; together they fill it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neuromorph.compile.packing.core import Core
from neuromorph.compile.packing.demand import Demand, too_large
from neuromorph.compile.packing.limits import Limits

LIGHT = 1000
"""A neuron is light if its synapses take less than one part in so many of a core's memory."""

MANY = 8
"""Cores that a unit takes at least before its light neurons are laid apart from the others."""

NEAR = 110
"""Cores to both sides, most of a chip, that are tried before a new one is begun."""


def is_wide(demands: Sequence[Demand], limits: Limits) -> bool:
    """Whether a unit takes so many cores that it is worth it."""
    bits = sum(demand.bits(0, demand.population.size, limits) for demand in demands)
    return bits > MANY * limits.synapse_bits


def is_light(demand: Demand, limits: Limits) -> bool:
    """Whether neurons take so little memory that they fit beside others, any number of them."""
    size = demand.population.size
    return not demand.whole and demand.bits(0, size, limits) * LIGHT < size * limits.synapse_bits


def fill_around(cores: list[Core], home: Core, unit: int, demand: Demand) -> None:
    """Lay a population on the cores nearest to one, and on new ones beside it if need be.

    Parameters
    ----------
    cores : list of Core
        Those of the unit, in their order; new ones are put in.
    home : Core
    unit : int
    demand : Demand

    Raises
    ------
    FitError
        If a single neuron exceeds an empty core.
    """
    start, size = 0, demand.population.size
    for core in _nearest(cores, home):
        fit = core.room(unit, demand, start, size)
        if fit:
            core.put(unit, demand, start, start + fit)
            start += fit
        if start == size:
            return
    while start < size:
        core = Core(home.limits, home.reserved)
        fit = core.room(unit, demand, start, size)
        if not fit:
            raise too_large(demand, start, home.limits)
        core.put(unit, demand, start, start + fit)
        cores.insert(_place_of(cores, home) + 1, core)
        start += fit


def _nearest(cores: list[Core], home: Core) -> Iterator[Core]:
    """A core, then those to its sides."""
    place = _place_of(cores, home)
    yield cores[place]
    for away in range(1, NEAR + 1):
        for index in (place - away, place + away):
            if 0 <= index < len(cores):
                yield cores[index]


def _place_of(cores: list[Core], home: Core) -> int:
    """Where a core is; the last one, if it was closed while it was empty."""
    return next((n for n, core in enumerate(cores) if core is home), len(cores) - 1)
