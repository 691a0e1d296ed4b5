"""How a requantising neuron runs on a CPU, in integers and in floats."""

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
from neuromorph.neurons.requantise import step_requantise_fixed, step_requantise_float
from neuromorph.processes.requantise.process import Requantise


@implements(proc=Requantise, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRequantiseModelFixed(PyLoihiProcessModel):
    """s_out = clip(MS(a_in) + bias, -limit, limit) where it acts."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    multiplier: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=17)
    shift: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=7)
    bias: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)
    limit: int = LavaPyType(int, np.int32, precision=24)
    period: int = LavaPyType(int, np.int32, precision=17)
    at: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=17)

    def run_spk(self) -> None:
        """One step."""
        sent = step_requantise_fixed(self.a_in.recv(), multiplier=self.multiplier,
                                     shift=self.shift, bias=self.bias, limit=int(self.limit))
        due = acts(self.time_step - 1, int(self.period), self.at)
        self.s_out.send(silent_unless(due, sent))


@implements(proc=Requantise, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyRequantiseModelFloat(PyLoihiProcessModel):
    """s_out = clip(a_in multiplier / 2^shift + bias, -limit, limit) where it acts."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    multiplier: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    shift: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    bias: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    limit: float = LavaPyType(float, float)
    period: int = LavaPyType(int, int)
    at: NDArray[np.int64] = LavaPyType(np.ndarray, int)

    def run_spk(self) -> None:
        """One step."""
        sent = step_requantise_float(self.a_in.recv(), multiplier=self.multiplier,
                                     shift=self.shift, bias=self.bias, limit=float(self.limit))
        due = acts(self.time_step - 1, int(self.period), self.at)
        self.s_out.send(silent_unless(due, sent))
