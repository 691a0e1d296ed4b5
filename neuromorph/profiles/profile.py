"""What a chip or a board can do: plain numbers, each with its source beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from neuromorph.numerics.registers import NAMES, Registers
from neuromorph.profiles.costs import Energy, Latency, Power
from neuromorph.profiles.quantity import Quantity
from neuromorph.profiles.sections import Board, Chip, Core, Learning, Neuron, Synapse
from neuromorph.shown import Shown

Family: TypeAlias = Literal["loihi1", "loihi2", "cpu"]


@dataclass(frozen=True, repr=False)
class Profile(Shown):
    """A hardware profile, loaded and checked.

    Attributes
    ----------
    name, title : str
    family : {"loihi1", "loihi2", "cpu"}
        The chip. What has no chip, ``cpu``, has capacities that nothing reaches, and no costs.
    lineage : tuple of str
        Names of the profiles that it extends, the nearest first.
    notes : tuple of str
        What a reader of a report should know of it.
    board, chip, core, neuron, synapse, learning
        Values by name; the unit of each is in its `Quantity`.
    energy, latency, power : mapping
        Sets of constants by name, the same names in all: energies in pJ, times in ns, idle power
        in mW. A set may lack constants.
    default_costs : str or None
        The set to use where none is named; None where there are none.
    quantities : mapping
        Every value with unit, source and confidence, by path: ``"core.neurons"``,
        ``"energy.published.packet"``.
    """

    name: str
    title: str
    family: Family
    lineage: tuple[str, ...]
    notes: tuple[str, ...]
    board: Board
    chip: Chip
    core: Core
    neuron: Neuron
    synapse: Synapse
    learning: Learning
    energy: Mapping[str, Energy]
    latency: Mapping[str, Latency]
    power: Mapping[str, Power]
    default_costs: str | None
    quantities: Mapping[str, Quantity]

    @property
    def cores_usable(self) -> int:
        """Cores that a program may use on the whole board."""
        return self.board.chips * self.chip.cores_usable

    @property
    def registers(self) -> Registers:
        """The widths of the chip's registers."""
        return Registers(**{
            name: getattr(section, name) for section in (self.neuron, self.synapse, self.learning)
            for name in NAMES if hasattr(section, name)})

    @property
    def limited(self) -> bool:
        """Whether there is a chip, whose capacities a network may exceed."""
        return self.family != "cpu"
