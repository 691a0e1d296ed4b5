"""What the compiler works on: units, slices of populations on cores, cores on chips."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated

import numpy as np

from neuromorph.network import Network, Population, Probe
from neuromorph.network.view import IDENTITY, R, Trains, View
from neuromorph.shapes import Int64
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Unit(Shown):
    """One network of a program: a head of attention, say. Units send each other nothing.

    Attributes
    ----------
    name : str
    network : Network
    view : View
        How the network that was given is run on this one, which passes have made of it.
    together : frozenset of str
        Populations that are laid on one core each, where one holds them.
    """

    name: str
    network: Network
    view: View = IDENTITY
    together: frozenset[str] = frozenset()

    def rewritten(self, network: Network, view: View) -> Unit:
        """The unit with what a pass has made of its network, and a view of the pass."""
        return replace(self, network=network, view=view.after(self.view))

    def run(
        self, run: Callable[[Network, Trains, list[Probe], int], R], inputs: Trains,
        asked: Iterable[Probe], steps: int,
    ) -> R:
        """What a backend's ``run`` records of the unit, as if it had run the given network.

        Parameters
        ----------
        run : callable
            `Backend.run`.
        inputs, asked, steps
            Of the given network.

        Raises
        ------
        UsageError
            If the unit's network cannot be told the same, or does not show what is asked.
        """
        return self.view.read(run(self.network, self.view.encode(inputs), self.view.probes(asked),
                                  self.view.steps(steps)))

    @property
    def neurons(self) -> tuple[Population, ...]:
        """The populations that need cores; sources are driven from outside."""
        return tuple(p for p in self.network.populations if not p.is_source)


@dataclass(frozen=True)
class Slice:
    """Neurons ``start`` up to, not including, ``stop`` of a population, on one core."""

    unit: int
    population: str
    start: int
    stop: int
    core: int

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.stop - self.start


@dataclass(frozen=True, eq=False, repr=False)
class Program(Shown):
    """Networks cut into slices that fit cores, and where those cores are.

    Attributes
    ----------
    profile : str
        Name of the hardware profile.
    units : tuple of Unit
    slices : tuple of Slice
        Every neuron of every unit once, in the order of the cores.
    places : int array, shape (cores, 3)
        Chip, column and row of each core; empty before placement.
    """

    profile: str
    units: tuple[Unit, ...]
    slices: tuple[Slice, ...] = ()
    places: Annotated[Int64, "cores 3"] = field(default_factory=lambda: np.zeros((0, 3), np.int64))

    @property
    def cores(self) -> int:
        """Cores in use."""
        return max((s.core for s in self.slices), default=-1) + 1

    @property
    def chips(self) -> int:
        """Chips in use."""
        return len(np.unique(self.places[:, 0])) if len(self.places) else 0

    def slices_of(self, unit: int) -> dict[str, list[Slice]]:
        """The slices of one unit by population, each in the order of its neurons."""
        found: dict[str, list[Slice]] = {}
        for piece in self.by_unit[unit]:
            found.setdefault(piece.population, []).append(piece)
        return {name: sorted(pieces, key=lambda s: s.start) for name, pieces in found.items()}

    def times_placed(self, unit: int) -> dict[str, Annotated[Int64, "_"]]:
        """In how many slices each neuron of a unit is, by population."""
        times = {p.name: np.zeros(p.size, np.int64) for p in self.units[unit].neurons}
        for piece in self.by_unit[unit]:
            if piece.population in times:
                times[piece.population][piece.start : piece.stop] += 1
        return times

    @cached_property
    def by_unit(self) -> list[list[Slice]]:
        """The slices of each unit."""
        found: list[list[Slice]] = [[] for _ in self.units]
        for piece in self.slices:
            found[piece.unit].append(piece)
        return found
