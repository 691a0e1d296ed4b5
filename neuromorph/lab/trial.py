"""One short run that travels with a program, so that another machine's run can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError
from neuromorph.network import Network, Probe
from neuromorph.network.view import Recorded
from neuromorph.shown import Shown

Traces: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Trial(Shown):
    """What one unit of a program did in one run.

    Attributes
    ----------
    unit : int
    inputs : mapping of source name to array, shape (steps, size)
    spikes : mapping of population name to array, shape (steps, size)
        Of every population that is no source.
    read_at : tuple of int
        After how many steps the potentials were read, in rising order.
    potentials : mapping of population name to array, shape (len(read_at), size)
        Of those that have one.
    weights : mapping of projection name to array, shape (post, pre)
        What the plastic projections hold at the end.
    backend, evidence : str
        What computed it.
    """

    unit: int
    inputs: Traces
    spikes: Traces
    read_at: tuple[int, ...]
    potentials: Traces
    weights: Traces = field(default_factory=dict)
    backend: str = "reference"
    evidence: str = "reference"

    @property
    def steps(self) -> int:
        """Length of the run."""
        return len(next(iter(self.spikes.values())))

    def expected(self) -> dict[str, NDArray[Any]]:
        """What is compared, by name of array: ``spikes.match``, ``v.match``, ``weights.key``."""
        arrays: dict[str, NDArray[Any]] = {"unit": np.array(self.unit, np.int64),
                                           "read_at": np.array(self.read_at, np.int64)}
        for kind, found in (("spikes", self.spikes), ("v", self.potentials),
                            ("weights", self.weights)):
            arrays |= {f"{kind}.{name}": np.asarray(values, np.int64)
                       for name, values in found.items()}
        return arrays


def trial_probes(network: Network) -> list[Probe]:
    """What a trial's recording must hold: spikes of all neurons, and the potentials there are."""
    return [Probe(p.name, variable) for p in network.populations if not p.is_source
            for variable in ("spikes", "v") if variable in p.model.records]


def trial_of(
    unit: int, network: Network, inputs: Traces, recording: Recorded, *,
    read_at: Sequence[int] | None = None, backend: str, evidence: str,
) -> Trial:
    """A trial from a recording with `trial_probes`.

    Parameters
    ----------
    unit : int
        Number of the unit in its program.
    network, inputs, recording
        The unit's network, what drove it, and what a backend recorded.
    read_at : sequence of int, optional
        After how many steps to keep the potentials; after the last one if left out.
    backend, evidence : str
        Of the recording.

    Raises
    ------
    UsageError
        If a step to read at is not in the run.
    """
    asked = trial_probes(network)
    spikes = {p.target: recording.traces[p] for p in asked if p.variable == "spikes"}
    steps = len(next(iter(spikes.values())))
    rows = tuple(sorted(set(read_at or [steps])))
    if not 1 <= rows[0] <= rows[-1] <= steps:
        raise UsageError("potentials are read after a step of the run", found=list(rows),
                         expected=f"1 to {steps}")
    potentials = {p.target: recording.traces[p][np.array(rows) - 1] for p in asked
                  if p.variable == "v"}
    weights = {name: both[0] for name, both in recording.synapses.items()}
    return Trial(unit, dict(inputs), spikes, rows, potentials, weights, backend, evidence)
