"""How the residual stream behind a unit vector runs on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.unit_residual import UnitResidual as UnitResidualModel
from neuromorph.processes.stepped import FixedModel, FloatModel
from neuromorph.processes.unit_residual.process import UnitResidual


@implements(proc=UnitResidual, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyUnitResidualModelFixed(FixedModel):
    """What it keeps, and what is added to it times a norm."""

    neuron = UnitResidualModel


@implements(proc=UnitResidual, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyUnitResidualModelFloat(FloatModel):
    """What it keeps, and what is added to it times a norm."""

    neuron = UnitResidualModel
