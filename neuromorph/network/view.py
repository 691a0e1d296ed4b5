"""How a network that a pass has rewritten is run in the place of the given one: a view.

::

    read(run'(encode(inputs), probes(asked), steps(n)))  =  run(inputs, asked, n)

to the bit, where ``run`` runs the given network and ``run'`` the rewritten one. Views compose, in
the order of their passes::

    (b.after(a)).encode = b.encode . a.encode        and so `probes` and `steps`
    (b.after(a)).read   = a.read . b.read
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol, TypeAlias, TypeVar, cast

from neuromorph.network.model import Probe
from neuromorph.shapes import Int64, Num, Shaped
from neuromorph.shown import Shown

Trains: TypeAlias = Mapping[str, Annotated[Shaped, "..."]]
"""What each source sends, arrays of shape (steps, size)."""

Synapses: TypeAlias = tuple[Annotated[Num, "_ _"], Annotated[Num, "_ _"]]
"""Weights and tags of a plastic projection, arrays of shape (post, pre)."""


class Recorded(Protocol):
    """What a backend recorded, as far as views read it; a dataclass, of a floor above this one."""

    @property
    def steps(self) -> int:
        """Length of the run."""

    @property
    def traces(self) -> Mapping[Probe, Annotated[Num, "..."]]:
        """What each probe saw, shape (steps, …)."""

    @property
    def synapses(self) -> Mapping[str, Synapses]:
        """Last weights and tags of the plastic projections."""

    @property
    def overflows(self) -> Mapping[str, int]:
        """Overflows by population."""


R = TypeVar("R", bound=Recorded)


class View(ABC):
    """One network seen through another that stands for it; equal ones do the same.

    What a pass has added keeps its own name: it may be asked for, and is read, in the steps of
    the given network.
    """

    @abstractmethod
    def encode(self, inputs: Trains) -> dict[str, Annotated[Num, "..."]]:
        """Trains for the rewritten network from those for the given one.

        Raises
        ------
        UsageError
            If the rewritten network cannot be told the same.
        """

    @abstractmethod
    def probes(self, asked: Iterable[Probe]) -> list[Probe]:
        """What to record of the rewritten network, for `read` to find what is asked.

        Raises
        ------
        UsageError
            If nothing in the rewritten network shows it.
        """

    @abstractmethod
    def steps(self, steps: int) -> int:
        """How long the rewritten network runs for so many steps of the given one."""

    @abstractmethod
    def read(self, recording: R) -> R:
        """A recording of the rewritten network under the names and steps of the given one.

        Overflows count all steps of the run. More than what was asked may be in it.

        Raises
        ------
        UsageError
            If it was not recorded with `probes` and so cannot be read.
        """

    @property
    def parts(self) -> tuple[View, ...]:
        """The views that this one is composed of, in the order of their passes."""
        return (self,)

    def after(self, inner: View) -> View:
        """The view by which a twice rewritten network stands for the given one; see the module.

        ``(c.after(b)).after(a) == c.after(b.after(a))``, and `IDENTITY` changes nothing.
        """
        both = (*inner.parts, *self.parts)
        return both[0] if len(both) == 1 else Chain(both)


@dataclass(frozen=True, repr=False)
class Chain(View, Shown):
    """Views one after the other, in the order of their passes.

    Attributes
    ----------
    views : tuple of View
    """

    views: tuple[View, ...]

    def encode(self, inputs: Trains) -> dict[str, Annotated[Int64, "..."]]:
        """Trains told from pass to pass."""
        trains = dict(inputs)
        for view in self.views:
            trains = view.encode(trains)
        return trains

    def probes(self, asked: Iterable[Probe]) -> list[Probe]:
        """What the last network must record, for all before it to be read."""
        probes = list(asked)
        for view in self.views:
            probes = view.probes(probes)
        return probes

    def steps(self, steps: int) -> int:
        """As long as the last network must run."""
        for view in self.views:
            steps = view.steps(steps)
        return steps

    def read(self, recording: R) -> R:
        """The recording, read back from the last pass to the first."""
        for view in reversed(self.views):
            recording = view.read(recording)
        return recording

    @property
    def parts(self) -> tuple[View, ...]:
        """The views themselves."""
        return self.views


IDENTITY = Chain(())
"""The view of a network that nothing has rewritten."""


def reread(recording: R, **changes: Any) -> R:
    """The recording with some fields changed."""
    return cast(R, replace(cast(Any, recording), **changes))
