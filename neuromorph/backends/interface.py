"""The one contract of all backends: say what you are, run a network, get a recording."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.attention import AttentionBatch, attend_clocked
from neuromorph.backends.floats import FloatLayer, Scales
from neuromorph.circuits.gated_delta import Remembered
from neuromorph.circuits.latency_attention import Attended
from neuromorph.errors import UnsupportedError, UsageError, did_you_mean, together
from neuromorph.network import Network, Probe, verify
from neuromorph.network.model import SYNAPTIC, Domain
from neuromorph.network.sources import source_range
from neuromorph.shapes import Num, Shaped
from neuromorph.shown import Shown

Evidence: TypeAlias = Literal["reference", "bit-exact model", "emulator", "hardware"]
Inputs: TypeAlias = Mapping[str, Annotated[Shaped, "_ _"]]
ClosedForm: TypeAlias = Callable[[AttentionBatch, bool], Attended]
"""A batch, and whether spike times are wanted, to what the clocked circuit gives."""

Remembering: TypeAlias = Callable[..., Remembered]
"""Arguments and result of `circuits.gated_delta.remember`."""


@dataclass(frozen=True, eq=False, repr=False)
class Recording(Shown):
    """What a run produced.

    Attributes
    ----------
    backend : str
        Name of the backend.
    evidence : {"reference", "bit-exact model", "emulator", "hardware"}
        What kind of machine the numbers come from.
    steps : int
    traces : mapping of Probe to array, shape (steps, size)
        Spikes hold payloads (1 for a plain spike, 0 for none); u and v are states at the
        end of a step. Weights and tags, shape (steps, post, pre), are as the step left them.
    synapses : mapping of projection name to (weights, tags)
        What the plastic projections hold at the end, arrays of shape (post, pre).
    overflows : mapping of population name to int
        Neuron-steps in which the current wrapped or the potential saturated, where the
        backend counts them.
    """

    backend: str
    evidence: Evidence
    steps: int
    traces: Mapping[Probe, Annotated[Num, "steps ..."]]
    synapses: Mapping[str, tuple[Annotated[Num, "_ _"], Annotated[Num, "_ _"]]] = field(
        default_factory=dict)
    overflows: Mapping[str, int] = field(default_factory=dict)

    def spikes(self, population: str) -> Annotated[Num, "steps size"]:
        """Spikes of a population, shape (steps, size)."""
        return self.traces[Probe(population, "spikes")]

    def potential(self, population: str) -> Annotated[Num, "steps size"]:
        """Potential of a population, shape (steps, size)."""
        return self.traces[Probe(population, "v")]

    def weights(self, projection: str) -> Annotated[Num, "steps post pre"]:
        """Weights of a plastic projection at every step, shape (steps, post, pre)."""
        return self.traces[Probe(projection, "weights")]


class Backend(ABC):
    """Runs networks. Subclasses say what they are and implement ``_run``.

    Attributes
    ----------
    name : str
        That of its folder.
    summary : str
        One line: what runs there.
    evidence : {"reference", "bit-exact model", "emulator", "hardware"}
        What its numbers are worth.
    needs : str, optional
        The package, of the extra ``extra``, without which it runs nothing.
    domains : tuple of {"fixed", "float"}
        What it computes in.
    kinds : tuple of str, optional
        Kinds of neuron models that it runs; every registered one if None.
    cannot : str
        In words, what `why_not` refuses besides.
    tolerance : float
        Within this, relative to the largest value of a trace, its floats equal the
        reference's. Integers are equal to the bit.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    evidence: ClassVar[Evidence]
    needs: ClassVar[str | None] = None
    extra: ClassVar[str | None] = None
    domains: ClassVar[tuple[Domain, ...]] = ("fixed", "float")
    kinds: ClassVar[tuple[str, ...] | None] = None
    cannot: ClassVar[str] = ""
    tolerance: ClassVar[float] = 0.0

    def why_not(self, network: Network) -> str | None:
        """Why this backend cannot run the network, in a line; None if it can."""
        reasons = self.reasons(network)
        return together(reasons) if reasons else None

    def reasons(self, network: Network) -> tuple[str, ...]:
        """All reasons why this backend cannot run the network, each once; none if it can."""
        found = [f"{population.name}: it runs no {population.model.kind}"
                 for population in network.populations
                 if self.kinds is not None and population.model.kind not in self.kinds]
        if network.domain in self.domains:
            found += self._reasons(network)
        else:
            found.insert(0, f"it runs {_NUMBERS[self.domains[0]]} only; "
                            f"{_who_runs(network.domain)}")
        return tuple(dict.fromkeys(found))

    def _reasons(self, network: Network) -> Iterable[str]:
        """What else it has against a network of its domains, of any kinds of neurons."""
        return ()

    def closed_form(self, head: object) -> ClosedForm | None:
        """What computes batches of a known circuit at once; None where they run by the clock.

        Parameters
        ----------
        head : object
            The numbers of the circuit.
        """
        return None

    def attend(
        self, work: AttentionBatch, *, times: bool = False,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Attended:
        """A batch of attention: in closed form where this backend has one, else by the clock.

        Parameters
        ----------
        work : AttentionBatch
        times : bool
            Whether the result must hold spike times; by the clock it always does.
        progress : callable
            Told what is being run by the clock.
        """
        closed = self.closed_form(work.heads[0])
        return attend_clocked(self, work, progress) if closed is None else closed(work, times)

    def float_layer(self, scales: Scales) -> FloatLayer | None:
        """A layer of attention from floats to floats, where this backend has one."""
        return None

    def memories(self) -> Remembering | None:
        """What computes memories of the gated delta rule at once; None where they run by the clock.

        It says what `circuits.gated_delta.remember` says.
        """
        return None

    def run(
        self, network: Network, inputs: Inputs, probes: Sequence[Probe], steps: int
    ) -> Recording:
        """Run ``steps`` steps from rest.

        Parameters
        ----------
        network : Network
        inputs : mapping of source name to array, shape (steps, size)
            Payloads each source emits; integer in the fixed domain.
        probes : sequence of Probe
            What to record.
        steps : int
            At least 1.

        Raises
        ------
        NetworkError, UsageError
            Before anything runs, if the network or the arguments are not sound.
        UnsupportedError
            If the backend cannot run this network.
        """
        verify(network)
        if reasons := self.reasons(network):
            raise UnsupportedError(reasons[0], where=f"backend {self.name}", more=reasons[1:])
        _check_steps(steps)
        trains = {name: np.asarray(train) for name, train in inputs.items()}
        _check_inputs(network, trains, steps)
        _check_probes(network, probes)
        return self._run(network, trains, tuple(probes), steps)

    @abstractmethod
    def _run(
        self, network: Network, inputs: Inputs, probes: tuple[Probe, ...], steps: int
    ) -> Recording:
        """Run a network that has been checked."""


_NUMBERS: dict[Domain, str] = {"fixed": "integers", "float": "floats"}


def _who_runs(domain: Domain) -> str:
    from neuromorph.backends import registry

    able = [name for name in registry.names() if domain in registry.kind(name).domains]
    return f"{_NUMBERS[domain]} run on {', '.join(able)}"


def _check_steps(steps: int) -> None:
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise UsageError("steps must be a whole number of at least 1", found=repr(steps))


def _check_inputs(network: Network, inputs: Inputs, steps: int) -> None:
    sources = {p.name: p for p in network.populations if p.is_source}
    for name in inputs:
        if name not in sources:
            raise UsageError("an input names no source of the network", found=name,
                             hint=did_you_mean(name, sources))
    for name, source in sources.items():
        if name not in inputs:
            raise UsageError("a source has no input", where=network.name, found=name)
        _check_train(name, np.asarray(inputs[name]), (steps, source.size), network)
    _check_rivals(network, inputs)


def _check_rivals(network: Network, inputs: Mapping[str, NDArray[Any]]) -> None:
    for word in sorted({port.rivals for port in network.inputs if port.rivals}):
        speak = sum(np.any(inputs[port.population], axis=1).astype(int)
                    for port in network.inputs if port.rivals == word)
        if np.max(speak, initial=0) > 1:
            raise UsageError("several of some inputs speak in a step", where=word,
                             found=int(np.max(speak)), expected="one at most")


def _check_train(
    name: str, train: NDArray[Any], shape: tuple[int, int], network: Network
) -> None:
    if train.shape != shape:
        raise UsageError("an input has the wrong shape", where=name, found=train.shape,
                         expected=f"(steps, size) = {shape}")
    if not np.isfinite(train).all():
        raise UsageError("an input holds NaN or infinity", where=name)
    if network.domain != "fixed":
        return
    if not np.issubdtype(train.dtype, np.integer):
        raise UsageError("an input of a fixed network must be integer", where=name,
                         found=train.dtype)
    low, high = source_range(network, name)
    if train.size and (train.min() < low or train.max() > high):
        raise UsageError("an input does not fit the source's payload", where=name,
                         found=f"{train.min()} to {train.max()}", expected=f"{low} to {high}")
    for port in network.inputs:
        if port.population == name and train.size and (
                train.min() < port.low or train.max() > port.high):
            raise UsageError("an input leaves the range that the circuit assumes", where=port.name,
                             found=f"{train.min()} to {train.max()}",
                             expected=f"{port.low} to {port.high}")
        most = np.count_nonzero(train, axis=1).max(initial=0) if port.alone else 0
        if port.population == name and most > 1:
            raise UsageError("several axons of an input speak in a step", where=port.name,
                             found=int(most), expected="one at most")


def _check_probes(network: Network, probes: Sequence[Probe]) -> None:
    names = {p.name for p in network.populations}
    for probe in probes:
        if not isinstance(probe, Probe):
            raise UsageError("this is no probe", found=repr(probe), hint="Probe(population)")
        if probe.variable in SYNAPTIC:
            _check_synaptic_probe(network, probe)
            continue
        if probe.target not in names:
            raise UsageError("a probe names no population", found=probe.target,
                             hint=did_you_mean(probe.target, names))
        model = network.population(probe.target).model
        if probe.variable not in model.records:
            raise UsageError(f"a {model.kind} has no such state to record", where=probe.target,
                             found=probe.variable, expected=" or ".join(model.records))


def _check_synaptic_probe(network: Network, probe: Probe) -> None:
    plastic = {p.name for p in network.plastic}
    if probe.target not in plastic:
        raise UsageError(f"a probe of {probe.variable} names no plastic projection",
                         found=probe.target, hint=did_you_mean(probe.target, plastic))


def trace_shape(network: Network, probe: Probe) -> tuple[int, ...]:
    """Shape of one step of what a probe records."""
    if probe.variable in SYNAPTIC:
        return network.projection(probe.target).weights.shape
    return (network.population(probe.target).size,)
