"""How the emitting control neuron runs on a CPU."""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neuromorph.neurons.quotient import Quotient as QuotientModel
from neuromorph.processes.quotient.process import Quotient

STATE = ("v", "latched", "kept")
SETTINGS = ("dv", "lift", "multiplier", "shift", "centre", "limit", "period", "at")


@implements(proc=Quotient, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyQuotientModelFixed(PyLoihiProcessModel):
    """A leaky sum; divided, scaled and sent. See `neuromorph.neurons.quotient`."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    signal: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    v: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)
    latched: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)
    kept: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)
    dv: int = LavaPyType(int, np.uint16, precision=12)
    lift: int = LavaPyType(int, np.uint8, precision=3)
    multiplier: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=17)
    shift: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=7)
    centre: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)
    limit: int = LavaPyType(int, np.int32, precision=24)
    period: int = LavaPyType(int, np.int32, precision=17)
    at: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=17)

    def run_spk(self) -> None:
        """One step."""
        model = QuotientModel(**{name: getattr(self, name) for name in SETTINGS})
        arrived = {port: getattr(self, port).recv() for port in QuotientModel.ports}
        state, sent = model.step_fixed({word: getattr(self, word) for word in STATE}, arrived,
                                       self.time_step - 1)
        for word, values in state.items():
            getattr(self, word)[:] = values
        self.s_out.send(sent)
