"""How the emitting normaliser runs on a CPU."""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neuromorph.neurons.reciprocal import step_reciprocal
from neuromorph.processes.reciprocal.process import Reciprocal


@implements(proc=Reciprocal, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyReciprocalModelFixed(PyLoihiProcessModel):
    """A leaky sum; where it is asked, the reciprocal of what it was."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    signal: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    v: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)
    dv: int = LavaPyType(int, np.uint16, precision=12)
    lift: int = LavaPyType(int, np.uint8, precision=3)

    def run_spk(self) -> None:
        """One step."""
        self.v[:], sent = step_reciprocal(
            self.v, self.a_in.recv(), self.signal.recv(), dv=int(self.dv), lift=int(self.lift))
        self.s_out.send(sent)
