"""How a gated activation runs on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.gate import Gate as GateModel
from neuromorph.processes.gate.process import Gate
from neuromorph.processes.stepped import FixedModel, FloatModel


@implements(proc=Gate, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyGateModelFixed(FixedModel):
    """An activation that it keeps, and its product."""

    neuron = GateModel


@implements(proc=Gate, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyGateModelFloat(FloatModel):
    """An activation that it keeps, and its product."""

    neuron = GateModel
