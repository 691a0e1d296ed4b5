"""How one side of a signed key runs on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.key_side import KeySide as KeySideModel
from neuromorph.processes.key_side.process import KeySide
from neuromorph.processes.stepped import FixedModel, FloatModel


@implements(proc=KeySide, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyKeySideModelFixed(FixedModel):
    """A side, or 1."""

    neuron = KeySideModel


@implements(proc=KeySide, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyKeySideModelFloat(FloatModel):
    """A side, or 1."""

    neuron = KeySideModel
