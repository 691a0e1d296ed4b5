"""How the graded latency neuron runs on a CPU."""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neuromorph.neurons.latency_match import step_latency
from neuromorph.processes.latency_match.process import LatencyMatch


@implements(proc=LatencyMatch, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyLatencyMatchModelFixed(PyLoihiProcessModel):
    """v' = saturate(v + wrap(a_in << 6)); past threshold emit the payload and set v' = 0."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=18)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    v: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)
    vth: int = LavaPyType(int, np.int32, precision=17)
    base: int = LavaPyType(int, np.int32, precision=22)
    span: int = LavaPyType(int, np.int32, precision=23)
    gain: int = LavaPyType(int, np.int32, precision=23)
    gain_shift: int = LavaPyType(int, np.int32, precision=6)

    def run_spk(self) -> None:
        """One step."""
        self.v[:], payload = step_latency(
            self.v, self.a_in.recv(), vth=self.vth, base=self.base, span=self.span,
            gain=self.gain, gain_shift=self.gain_shift)
        self.s_out.send(payload)
