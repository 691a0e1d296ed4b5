"""How a squaring neuron runs on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.square import Square as SquareModel
from neuromorph.processes.square.process import Square
from neuromorph.processes.stepped import FixedModel, FloatModel


@implements(proc=Square, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySquareModelFixed(FixedModel):
    """A square, from coarse to fine."""

    neuron = SquareModel


@implements(proc=Square, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PySquareModelFloat(FloatModel):
    """A square, from coarse to fine."""

    neuron = SquareModel
