"""How twice what arrives runs on a CPU, in integers."""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.doubled import step_doubled_fixed
from neuromorph.processes.doubled.process import Doubled


@implements(proc=Doubled, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyDoubledModelFixed(PyLoihiProcessModel):
    """s_out = saturate(2 times a_in)."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    times: int = LavaPyType(int, np.uint8, precision=8)

    def run_spk(self) -> None:
        """One step."""
        self.s_out.send(step_doubled_fixed(self.a_in.recv(), times=int(self.times)))
