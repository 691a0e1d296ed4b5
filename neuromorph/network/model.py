"""Network: populations, projections, a schedule, and what may be recorded."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, TypeAlias

from neuromorph.learning import LearningRule
from neuromorph.network.parts import Part
from neuromorph.network.populations import Population
from neuromorph.network.ports import Port
from neuromorph.neurons.contract import A_IN
from neuromorph.numerics.limits import INPUT_SHIFT
from neuromorph.shapes import Shaped
from neuromorph.shown import Shown

Domain: TypeAlias = Literal["fixed", "float"]
Variable: TypeAlias = str
SYNAPTIC: tuple[Variable, ...] = ("weights", "tags")
THIRD = ("y1", "y2", "y3")
"""The traces that third factors take the place of."""

Modulators: TypeAlias = tuple[str | None, str | None, str | None]


@dataclass(frozen=True, eq=False, repr=False)
class Projection(Shown):
    """All synapses from one population to another.

    ::

        a_in[t] = (sum_j weights[:, j] * s_j[t - 1 - delay]) << exponent

    A negative exponent shifts right (towards minus infinity), after the sum. A spike
    counts 1; on a graded projection it counts its payload.

    Attributes
    ----------
    weights : array of integers (fixed) or float64, shape (post, pre)
        Synaptic weights; in the fixed domain what Loihi can store: -256..255, in any type that
        holds them. int8 and int16 take the least memory, and no step makes a wider copy of all.
    delay : int
        Extra steps beyond the one that every synapse takes.
    exponent : int
        Shift of the summed input.
    graded : bool
        Whether payloads count; only after a population that sends them.
    rule : LearningRule, optional
        How the weights change. In a step the old weights deliver, then the rule is applied.
    modulators : tuple of three names or None
        Third factors: populations, as large as ``post``, whose payloads are the traces y1, y2
        and y3 in the step they are sent. With any of them no y trace comes from spikes.
    port : str
        Input of ``post`` at which the synapses end. Each port has one sum a step.
    """

    name: str
    pre: str
    post: str
    weights: Annotated[Shaped, "post pre"]
    delay: int = 0
    exponent: int = 0
    graded: bool = False
    rule: LearningRule | None = None
    modulators: Modulators = (None, None, None)
    port: str = A_IN

    @property
    def modulated(self) -> bool:
        """Whether the rule has a third factor."""
        return any(self.modulators)


@dataclass(frozen=True)
class Phase:
    """A named window of a schedule: steps ``start`` up to, not including, ``stop``."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True, repr=False)
class Schedule(Shown):
    """One period of a circuit that works in phases; steps count from its start."""

    period: int
    phases: tuple[Phase, ...] = ()


@dataclass(frozen=True)
class Probe:
    """Record one variable at every step.

    Attributes
    ----------
    target : str
        A population, or for ``weights`` and ``tags`` a plastic projection.
    variable : str
        "spikes", or a word of the neurons' state that their model lets be recorded; "weights" or
        "tags" of a plastic projection.
    """

    target: str
    variable: Variable = "spikes"


@dataclass(frozen=True, eq=False, repr=False)
class Network(Shown):
    """A circuit, free of any simulator.

    Attributes
    ----------
    domain : {"fixed", "float"}
        Integer semantics of Loihi, or float.
    populations, projections : tuple
        In a stable order, which is also the order of the text form.
    schedule : Schedule, optional
        When the circuit works in phases.
    parts : tuple of Part
        Which populations are a circuit that some builder knows; it proves their ranges, wherever
        they have been wired to. A pass that rewrites populations drops their part.
    inputs, outputs : tuple of Port
        The circuit's edges, by which it is wired to others (`compose`). A pass that rewrites a
        network keeps them right or drops them.
    """

    name: str
    domain: Domain
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    schedule: Schedule | None = None
    parts: tuple[Part, ...] = ()
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()

    @property
    def period(self) -> int:
        """Steps after which the schedule begins again; 1 without one."""
        return 1 if self.schedule is None else self.schedule.period

    def population(self, name: str) -> Population:
        """The population of that name (KeyError if there is none; `verify` comes first)."""
        return self.by_name[name]

    @cached_property
    def by_name(self) -> Mapping[str, Population]:
        """The populations by name."""
        return {p.name: p for p in self.populations}

    def projection(self, name: str) -> Projection:
        """The projection of that name (KeyError if there is none)."""
        return self._projection_by_name[name]

    @property
    def projection_names(self) -> AbstractSet[str]:
        """The names of all projections."""
        return self._projection_by_name.keys()

    @cached_property
    def _projection_by_name(self) -> dict[str, Projection]:
        return {p.name: p for p in self.projections}

    @cached_property
    def _afferents(self) -> dict[str, tuple[Projection, ...]]:
        found: dict[str, list[Projection]] = {}
        for projection in self.projections:
            found.setdefault(projection.post, []).append(projection)
        return {name: tuple(afferent) for name, afferent in found.items()}

    @property
    def plastic(self) -> tuple[Projection, ...]:
        """The projections that learn, in order."""
        return tuple(p for p in self.projections if p.rule is not None)

    @cached_property
    def third_factors(self) -> frozenset[str]:
        """The populations that are a third factor of a projection that learns."""
        return frozenset(name for p in self.plastic for name in p.modulators if name is not None)

    def synapse_exponent(self, projection: Projection) -> int:
        """The exponent as a synapse stores it, for input that is aligned by 6 bits."""
        aligned = self.population(projection.post).model.input_shift
        return projection.exponent + aligned - INPUT_SHIFT

    def projections_to(self, name: str, port: str | None = None) -> tuple[Projection, ...]:
        """The projections that end at a population, or at one of its ports, in order."""
        afferent = self._afferents.get(name, ())
        return afferent if port is None else tuple(p for p in afferent if p.port == port)
