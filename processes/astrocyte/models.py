"""How an astrocyte runs on a CPU, in integers and in floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neuromorph.neurons.astrocyte import step_astrocyte_fixed, step_astrocyte_float
from neuromorph.processes.astrocyte.process import Astrocyte


class CalciumAsPotential:
    """The calcium in the place where other neurons keep their potential."""

    proc_params: Any
    calcium: NDArray[Any]

    @property
    def v(self) -> NDArray[Any]:
        """Potential of each unit, shape (units + 1,): the last is the calcium, the others 0."""
        potential = np.zeros(self.proc_params["shape"], self.calcium.dtype)
        potential[-1] = self.calcium[0]
        return potential


@implements(proc=Astrocyte, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyAstrocyteModelFixed(CalciumAsPotential, PyLoihiProcessModel):
    """c' = trunc(c * (4096 - dv) / 4096) + a_in[last]; s_out = trunc(a_in * 2^gain_bits / c')."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    calcium: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)
    dv: int = LavaPyType(int, np.uint16, precision=12)
    gain_bits: int = LavaPyType(int, np.int32, precision=5)

    def run_spk(self) -> None:
        """One step."""
        self.calcium[:], out = step_astrocyte_fixed(
            self.calcium, self.a_in.recv(), dv=self.dv, gain_bits=self.gain_bits)
        self.s_out.send(out)


@implements(proc=Astrocyte, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyAstrocyteModelFloat(CalciumAsPotential, PyLoihiProcessModel):
    """c' = c(1 - dv) + a_in[last]; s_out = a_in / c'."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    calcium: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    dv: float = LavaPyType(float, float)
    gain_bits: float = LavaPyType(float, float)

    def run_spk(self) -> None:
        """One step."""
        self.calcium[:], out = step_astrocyte_float(self.calcium, self.a_in.recv(), dv=self.dv)
        self.s_out.send(out)
