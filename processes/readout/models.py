"""How the readout neuron runs on a CPU, in integers and in floats."""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neuromorph.neurons.readout import step_readout_fixed, step_readout_float
from neuromorph.processes.readout.process import Readout


@implements(proc=Readout, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyReadoutModelFixed(PyLoihiProcessModel):
    """v' = saturate(trunc(v * (4096 - dv) / 4096) + a_in); spike = v' > vth, then v' = 0."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    v: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)
    dv: int = LavaPyType(int, np.uint16, precision=12)
    vth: int = LavaPyType(int, np.int32, precision=23)

    def run_spk(self) -> None:
        """One step."""
        self.v[:], spikes = step_readout_fixed(self.v, self.a_in.recv(), dv=self.dv, vth=self.vth)
        self.s_out.send(spikes)


@implements(proc=Readout, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyReadoutModelFloat(PyLoihiProcessModel):
    """v' = v(1 - dv) + a_in; spike = v' > vth, then v' = 0."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    v: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    dv: float = LavaPyType(float, float)
    vth: float = LavaPyType(float, float)

    def run_spk(self) -> None:
        """One step."""
        self.v[:], spikes = step_readout_float(self.v, self.a_in.recv(), dv=self.dv, vth=self.vth)
        self.s_out.send(spikes)
