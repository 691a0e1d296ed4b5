"""What the compiler works on: units, slices of populations on cores, cores on chips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.plain_spikes import Letters, encode
from neuromorph.network import Network, Population
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Unit(Shown):
    """One network of a program: a head of attention, say. Units send each other nothing.

    Attributes
    ----------
    name : str
    network : Network
    late : mapping of population name to int
        Steps by which a pass has put a population behind the network that it was given; 0 for
        those that are not named.
    letters : mapping of source name to Letters
        The sources that a pass has lowered to plain spikes, and how.
    """

    name: str
    network: Network
    late: Mapping[str, int] = field(default_factory=dict)
    letters: Mapping[str, Letters] = field(default_factory=dict)

    def encode(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Trains for the unit's network from those for the network it was made of.

        Raises
        ------
        UsageError
            If a payload is none that plain spikes stand for.
        """
        return encode(self.letters, inputs)

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
    places: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 3), np.int64))

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

    @cached_property
    def by_unit(self) -> list[list[Slice]]:
        """The slices of each unit."""
        found: list[list[Slice]] = [[] for _ in self.units]
        for piece in self.slices:
            found[piece.unit].append(piece)
        return found
