"""The reference: clocked NumPy, made to be read. What it computes is the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.interface import Backend, Evidence, Inputs, Recording
from neuromorph.dynamics import (
    LIFState,
    accumulate_fixed,
    accumulate_float,
    step_latency,
    step_lif_fixed,
    step_lif_float,
    step_readout_fixed,
    step_readout_float,
)
from neuromorph.network import (
    CubaLIF,
    LatencyMatch,
    Network,
    Population,
    Probe,
    Projection,
    Readout,
)
from neuromorph.numerics import decay, wrap
from neuromorph.numerics.limits import DECAY_UNITY, INPUT_SHIFT, STATE_MAX

State = dict[str, NDArray[Any]]
Step = Callable[[State, NDArray[Any]], tuple[State, NDArray[Any]]]


class ReferenceBackend(Backend):
    """Every neuron and every synapse, every step, in three lines a step.

    ::

        a_in[t] = sum over projections of W s[t - 1 - delay]
        state[t], s[t] = step(state[t-1], a_in[t])
    """

    name: ClassVar[str] = "reference"
    evidence: ClassVar[Evidence] = "reference"

    def _run(
        self, network: Network, inputs: Inputs, probes: tuple[Probe, ...], steps: int
    ) -> Recording:
        neurons = [p for p in network.populations if p.name not in inputs]
        states: dict[str, State] = {p.name: rest(p, network.domain) for p in neurons}
        advance = {p.name: stepper(p, network.domain) for p in neurons}
        spikes = {p.name: np.zeros((steps, p.size), dtype_of(network)) for p in network.populations}
        for name, train in inputs.items():
            spikes[name][:] = train
        traces = {probe: np.zeros_like(spikes[probe.population]) for probe in probes}
        overflows = dict.fromkeys(states, 0)
        for t in range(steps):
            for population in neurons:
                name = population.name
                a_in = synaptic_input(network, population, spikes, t)
                before = states[name]
                states[name], spikes[name][t] = advance[name](before, a_in)
                overflows[name] += count_overflows(population, before, states[name], a_in)
            for probe in probes:
                if probe.variable != "spikes":
                    traces[probe][t] = states[probe.population][probe.variable]
        for probe in probes:
            if probe.variable == "spikes":
                traces[probe][:] = spikes[probe.population]
        return Recording(self.name, self.evidence, steps, traces, overflows)


def dtype_of(network: Network) -> type[np.generic]:
    """The type of all states: int64 in the fixed domain, float64 in the float domain."""
    return np.int64 if network.domain == "fixed" else np.float64


def rest(population: Population, domain: str) -> State:
    """All states zero."""
    zeros = np.zeros(population.size, np.int64 if domain == "fixed" else np.float64)
    return {"u": zeros, "v": zeros}


def synaptic_input(
    network: Network, population: Population, spikes: State, t: int
) -> NDArray[Any]:
    """Sum of what all projections deliver to a population at step t."""
    total: NDArray[Any] = np.zeros(population.size, dtype_of(network))
    for projection in network.projections_to(population.name):
        sent_at = t - 1 - projection.delay
        if sent_at >= 0:
            total += _deliver(network, projection, spikes[projection.pre][sent_at])
    return total


def _deliver(network: Network, projection: Projection, sent: NDArray[Any]) -> NDArray[Any]:
    if network.domain == "float":
        return accumulate_float(projection.weights, sent, graded=projection.graded)
    return accumulate_fixed(projection.weights, sent, exponent=projection.exponent,
                            graded=projection.graded)


def stepper(population: Population, domain: str) -> Step:
    """The step function of a population, its parameters bound."""
    model = population.model
    if isinstance(model, CubaLIF):
        return _lif_step(model, domain)
    if isinstance(model, Readout):
        return _readout_step(model, domain)
    if isinstance(model, LatencyMatch):
        return _latency_step(model)
    raise TypeError(f"a {model.kind} has no dynamics")


def _lif_step(model: CubaLIF, domain: str) -> Step:
    def fixed(state: State, a_in: NDArray[Any]) -> tuple[State, NDArray[Any]]:
        new, spikes = step_lif_fixed(
            LIFState(state["u"], state["v"]), a_in, du=int(model.du), dv=int(model.dv),
            vth=int(model.vth), bias=int(model.bias_mant) << model.bias_exp)
        return new._asdict(), spikes

    def floating(state: State, a_in: NDArray[Any]) -> tuple[State, NDArray[Any]]:
        new, spikes = step_lif_float(
            LIFState(state["u"], state["v"]), a_in, du=model.du, dv=model.dv,
            vth=model.vth, bias=model.bias_mant)
        return new._asdict(), spikes

    return fixed if domain == "fixed" else floating


def _readout_step(model: Readout, domain: str) -> Step:
    def fixed(state: State, a_in: NDArray[Any]) -> tuple[State, NDArray[Any]]:
        v, spikes = step_readout_fixed(state["v"], a_in, dv=int(model.dv), vth=int(model.vth))
        return {"u": state["u"], "v": v}, spikes

    def floating(state: State, a_in: NDArray[Any]) -> tuple[State, NDArray[Any]]:
        v, spikes = step_readout_float(state["v"], a_in, dv=model.dv, vth=model.vth)
        return {"u": state["u"], "v": v}, spikes

    return fixed if domain == "fixed" else floating


def _latency_step(model: LatencyMatch) -> Step:
    def fixed(state: State, a_in: NDArray[Any]) -> tuple[State, NDArray[Any]]:
        v, payload = step_latency(state["v"], a_in, vth=model.vth, base=model.base,
                                  span=model.span, gain=model.gain, gain_shift=model.gain_shift)
        return {"u": state["u"], "v": v}, payload

    return fixed


def count_overflows(
    population: Population, before: State, after: State, a_in: NDArray[Any]
) -> int:
    """Neurons whose current wrapped, or whose readout potential hit its limit, in this step.

    A potential that saturates is no overflow in a LIF neuron: circuits clear by it.
    """
    model = population.model
    if a_in.dtype.kind == "f":
        return 0
    if isinstance(model, Readout):
        return int(np.count_nonzero(np.abs(after["v"]) >= STATE_MAX))
    forget = int(model.du) if isinstance(model, CubaLIF) else DECAY_UNITY
    current = decay(before["u"], forget) + (a_in << INPUT_SHIFT)
    return int(np.count_nonzero(current != wrap(current)))
