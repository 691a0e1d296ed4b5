"""How a relay runs on a CPU, in integers and in floats."""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.relay import step_relay_fixed, step_relay_float
from neuromorph.processes.relay.process import Relay


@implements(proc=Relay, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRelayModelFixed(PyLoihiProcessModel):
    """s_out = saturate(a_in >> shift)."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    shift: int = LavaPyType(int, np.uint8, precision=4)

    def run_spk(self) -> None:
        """One step."""
        self.s_out.send(step_relay_fixed(self.a_in.recv(), shift=int(self.shift)))


@implements(proc=Relay, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyRelayModelFloat(PyLoihiProcessModel):
    """s_out = a_in."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    shift: int = LavaPyType(int, int)

    def run_spk(self) -> None:
        """One step."""
        self.s_out.send(step_relay_float(self.a_in.recv()))
