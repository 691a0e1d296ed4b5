"""How the residual stream runs on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.residual import Residual as ResidualModel
from neuromorph.processes.residual.process import Residual
from neuromorph.processes.stepped import FixedModel, FloatModel


@implements(proc=Residual, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyResidualModelFixed(FixedModel):
    """What it keeps, and what is added to it."""

    neuron = ResidualModel


@implements(proc=Residual, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyResidualModelFloat(FloatModel):
    """What it keeps, and what is added to it."""

    neuron = ResidualModel
