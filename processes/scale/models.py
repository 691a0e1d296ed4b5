"""How a scaling neuron runs on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.scale import Scale as ScaleModel
from neuromorph.processes.scale.process import Scale
from neuromorph.processes.stepped import FixedModel, FloatModel


@implements(proc=Scale, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyScaleModelFixed(FixedModel):
    """R, then R times what arrives."""

    neuron = ScaleModel


@implements(proc=Scale, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyScaleModelFloat(FloatModel):
    """R, then R times what arrives."""

    neuron = ScaleModel
