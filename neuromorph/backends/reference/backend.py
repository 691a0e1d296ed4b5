"""The reference: clocked NumPy, made to be read. What it computes is the truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.interface import Backend, Evidence, Inputs, Recording, trace_shape
from neuromorph.backends.reference.delivery import deliver
from neuromorph.backends.reference.plasticity import PlasticProjection
from neuromorph.network import Network, Population, Probe
from neuromorph.network.model import SYNAPTIC
from neuromorph.neurons.contract import Arrived, State, Stepped
from neuromorph.shapes import Num


class ReferenceBackend(Backend):
    """Every neuron and every synapse, every step, in four lines a step.

    ::

        a_in[t] = sum over projections of W s[t - 1 - delay]      W as it was at t - 1; by port
        state[t], s[t] = step(state[t-1], a_in[t], t)
        W = learn(W, s_pre[t], s_post[t], third factors[t])       after W s[t] has been sent
    """

    name: ClassVar[str] = "reference"
    summary: ClassVar[str] = "clocked NumPy, every neuron and synapse every step: the truth"
    evidence: ClassVar[Evidence] = "reference"

    def _run(
        self, network: Network, inputs: Inputs, probes: tuple[Probe, ...], steps: int
    ) -> Recording:
        neurons = [p for p in network.populations if p.name not in inputs]
        states = {p.name: rest(p, network) for p in neurons}
        plastic = {p.name: PlasticProjection(p, network.domain, steps) for p in network.plastic}
        spikes = {p.name: np.zeros((steps, p.size), dtype_of(network)) for p in network.populations}
        for name, train in inputs.items():
            spikes[name][:] = train
        traces = {p: np.zeros((steps, *trace_shape(network, p)), dtype_of(network))
                  for p in probes}
        overflows = dict.fromkeys(states, 0)
        for t in range(steps):
            for population in neurons:
                name, model, before = population.name, population.model, states[population.name]
                arrived = {port: synaptic_input(network, population, port, spikes, plastic, t)
                           for port in model.ports}
                states[name], spikes[name][t] = step(network, population, before, arrived, t)
                if network.domain == "fixed":
                    overflows[name] += model.overflows(before, states[name], arrived, t)
            for projection in plastic.values():
                projection.step({name: train[t] for name, train in spikes.items()}, t)
            for probe in probes:
                traces[probe][t] = _sample(probe, states, plastic, spikes, t)
        return Recording(self.name, self.evidence, steps, traces,
                         {name: p.synapses for name, p in plastic.items()}, overflows)


def dtype_of(network: Network) -> type[np.generic]:
    """The type of all states: int64 in the fixed domain, float64 in the float domain."""
    return np.int64 if network.domain == "fixed" else np.float64


def rest(population: Population, network: Network) -> State:
    """All words of the state zero."""
    return {word: np.zeros(population.size, dtype_of(network)) for word in population.model.words}


def step(
    network: Network, population: Population, state: State, arrived: Arrived, t: int
) -> Stepped:
    """One step of a population in the domain of its network."""
    model = population.model
    advance = model.step_fixed if network.domain == "fixed" else model.step_float
    return advance(state, arrived, t)


def synaptic_input(
    network: Network, population: Population, port: str,
    spikes: Mapping[str, Annotated[Num, "..."]],
    plastic: dict[str, PlasticProjection], t: int,
) -> Annotated[Num, "size"]:
    """Sum of what all projections deliver to a port of a population at step t."""
    total: NDArray[Any] = np.zeros(population.size, dtype_of(network))
    for projection in network.projections_to(population.name, port):
        sent_at = t - 1 - int(projection.delay)
        if projection.name in plastic:
            total += plastic[projection.name].delivery
        elif sent_at >= 0:
            total += deliver(network.domain, projection, projection.weights,
                             spikes[projection.pre][sent_at])
    return total


def _sample(
    probe: Probe, states: Mapping[str, Mapping[str, Annotated[Num, "..."]]],
    plastic: dict[str, PlasticProjection],
    spikes: Mapping[str, Annotated[Num, "..."]],
    t: int,
) -> NDArray[Any]:
    if probe.variable in SYNAPTIC:
        return plastic[probe.target].synapses[SYNAPTIC.index(probe.variable)]
    if probe.variable == "spikes":
        sent: NDArray[Any] = spikes[probe.target][t]
        return sent
    state: NDArray[Any] = states[probe.target][probe.variable]
    return state
