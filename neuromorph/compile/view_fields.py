"""A unit's view as a program's files say it: ``late`` and ``letters`` beside its network."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuromorph.circuits.plain_spikes import Lettered, Letters, lettered
from neuromorph.compile.program import Unit
from neuromorph.compile.relays.view import Late, late_by
from neuromorph.errors import UnsupportedError
from neuromorph.network import Network
from neuromorph.network.view import View
from neuromorph.shown import Shown


@dataclass(frozen=True, repr=False)
class ViewFields(Shown):
    """What is written of a view.

    Attributes
    ----------
    late : dict of population name to int
        Steps by which it is behind the network that was given, where it is.
    letters : dict of source name to Letters
        The sources that were lowered to plain spikes, and how.
    """

    late: dict[str, int] = field(default_factory=dict)
    letters: dict[str, Letters] = field(default_factory=dict)

    def view(self, network: Network) -> View:
        """The view of a network beside which this is written."""
        return late_by(network, self.late).after(lettered(self.letters))


def fields_of(unit: Unit) -> ViewFields:
    """What is written beside a unit's network.

    Raises
    ------
    UnsupportedError
        If a pass has rewritten it in a way that files do not tell, as a cut.
    """
    late: dict[str, int] = {}
    letters: dict[str, Letters] = {}
    for view in unit.view.parts:
        if isinstance(view, Late):
            late |= {name: late.get(name, 0) + steps for name, steps in view.late.items()}
        elif isinstance(view, Lettered):
            letters |= view.letters
        else:
            raise UnsupportedError("a program's files tell of late steps and letters only",
                                   where=unit.name, found=type(view).__name__)
    return ViewFields(late, letters)
