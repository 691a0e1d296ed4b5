"""How a regulator runs on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.regulator import Regulator as RegulatorModel
from neuromorph.processes.regulator.process import Regulator
from neuromorph.processes.stepped import FixedModel, FloatModel


@implements(proc=Regulator, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRegulatorModelFixed(FixedModel):
    """A trace of errors, in 24 bits."""

    neuron = RegulatorModel


@implements(proc=Regulator, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyRegulatorModelFloat(FloatModel):
    """A trace of errors, not rounded."""

    neuron = RegulatorModel
