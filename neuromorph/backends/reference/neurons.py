"""The step function of each neuron model, its parameters bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.dynamics import (
    LIFState,
    step_astrocyte_fixed,
    step_astrocyte_float,
    step_latency,
    step_lif_fixed,
    step_lif_float,
    step_readout_fixed,
    step_readout_float,
    step_relay_fixed,
    step_relay_float,
)
from neuromorph.network import Astrocyte, CubaLIF, LatencyMatch, Population, Readout, Relay

State: TypeAlias = dict[str, NDArray[Any]]
Step: TypeAlias = Callable[[State, NDArray[Any]], tuple[State, NDArray[Any]]]


def rest(population: Population, domain: str) -> State:
    """All states zero."""
    zeros = np.zeros(population.size, np.int64 if domain == "fixed" else np.float64)
    return {"u": zeros, "v": zeros}


def stepper(population: Population, domain: str) -> Step:
    """The step function of a population."""
    model = population.model
    if isinstance(model, CubaLIF):
        return _lif_step(model, domain)
    if isinstance(model, Readout):
        return _readout_step(model, domain)
    if isinstance(model, LatencyMatch):
        return _latency_step(model)
    if isinstance(model, Astrocyte):
        return _astrocyte_step(model, domain)
    if isinstance(model, Relay):
        return _relay_step(model, domain)
    raise TypeError(f"a {model.kind} has no dynamics")


def _lif_step(model: CubaLIF, domain: str) -> Step:
    def fixed(state: State, a_in: NDArray[Any]) -> tuple[State, NDArray[Any]]:
        new, spikes = step_lif_fixed(
            LIFState(state["u"], state["v"]), a_in, du=int(model.du), dv=int(model.dv),
            vth=int(model.vth), bias=int(model.bias_mant) << model.bias_exp,
            input_shift=model.input_shift)
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


def _astrocyte_step(model: Astrocyte, domain: str) -> Step:
    """The calcium is the potential of the last unit; the others have none."""
    def fixed(state: State, a_in: NDArray[Any]) -> tuple[State, NDArray[Any]]:
        calcium, out = step_astrocyte_fixed(state["v"][-1:], a_in, dv=int(model.dv),
                                            gain_bits=model.gain_bits)
        return _with_calcium(state, calcium), out

    def floating(state: State, a_in: NDArray[Any]) -> tuple[State, NDArray[Any]]:
        calcium, out = step_astrocyte_float(state["v"][-1:], a_in, dv=model.dv)
        return _with_calcium(state, calcium), out

    return fixed if domain == "fixed" else floating


def _with_calcium(state: State, calcium: NDArray[Any]) -> State:
    return {"u": state["u"], "v": np.concatenate([state["v"][:-1], calcium])}


def _relay_step(model: Relay, domain: str) -> Step:
    def fixed(state: State, a_in: NDArray[Any]) -> tuple[State, NDArray[Any]]:
        return state, step_relay_fixed(a_in, shift=model.shift)

    def floating(state: State, a_in: NDArray[Any]) -> tuple[State, NDArray[Any]]:
        return state, step_relay_float(a_in)

    return fixed if domain == "fixed" else floating
