"""How a product of two inputs runs on a CPU, in integers and in floats."""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neuromorph.neurons.counter import acts, silent_unless
from neuromorph.neurons.product import step_product_fixed, step_product_float
from neuromorph.processes.product.process import Product


@implements(proc=Product, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyProductModelFixed(PyLoihiProcessModel):
    """s_out = clip((a b) >> shift, -limit, limit) where it acts."""

    a: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    b: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    shift: int = LavaPyType(int, np.uint8, precision=6)
    limit: int = LavaPyType(int, np.int32, precision=24)
    period: int = LavaPyType(int, np.int32, precision=17)
    at: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=17)

    def run_spk(self) -> None:
        """One step."""
        sent = step_product_fixed(self.a.recv(), self.b.recv(), shift=int(self.shift),
                                  limit=int(self.limit))
        due = acts(self.time_step - 1, int(self.period), self.at)
        self.s_out.send(silent_unless(due, sent))


@implements(proc=Product, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyProductModelFloat(PyLoihiProcessModel):
    """s_out = clip(a b, -limit, limit) where it acts."""

    a: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    b: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    shift: int = LavaPyType(int, int)
    limit: float = LavaPyType(float, float)
    period: int = LavaPyType(int, int)
    at: NDArray[np.int64] = LavaPyType(np.ndarray, int)

    def run_spk(self) -> None:
        """One step."""
        sent = step_product_float(self.a.recv(), self.b.recv(), limit=float(self.limit))
        due = acts(self.time_step - 1, int(self.period), self.at)
        self.s_out.send(silent_unless(due, sent))
