"""Split and pack in one go: units are laid on cores whole, and cut where a core is full.

A cut between neurons changes no sum: each neuron keeps all of its synapses. Where a unit does
not fit into what is left of a core but most of it does, its rest, some neurons of its largest
population, is put aside; the rests of many units share a core in their midst. So few spikes
leave their core, and those that do have not far to go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from neuromorph.compile.packing.core import Core, OutAxons
from neuromorph.compile.packing.demand import Demand, too_large
from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.packing.spread import is_wide, lay_on_open
from neuromorph.compile.packing.ways import USUAL, Ways
from neuromorph.compile.program import Slice

GAP = 0.04
"""A core with less than this share left is closed, rather than begun a unit on."""

@dataclass(frozen=True)
class _Rest:
    """Neurons of a unit's largest population that found no room beside the others."""

    unit: int
    demand: Demand
    start: int
    stop: int


def cut(
    found: Sequence[Sequence[Demand]], limits: Limits, reserved: OutAxons | None = None,
    ways: Ways = USUAL,
) -> tuple[Slice, ...]:
    """Slices of all units' populations, core after core.

    Parameters
    ----------
    found : sequence of units' demands
    limits : Limits
    reserved : OutAxons, optional
        A cut cannot know where spikes will go, and looks at no out-axons but these.
    ways : Ways

    Raises
    ------
    FitError
        If a single neuron, or a population that must stay whole, exceeds an empty core.
    """
    packing = _Packing(limits, reserved or {}, ways)
    for unit, demand_list in enumerate(found):
        packing.add(unit, list(demand_list))
    return packing.finish()


def in_declared_order(
    found: Sequence[Sequence[Demand]], limits: Limits
) -> tuple[Slice, ...]:
    """The same without any thought of who talks to whom: what to compare with."""
    packing = _Packing(limits, {}, USUAL)
    for unit, demand_list in enumerate(found):
        packing.in_a_row(unit, list(demand_list))
    return packing.finish()


class _Packing:
    """Cores as they fill up."""

    def __init__(self, limits: Limits, reserved: OutAxons, ways: Ways) -> None:
        self.ways = ways
        self.limits = limits
        self.reserved = reserved
        self.done: list[Core] = []
        self.core = self._empty()
        self.rests: list[_Rest] = []
        self.homes = 0

    def add(self, unit: int, demands: list[Demand]) -> None:
        """Lay one unit down."""
        if self._whole(unit, demands) or self._mostly(unit, demands):
            return
        self._fill(self.core)
        if self._left() < GAP * self.limits.synapse_bits:
            self._close()
            if self._whole(unit, demands) or self._mostly(unit, demands):
                return
        self._along(unit, demands)

    def finish(self) -> tuple[Slice, ...]:
        """All slices, with the numbers of their cores."""
        self._fill(self.core)
        self._close()
        while self.rests:
            self._lay_rests()
        cores = [core for core in self.done if core.neurons]
        return tuple(replace(piece, core=number) for number, core in enumerate(cores)
                     for piece in core.slices)

    def _empty(self) -> Core:
        return Core(self.limits, self.reserved)

    def _whole(self, unit: int, demands: list[Demand]) -> bool:
        tried = self.core.tried()
        for demand in demands:
            size = demand.population.size
            if tried.room(unit, demand, 0, size) < size:
                return False
            tried.put(unit, demand, 0, size)
        self.core = tried
        return True

    def _mostly(self, unit: int, demands: list[Demand]) -> bool:
        """All but some neurons of the largest population; the core is then full."""
        large = max(demands, key=lambda d: d.population.size)
        tried = self.core.tried()
        for demand in demands:
            size = demand.population.size
            if demand is not large:
                if tried.room(unit, demand, 0, size) < size:
                    return False
                tried.put(unit, demand, 0, size)
        size = large.population.size
        fit = tried.room(unit, large, 0, size)
        if large.whole or fit < self.ways.most * size:
            return False
        tried.put(unit, large, 0, fit)
        self.core = tried
        self.rests.append(_Rest(unit, large, fit, size))
        self._close()
        return True

    def _left(self) -> int:
        """Synaptic memory that the core at hand has left."""
        return self.limits.synapse_bits - self.core.synapse_bits

    def _along(self, unit: int, demands: list[Demand]) -> None:
        """A unit over several cores, cut so that few of its spikes leave theirs.

        The spikes are those of the largest population, to the others. With the others first,
        what of it does not fit beside them sends to another core; with it first, what fits.
        Then the others begin the next core, so that they stay together, and its rest follows.
        """
        if is_wide(demands, self.limits):
            self._spread(unit, demands)
            return
        large = max(demands, key=lambda d: d.population.size)
        small = [demand for demand in demands if demand is not large]
        start, size = 0, large.population.size
        if not self._others_first(small, large):
            start = self.core.room(unit, large, 0, size)
            if start:
                self.core.put(unit, large, 0, start)
            if start < size:
                self._close()
        self.in_a_row(unit, small)
        self._lay(unit, large, start)

    def _spread(self, unit: int, demands: list[Demand]) -> None:
        """A unit over many cores, of which several are filled at a time."""
        *done, self.core = lay_on_open(self.core, unit, demands, self.ways)
        self.done += done

    def _others_first(self, small: list[Demand], large: Demand) -> bool:
        needs = [sum(d.bits(0, d.population.size, self.limits) for d in group)
                 for group in (small, [large])]
        away = 1 - min(1.0, max(0.0, (self._left() - needs[0]) / max(needs[1], 1)))
        return away <= min(1.0, self._left() / max(needs[1], 1))

    def in_a_row(self, unit: int, demands: list[Demand]) -> None:
        """A unit cut wherever a core is full."""
        for demand in demands:
            self._lay(unit, demand, 0)

    def _lay(self, unit: int, demand: Demand, start: int) -> None:
        size = demand.population.size
        while start < size:
            fit = self.core.room(unit, demand, start, size)
            if fit == 0 and not self.core.neurons:
                raise too_large(demand, start, self.limits)
            if fit == 0:
                self._close()
                continue
            self.core.put(unit, demand, start, start + fit)
            start += fit

    def _close(self) -> None:
        """Begin a new core; a core of rests where there are enough of them."""
        self.done.append(self.core)
        self.core = self._empty()
        self.homes += 1
        if self._rest_bits() >= self.ways.full * self.limits.synapse_bits:
            self._lay_rests()

    def _rest_bits(self) -> int:
        return sum(r.demand.bits(r.start, r.stop, self.limits) for r in self.rests)

    def _lay_rests(self) -> None:
        """A core of rests, in the middle of the cores that they come from."""
        core = self._empty()
        self._fill(core)
        if not core.neurons:
            raise too_large(self.rests[0].demand, self.rests[0].start, self.limits)
        self.done.insert(len(self.done) - self.homes // 2, core)
        self.homes = 0

    def _fill(self, core: Core) -> None:
        """Put rests into a core as long as there is room."""
        left: list[_Rest] = []
        for rest in self.rests:
            fit = core.room(rest.unit, rest.demand, rest.start, rest.stop)
            if fit:
                core.put(rest.unit, rest.demand, rest.start, rest.start + fit)
            if rest.start + fit < rest.stop:
                left.append(replace(rest, start=rest.start + fit))
        self.rests = left
