"""A network in which some populations run late seen as the one in which none does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError
from neuromorph.network import Network, Probe
from neuromorph.network.model import SYNAPTIC
from neuromorph.network.view import IDENTITY, R, Synapses, Trains, View, reread
from neuromorph.shapes import Int64
from neuromorph.shown import Shown


@dataclass(frozen=True, repr=False)
class Late(View, Shown):
    """Everything as before, some steps later: a run goes on until what is late has ended.

    ::

        x_i[t] = x'_i[t + late_i]        for t < n, in a run of n + max_i late_i steps

    What learns is never late, but goes on learning meanwhile: its weights are those after n steps.

    Attributes
    ----------
    late : mapping of population name to int
        Steps by which it is late; 0 for those that are not named.
    plastic : tuple of str
        The projections that learn.
    """

    late: Mapping[str, int]
    plastic: tuple[str, ...] = ()

    @property
    def extra(self) -> int:
        """Steps for which a run goes on."""
        return max(self.late.values(), default=0)

    def encode(self, inputs: Trains) -> dict[str, Annotated[Int64, "..."]]:
        """The trains, and silence in the steps for which the run goes on."""
        return {name: np.concatenate([train, np.zeros_like(train, shape=(
            self.extra, *train.shape[1:]))]) for name, train in inputs.items()}

    def probes(self, asked: Iterable[Probe]) -> list[Probe]:
        """What is asked, and all that learns at every step."""
        learns = (Probe(name, variable) for name in self.plastic for variable in SYNAPTIC)
        return list(dict.fromkeys((*asked, *learns)))

    def steps(self, steps: int) -> int:
        """So many more that what is late ends."""
        return steps + self.extra

    def read(self, recording: R) -> R:
        """What is late shifted back, and what the extra steps learned undone.

        Raises
        ------
        UsageError
            If the run ended before what is late began.
        """
        steps = recording.steps - self.extra
        if steps < 1:
            raise UsageError("a run ended before what is late began", found=recording.steps,
                             expected=f"more than {self.extra} steps",
                             hint="run for as long as the view says")
        traces = {probe: trace[self._lateness(probe):][:steps]
                  for probe, trace in recording.traces.items()}
        synapses = {name: _last(name, traces) for name in recording.synapses}
        return reread(recording, steps=steps, traces=traces, synapses=synapses)

    def _lateness(self, probe: Probe) -> int:
        return 0 if probe.variable in SYNAPTIC else self.late.get(probe.target, 0)


def late_by(network: Network, late: Mapping[str, int]) -> View:
    """The view of a network of which these populations are late; the identity if none is."""
    late = {name: steps for name, steps in late.items() if steps}
    return Late(late, tuple(p.name for p in network.plastic)) if late else IDENTITY


def _last(name: str, traces: Mapping[Probe, NDArray[Any]]) -> Synapses:
    """Weights and tags in the last step of the given run."""
    weights, tags = (Probe(name, variable) for variable in SYNAPTIC)
    if weights not in traces or tags not in traces:
        raise UsageError("a projection learned in the steps for which a run goes on, and was not "
                         "recorded", where=name, hint="run with the probes of the view")
    return traces[weights][-1], traces[tags][-1]
