"""How slots in turn run on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.slot import Slot as SlotModel
from neuromorph.processes.slot.process import Slot
from neuromorph.processes.stepped import FixedModel, FloatModel


@implements(proc=Slot, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySlotModelFixed(FixedModel):
    """Turns that it counts, and its own."""

    neuron = SlotModel


@implements(proc=Slot, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PySlotModelFloat(FloatModel):
    """Turns that it counts, and its own."""

    neuron = SlotModel
