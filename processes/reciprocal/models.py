"""How the emitting normaliser runs on a CPU."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.reciprocal import Reciprocal as ReciprocalModel
from neuromorph.processes.reciprocal.process import Reciprocal
from neuromorph.processes.stepped import FixedModel


@implements(proc=Reciprocal, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyReciprocalModelFixed(FixedModel):
    """A leaky sum; where it is asked, the reciprocal of what it was."""

    neuron = ReciprocalModel
