"""How a requantising neuron runs on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.requantise import Requantise as RequantiseModel
from neuromorph.processes.requantise.process import Requantise
from neuromorph.processes.stepped import FixedModel, FloatModel


@implements(proc=Requantise, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRequantiseModelFixed(FixedModel):
    """s_out = clip(MS(a_in) + bias, -limit, limit) where it acts."""

    neuron = RequantiseModel


@implements(proc=Requantise, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyRequantiseModelFloat(FloatModel):
    """s_out = clip(a_in multiplier / 2^shift + bias, -limit, limit) where it acts."""

    neuron = RequantiseModel
