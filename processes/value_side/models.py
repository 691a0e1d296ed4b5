"""How one side of a signed value runs on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.value_side import ValueSide as ValueSideModel
from neuromorph.processes.stepped import FixedModel, FloatModel
from neuromorph.processes.value_side.process import ValueSide


@implements(proc=ValueSide, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyValueSideModelFixed(FixedModel):
    """A side, or silence."""

    neuron = ValueSideModel


@implements(proc=ValueSide, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyValueSideModelFloat(FloatModel):
    """A side, or silence."""

    neuron = ValueSideModel
