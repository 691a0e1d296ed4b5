"""How a channel that keeps its mean and its spread runs on a CPU, in integers."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.homeostatic import Homeostatic as HomeostaticModel
from neuromorph.processes.homeostatic.process import Homeostatic
from neuromorph.processes.stepped import FixedModel


@implements(proc=Homeostatic, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyHomeostaticModelFixed(FixedModel):
    """A gain and a threshold that follow two traces."""

    neuron = HomeostaticModel
