"""A placed program as the checker sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import numpy as np

from neuromorph.compile.check.models import MODELS, UNKNOWN, number
from neuromorph.compile.check.row import A_IN, Parameters, Row
from neuromorph.network import LearningRule
from neuromorph.numerics.limits import INPUT_SHIFT
from neuromorph.shapes import Bool, Int64, Integer
from neuromorph.shown import Shown

Rows: TypeAlias = dict[str, dict[int, Annotated[Int64, "_"]]]
"""Neurons of each population of a circuit, by core."""


@dataclass(frozen=True, repr=False)
class Group(Shown):
    """Neurons of one model: a population.

    Attributes
    ----------
    name : str
    size : int
    kind : str
        Name of the model.
    parameters : mapping of str to int or tuple of int
        One number for all neurons, or one for each.
    """

    name: str
    size: int
    kind: str
    parameters: Parameters

    @property
    def row(self) -> Row:
        """What the checker knows of its model."""
        return MODELS.get(self.kind, UNKNOWN)

    @property
    def needs_cores(self) -> bool:
        """Whether its neurons run on cores; sources are driven from outside."""
        return not self.row.from_outside

    @property
    def payload_bits(self) -> int:
        """Width of a spike's signed payload; 0 for plain spikes."""
        return self.row.payload_bits(self.parameters)

    @property
    def punctual(self) -> bool:
        """Whether it may not run late."""
        return self.row.punctual(self.parameters)

    @property
    def own(self) -> set[str]:
        """Parameters that are one number for each neuron."""
        return {name for name, value in self.parameters.items() if isinstance(value, tuple)}

    @property
    def input_shift(self) -> int:
        """Bits by which input is aligned."""
        aligned = self.row.aligned
        return number(self.parameters, aligned) if aligned else INPUT_SHIFT


@dataclass(frozen=True, eq=False, repr=False)
class Bundle(Shown):
    """All synapses from one population to another: a projection."""

    name: str
    pre: str
    post: str
    weights: Annotated[Integer, "post pre"]
    delay: int
    exponent: int
    graded: bool
    rule: LearningRule | None
    modulators: tuple[str | None, ...]
    port: str = A_IN

    @property
    def synapses(self) -> Annotated[Bool, "post pre"]:
        """Which synapses are stored, shape (post, pre): all that learn, others if not zero."""
        if self.rule is not None:
            return np.ones(self.weights.shape, np.bool_)
        return np.not_equal(self.weights, 0)

    @property
    def tagged(self) -> bool:
        """Whether the synapses have a tag; one that no rule changes stays zero, and is none."""
        return self.rule is not None and bool(self.rule.tag_terms)


@dataclass(frozen=True, repr=False)
class Spelling(Shown):
    """What a spike on each plain axon that stands for a graded one counts.

    Attributes
    ----------
    values : tuple of int
        What ``source.0``, ``source.1``, … count.
    one_hot : bool
        Whether a payload is one spike; if not, the bits of two's complement.
    """

    values: tuple[int, ...]
    one_hot: bool


@dataclass(frozen=True, eq=False, repr=False)
class Circuit(Shown):
    """One unit of a program: a network by itself.

    Attributes
    ----------
    name : str
    groups : dict of str to Group
    bundles : tuple of Bundle
    letters : dict of str to Spelling
        By source that was lowered to plain spikes.
    late : dict of str to int
        Steps by which a group is behind the network that was given.
    """

    name: str
    groups: dict[str, Group]
    bundles: tuple[Bundle, ...]
    letters: dict[str, Spelling]
    late: dict[str, int]

    def stored_exponent(self, bundle: Bundle) -> int:
        """A projection's exponent for input that is aligned as stock neurons align it."""
        return bundle.exponent - (INPUT_SHIFT - self.groups[bundle.post].input_shift)


@dataclass(frozen=True)
class Piece:
    """Neurons ``start`` up to, not including, ``stop`` of a population, on a core."""

    circuit: int
    group: str
    start: int
    stop: int
    core: int


@dataclass(frozen=True, eq=False, repr=False)
class Placed(Shown):
    """A program as it was read: well-formed, but nothing of it is believed.

    Attributes
    ----------
    profile : str
    circuits : tuple of Circuit
    pieces : tuple of Piece
    cores : int array, shape (cores, 3)
        Chip, column and row.
    """

    profile: str
    circuits: tuple[Circuit, ...]
    pieces: tuple[Piece, ...]
    cores: Annotated[Int64, "cores 3"]

    def sound(self, piece: Piece) -> bool:
        """Whether a piece is of neurons that exist and need cores, and on a core that exists."""
        if not (0 <= piece.circuit < len(self.circuits) and 0 <= piece.core < len(self.cores)):
            return False
        group = self.circuits[piece.circuit].groups.get(piece.group)
        return (group is not None and group.needs_cores
                and 0 <= piece.start < piece.stop <= group.size)

    def rows(self) -> list[Rows]:
        """Where the neurons of each circuit are, by the pieces that are sound."""
        found: list[Rows] = [{} for _ in self.circuits]
        for piece in self.pieces:
            if self.sound(piece):
                cores = found[piece.circuit].setdefault(piece.group, {})
                before = cores.get(piece.core, np.zeros(0, np.int64))
                cores[piece.core] = np.append(before, np.arange(piece.start, piece.stop))
        return found

    def all_bundles(self) -> Iterator[tuple[str, Circuit, Bundle]]:
        """Every projection with its circuit, and where it is in words."""
        for circuit in self.circuits:
            for bundle in circuit.bundles:
                yield f"{circuit.name}.{bundle.name}", circuit, bundle

    def all_groups(self) -> Iterator[tuple[str, Group]]:
        """Every population, and where it is in words."""
        for circuit in self.circuits:
            for group in circuit.groups.values():
                yield f"{circuit.name}.{group.name}", group
