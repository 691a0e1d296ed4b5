"""The reference: clocked NumPy, made to be read. What it computes is the truth."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.interface import Backend, Evidence, Inputs, Recording, trace_shape
from neuromorph.backends.reference.delivery import deliver
from neuromorph.backends.reference.neurons import State, Step, rest, stepper
from neuromorph.backends.reference.plasticity import PlasticProjection
from neuromorph.network import (
    CubaLIF,
    LatencyMatch,
    Network,
    Population,
    Probe,
    Relay,
)
from neuromorph.network.model import SYNAPTIC
from neuromorph.network.populations import aligned_by
from neuromorph.numerics import decay, shift, wrap
from neuromorph.numerics.limits import DECAY_UNITY, STATE_MAX


class ReferenceBackend(Backend):
    """Every neuron and every synapse, every step, in four lines a step.

    ::

        a_in[t] = sum over projections of W s[t - 1 - delay]      W as it was at t - 1
        state[t], s[t] = step(state[t-1], a_in[t])
        W = learn(W, s_pre[t], s_post[t], third factors[t])       after W s[t] has been sent
    """

    name: ClassVar[str] = "reference"
    evidence: ClassVar[Evidence] = "reference"

    def _run(
        self, network: Network, inputs: Inputs, probes: tuple[Probe, ...], steps: int
    ) -> Recording:
        neurons = [p for p in network.populations if p.name not in inputs]
        states: dict[str, State] = {p.name: rest(p, network.domain) for p in neurons}
        advance: dict[str, Step] = {p.name: stepper(p, network.domain) for p in neurons}
        plastic = {p.name: PlasticProjection(p, network.domain, steps) for p in network.plastic}
        spikes = {p.name: np.zeros((steps, p.size), dtype_of(network)) for p in network.populations}
        for name, train in inputs.items():
            spikes[name][:] = train
        traces = {p: np.zeros((steps, *trace_shape(network, p)), dtype_of(network))
                  for p in probes}
        overflows = dict.fromkeys(states, 0)
        for t in range(steps):
            for population in neurons:
                name = population.name
                a_in = synaptic_input(network, population, spikes, plastic, t)
                before = states[name]
                states[name], spikes[name][t] = advance[name](before, a_in)
                overflows[name] += count_overflows(population, before, states[name], a_in)
            for projection in plastic.values():
                projection.step({name: train[t] for name, train in spikes.items()}, t)
            for probe in probes:
                traces[probe][t] = _sample(probe, states, plastic, spikes, t)
        return Recording(self.name, self.evidence, steps, traces,
                         {name: p.synapses for name, p in plastic.items()}, overflows)


def dtype_of(network: Network) -> type[np.generic]:
    """The type of all states: int64 in the fixed domain, float64 in the float domain."""
    return np.int64 if network.domain == "fixed" else np.float64


def synaptic_input(
    network: Network, population: Population, spikes: State,
    plastic: dict[str, PlasticProjection], t: int,
) -> NDArray[Any]:
    """Sum of what all projections deliver to a population at step t."""
    total: NDArray[Any] = np.zeros(population.size, dtype_of(network))
    for projection in network.projections_to(population.name):
        sent_at = t - 1 - projection.delay
        if projection.name in plastic:
            total += plastic[projection.name].delivery
        elif sent_at >= 0:
            total += deliver(network.domain, projection, projection.weights,
                             spikes[projection.pre][sent_at])
    return total


def _sample(
    probe: Probe, states: dict[str, State], plastic: dict[str, PlasticProjection], spikes: State,
    t: int,
) -> NDArray[Any]:
    if probe.variable in SYNAPTIC:
        return plastic[probe.target].synapses[SYNAPTIC.index(probe.variable)]
    if probe.variable == "spikes":
        sent: NDArray[Any] = spikes[probe.target][t]
        return sent
    state: NDArray[Any] = states[probe.target][probe.variable]
    return state


def count_overflows(
    population: Population, before: State, after: State, a_in: NDArray[Any]
) -> int:
    """Neurons whose current wrapped, readout potential hit its limit, or relay's payload did.

    A potential that saturates is no overflow in a LIF neuron: circuits clear by it.
    """
    model = population.model
    if a_in.dtype.kind == "f":
        return 0
    if isinstance(model, Relay):
        return int(np.count_nonzero(np.abs(shift(a_in, -model.shift)) > STATE_MAX))
    if not isinstance(model, CubaLIF | LatencyMatch):
        return int(np.count_nonzero(np.abs(after["v"]) >= STATE_MAX))
    forget = int(model.du) if isinstance(model, CubaLIF) else DECAY_UNITY
    current = decay(before["u"], forget) + (a_in << aligned_by(model))
    return int(np.count_nonzero(current != wrap(current)))
