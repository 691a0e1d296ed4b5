"""What a stage of the compiler takes: tables of a pattern and a predicate; the rest is refused.

::

    x is taken   iff   in every table of its kind some row has pattern(x) and holds(x)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Generic, NamedTuple, TypeVar

from neuromorph.compile.packing.demand import Demand
from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.program import Slice, Unit
from neuromorph.network import Network
from neuromorph.profiles import Profile
from neuromorph.shapes import Int64
from neuromorph.shown import Shown

T = TypeVar("T")

Core = tuple[int, ...]
"""Chip, column and row of a core; empty if it has no place."""


@dataclass(frozen=True, eq=False, repr=False)
class At(Shown):
    """One unit of a program on its way to a target, with what passes have found of it.

    Attributes
    ----------
    unit : Unit
    profile, limits : Profile, Limits
    demands : mapping of population name to Demand
        Of all neurons, from the pass `relays` on.
    slices : sequence of Slice
    times : mapping of population name to int array, shape (size,)
        In how many slices each neuron is.
    places : mapping of core to Core
        Of the program's cores.
    taken : mapping of Core to int
        How many cores have a place.
    """

    unit: Unit
    profile: Profile
    limits: Limits
    demands: Mapping[str, Demand] = field(default_factory=dict)
    slices: Sequence[Slice] = ()
    times: Mapping[str, Annotated[Int64, "_"]] = field(default_factory=dict)
    places: Mapping[int, Core] = field(default_factory=dict)
    taken: Mapping[Core, int] = field(default_factory=dict)

    @property
    def network(self) -> Network:
        """The unit's network."""
        return self.unit.network


class Fault(NamedTuple):
    """A part of a unit that a stage does not take."""

    part: str
    where: str
    found: str
    expected: str


@dataclass(frozen=True, repr=False)
class Row(Shown, Generic[T]):
    """One kind of thing, and what is asked of it.

    Attributes
    ----------
    kind : str
    pattern : callable
        Whether a thing is of this kind.
    must : str
        What is asked of it, in words.
    holds : callable
        Whether that is so of the thing in its unit.
    """

    kind: str
    pattern: Callable[[T], bool]
    must: str
    holds: Callable[[T, At], bool]


@dataclass(frozen=True, repr=False)
class Table(Shown, Generic[T]):
    """All that a stage knows of one part of a unit.

    Attributes
    ----------
    part : str
        "population", say.
    of : callable
        These parts of a unit, each with its name.
    rows : tuple of Row
    """

    part: str
    of: Callable[[At], Iterable[tuple[str, T]]]
    rows: tuple[Row[T], ...]

    def faults(self, at: At) -> Iterator[Fault]:
        """What no row accepts, each with what would have been accepted."""
        for name, thing in self.of(at):
            alike = [row for row in self.rows if row.pattern(thing)]
            if not any(row.holds(thing, at) for row in alike):
                found = " or ".join(row.kind for row in alike) or "of no kind that is known"
                must = " or ".join(row.must for row in alike or self.rows)
                yield Fault(self.part, f"{at.unit.name}.{name}", found, must)
