"""How the emitting control neuron runs on a CPU."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.quotient import Quotient as QuotientModel
from neuromorph.processes.quotient.process import Quotient
from neuromorph.processes.stepped import FixedModel


@implements(proc=Quotient, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyQuotientModelFixed(FixedModel):
    """A leaky sum; divided, scaled and sent."""

    neuron = QuotientModel
