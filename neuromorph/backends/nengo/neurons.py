"""Our neurons as Nengo neuron types: ``J`` is the synaptic input of a step.

Spikes have an amplitude of payload / dt, as Nengo's have.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from nengo.dists import Choice
from nengo.neurons import NeuronType
from nengo.params import BoolParam, NumberParam
from numpy.typing import NDArray

from neuromorph.dynamics import (
    LIFState,
    step_astrocyte_float,
    step_lif_float,
    step_readout_float,
    step_relay_float,
)
from neuromorph.errors import UnsupportedError
from neuromorph.network import Astrocyte, CubaLIF, Readout, Relay
from neuromorph.network.populations import NeuronModel

Floats = NDArray[np.float64]


class _Neurons(NeuronType):
    """What our neurons share: they have no rate to choose gains by, so gain 1 and bias 0 suit."""

    spiking = True
    state: ClassVar[dict[str, Any]] = {"voltage": Choice([0])}

    def max_rates_intercepts(self, gain: Floats, bias: Floats) -> tuple[Floats, Floats]:
        """Unknown, and nothing of ours asks."""
        return np.full_like(gain, np.nan), np.full_like(bias, np.nan)


class CubaNeurons(_Neurons):
    """u' = u(1 - du) + J, v' = v(1 - dv) + u' + bias, spike = v' > vth, then v' = 0."""

    state: ClassVar[dict[str, Any]] = {"voltage": Choice([0]), "current": Choice([0])}
    du, dv = NumberParam("du", low=0, high=1), NumberParam("dv", low=0, high=1)
    vth, push = NumberParam("vth"), NumberParam("push")

    def __init__(self, model: CubaLIF) -> None:
        super().__init__()
        self.du, self.dv, self.vth, self.push = model.du, model.dv, model.vth, model.bias_mant

    def step(self, dt: float, J: Floats, output: Floats, voltage: Floats, current: Floats) -> None:
        """One step, in place."""
        new, spikes = step_lif_float(LIFState(current, voltage), J, du=self.du, dv=self.dv,
                                     vth=self.vth, bias=self.push)
        current[...], voltage[...] = new
        output[...] = spikes / dt


class ReadoutNeurons(_Neurons):
    """v' = v(1 - dv) + J, spike = v' > vth, then v' = 0."""

    dv, vth = NumberParam("dv", low=0, high=1), NumberParam("vth")

    def __init__(self, model: Readout) -> None:
        super().__init__()
        self.dv, self.vth = model.dv, model.vth

    def step(self, dt: float, J: Floats, output: Floats, voltage: Floats) -> None:
        """One step, in place."""
        voltage[...], spikes = step_readout_float(voltage, J, dv=self.dv, vth=self.vth)
        output[...] = spikes / dt


class AstrocyteNeurons(_Neurons):
    """c' = c(1 - dv) + J[last], output = J / c' where c' > 0; the last unit is the calcium c."""

    dv = NumberParam("dv", low=0, high=1)

    def __init__(self, model: Astrocyte) -> None:
        super().__init__()
        self.dv = model.dv

    def step(self, dt: float, J: Floats, output: Floats, voltage: Floats) -> None:
        """One step, in place."""
        voltage[-1:], sent = step_astrocyte_float(voltage[-1:], J, dv=self.dv)
        output[...] = sent / dt


class RelayNeurons(_Neurons):
    """output = J; the voltage stays 0."""

    def step(self, dt: float, J: Floats, output: Floats, voltage: Floats) -> None:
        """One step, in place."""
        output[...] = step_relay_float(J) / dt


class Axons(_Neurons):
    """Neurons that pass on what they are given, or 1 for every spike, in the same step.

    Nengo lets weights learn behind neurons only, not behind a node.

    Parameters
    ----------
    graded : bool
        Whether payloads count.
    """

    state: ClassVar[dict[str, Any]] = {}
    graded = BoolParam("graded")

    def __init__(self, *, graded: bool) -> None:
        super().__init__()
        self.graded = graded

    def step(self, dt: float, J: Floats, output: Floats) -> None:
        """One step, in place."""
        output[...] = J if self.graded else (J != 0) / dt


def neuron_type(model: NeuronModel) -> _Neurons:
    """The Nengo neuron type of a model."""
    if isinstance(model, CubaLIF):
        return CubaNeurons(model)
    if isinstance(model, Readout):
        return ReadoutNeurons(model)
    if isinstance(model, Astrocyte):
        return AstrocyteNeurons(model)
    if isinstance(model, Relay):
        return RelayNeurons()
    raise UnsupportedError(f"a {model.kind} has no Nengo neuron type", where="backend nengo")
