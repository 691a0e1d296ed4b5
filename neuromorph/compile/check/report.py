"""What a check finds: the rules that are broken, and how full each core is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from neuromorph.errors import printable
from neuromorph.shapes import Int64
from neuromorph.shown import Shown

Usage: TypeAlias = Mapping[str, Annotated[Int64, "_"]]
"""What each core holds, by the name of its limit in the profile's section ``core``."""


@dataclass(frozen=True, repr=False)
class Violation(Shown):
    """One rule that a program breaks.

    Attributes
    ----------
    rule : str
        What is checked, for instance ``synapse_bits of a core``.
    where : str
        Core, population or projection.
    found, allowed : object
    """

    rule: str
    where: str
    found: object
    allowed: object

    def __str__(self) -> str:
        return (f"{printable(self.where)}: {self.rule}; found {printable(self.found)}; "
                f"allowed {printable(self.allowed)}")


@dataclass(frozen=True, eq=False, repr=False)
class CheckReport(Shown):
    """The judgement of a program.

    Attributes
    ----------
    violations : tuple of Violation
        Empty if the program may run.
    usage : mapping of str to int array, shape (cores,)
        What each core holds:

        - ``neurons``;
        - ``synapse_bits``: with indices, tags, headers and the rest of words begun;
        - ``memory_bits``: ``synapse_bits`` and the state of the neurons;
        - ``in_axons``: slots of axons that end in the core;
        - ``out_axons``: pairs of a neuron and a core that its spikes go to, its own included;
        - ``neuron_settings``, ``threshold_settings``, ``synapse_formats``: different ones.
    """

    violations: tuple[Violation, ...]
    usage: Usage

    @property
    def ok(self) -> bool:
        """Whether no rule is broken."""
        return not self.violations
