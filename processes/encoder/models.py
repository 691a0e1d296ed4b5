"""How vectors become spikes on a CPU, in integers and in floats."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from numpy.typing import NDArray

from neuromorph.dynamics.encode import EncoderState, check_vectors, step_encoder
from neuromorph.processes.encoder.process import Encoder


class AbstractPyEncoderModel(PyLoihiProcessModel):
    """(step, v), vector -> (step, v), spikes."""

    number: ClassVar[type]
    s_out: Any = None
    v: Any = None
    step: Any = None

    def __init__(self, proc_params: dict[str, Any]) -> None:
        super().__init__(proc_params)
        self.encoding, self.period = proc_params["encoding"], proc_params["period"]
        self.vectors = proc_params["vectors"].astype(self.number)

    def run_spk(self) -> None:
        """One step."""
        which, step = divmod(int(self.step), self.period)
        state = EncoderState(step, self.v.astype(self.number))
        state, spikes = step_encoder(self.encoding, state, self.vectors[which])
        self.v[:] = state.v
        self.step = (which * self.period + state.step) % (len(self.vectors) * self.period)
        self.s_out.send(spikes)


@implements(proc=Encoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyEncoderModelFixed(AbstractPyEncoderModel):
    """Whole numbers of up to 24 bits, in integers."""

    number = np.int64
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    v: NDArray[np.int32] = LavaPyType(np.ndarray, np.int32, precision=24)
    step: int = LavaPyType(int, np.int32)

    def __init__(self, proc_params: dict[str, Any]) -> None:
        check_vectors(proc_params["encoding"], proc_params["vectors"], whole=True)
        super().__init__(proc_params)


@implements(proc=Encoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyEncoderModelFloat(AbstractPyEncoderModel):
    """Any numbers, in floats."""

    number = np.float64
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    v: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    step: int = LavaPyType(int, int)
