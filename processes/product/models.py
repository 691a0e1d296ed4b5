"""How a product of two inputs runs on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.product import Product as ProductModel
from neuromorph.processes.product.process import Product
from neuromorph.processes.stepped import FixedModel, FloatModel


@implements(proc=Product, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyProductModelFixed(FixedModel):
    """s_out = clip((a b) >> shift, -limit, limit) where it acts."""

    neuron = ProductModel


@implements(proc=Product, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyProductModelFloat(FloatModel):
    """s_out = clip(a b, -limit, limit) where it acts."""

    neuron = ProductModel
