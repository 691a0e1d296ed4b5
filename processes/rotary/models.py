"""How a rotary position runs on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.rotary import Rotary as RotaryModel
from neuromorph.processes.rotary.process import Rotary
from neuromorph.processes.stepped import FixedModel, FloatModel


@implements(proc=Rotary, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRotaryModelFixed(FixedModel):
    """Three numbers that it keeps, and the code of what they and a sine make."""

    neuron = RotaryModel


@implements(proc=Rotary, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyRotaryModelFloat(FloatModel):
    """Three numbers that it keeps, and the code of what they and a sine make."""

    neuron = RotaryModel
