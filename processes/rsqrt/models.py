"""How the inverse root and the root run on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.rsqrt import Root as RootModel
from neuromorph.neurons.rsqrt import Rsqrt as RsqrtModel
from neuromorph.processes.rsqrt.process import Root, Rsqrt
from neuromorph.processes.stepped import FixedModel, FloatModel


@implements(proc=Rsqrt, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRsqrtModelFixed(FixedModel):
    """It keeps a rung of a ladder, and sends the inverse of its root."""

    neuron = RsqrtModel


@implements(proc=Rsqrt, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyRsqrtModelFloat(FloatModel):
    """It keeps a rung of a ladder, and sends the inverse of its root."""

    neuron = RsqrtModel


@implements(proc=Root, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRootModelFixed(FixedModel):
    """It keeps a rung of a ladder, and sends its root."""

    neuron = RootModel


@implements(proc=Root, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyRootModelFloat(FloatModel):
    """It keeps a rung of a ladder, and sends its root."""

    neuron = RootModel
