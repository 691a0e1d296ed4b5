"""How stock neurons whose input keeps fractions run on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.cuba_lif import CubaLIF as CubaLIFModel
from neuromorph.processes.cuba_lif.process import CubaLIF
from neuromorph.processes.stepped import FixedModel, FloatModel


@implements(proc=CubaLIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyCubaLIFModelFixed(FixedModel):
    """u and v of the model, bit by bit."""

    neuron = CubaLIFModel


@implements(proc=CubaLIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyCubaLIFModelFloat(FloatModel):
    """u and v of the model."""

    neuron = CubaLIFModel
