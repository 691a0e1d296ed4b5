"""How synapses that learn run on a CPU: made of the stock Process, and as one of their own."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, TypeAlias

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import LearningDense
from numpy.typing import NDArray

from neuromorph.dynamics import accumulate_fixed, accumulate_float
from neuromorph.errors import UnsupportedError
from neuromorph.learning import (
    DrawSupply,
    Plastic,
    step_plastic_fixed,
    step_plastic_float,
)
from neuromorph.learning.first_synapses import check_storable
from neuromorph.learning.stock_float import reason_against_stock_float
from neuromorph.processes.hebbian.process import THIRD, WHERE, HebbianDense
from neuromorph.processes.lava_rules import learning_settings

Array: TypeAlias = NDArray[Any]

# The hierarchical models stand first. Among several Lava counts a model's place wrongly unless
# they lead the list, which is in the order of this file.


class AbstractHierarchicalHebbianModel(AbstractSubProcessModel):
    """A stock LearningDense, port by port and variable by variable."""

    def __init__(self, process: AbstractProcess) -> None:
        given = process.proc_params
        self.synapses = LearningDense(
            weights=given["weights"], tag_1=given["tags"], weight_exp=given["weight_exp"],
            num_message_bits=given["num_message_bits"],
            **learning_settings(given["rule"], modulated=given["modulated"]))
        third = [f"s_in_{y}" for y in THIRD] if given["modulated"] else []
        for port in ("s_in", "s_in_bap", *third):
            getattr(process, port).connect(getattr(self.synapses, port))
        self.synapses.a_out.connect(process.a_out)
        for var in ("weights", "tag_1", "a_buff", "x1", "x2", "tx", "y1", "y2", "y3", "ty"):
            getattr(process, var).alias(getattr(self.synapses, var))


@implements(proc=HebbianDense, protocol=LoihiProtocol)
@tag("fixed_pt")
class HierarchicalHebbianModelFixed(AbstractHierarchicalHebbianModel):
    """Whole numbers, as on the chip."""

    def __init__(self, process: AbstractProcess) -> None:
        _check_storable(process.proc_params)
        super().__init__(process)


@implements(proc=HebbianDense, protocol=LoihiProtocol)
@tag("floating_pt")
class HierarchicalHebbianModelFloat(AbstractHierarchicalHebbianModel):
    """Floats, for the rules that stock float learning can run."""

    def __init__(self, process: AbstractProcess) -> None:
        reason = reason_against_stock_float(process.proc_params["rule"])
        if reason:
            raise UnsupportedError(reason, where=WHERE, hint="leave out select_sub_proc_model")
        super().__init__(process)


class AbstractPyHebbianModel(PyLoihiProcessModel):
    """a_out[t] = (W s_in[t-1]) << weight_exp; then W learns.

    Learning is the end of the spiking phase: what a step does is one call of `dynamics`, and
    Lava's learning phase, a second round of messages with every model, would find all of its
    inputs here already. Only a RefPort that reads between the two phases could tell.
    """

    s_in: Any = None
    a_out: Any = None
    s_in_bap: Any = None
    a_buff: Any = None
    tx: NDArray[np.int64] = LavaPyType(np.ndarray, np.int64, precision=6)
    ty: NDArray[np.int64] = LavaPyType(np.ndarray, np.int64, precision=6)

    def __init__(self, proc_params: dict[str, Any]) -> None:
        super().__init__(proc_params)
        self.rule = proc_params["rule"]
        self.modulated = proc_params["modulated"]
        self.graded = proc_params["num_message_bits"] > 0

    def run_spk(self) -> None:
        """One step. Sending first keeps a loop of Processes from waiting for itself."""
        self.a_out.send(self.a_buff)
        pre = self.s_in.recv()
        sent = pre if self.graded else (pre != 0).astype(pre.dtype)
        self.a_buff = self._accumulate(sent)
        post = self.s_in_bap.recv()
        third = [getattr(self, f"s_in_{y}").recv() for y in THIRD] if self.modulated else None
        self._remember(self._learn(self._state(), sent, post, np.stack(third) if third else None))

    @abstractmethod
    def _accumulate(self, sent: Array) -> Array:
        """What the spikes bring about through the weights of now, shape (post,)."""

    @abstractmethod
    def _learn(self, state: Plastic, sent: Array, post: Array, third: Array | None) -> Plastic:
        """One step of learning."""

    def _state(self) -> Plastic:
        """The state as the Vars have it, which a user may set between runs."""
        return Plastic(self.weights, self.tag_1, np.stack([self.x1, self.x2]),
                       np.stack([self.y1, self.y2, self.y3]), self.tx, self.ty)

    def _remember(self, state: Plastic) -> None:
        self.weights, self.tag_1 = state.weights, state.tags
        self.x1, self.x2 = state.x
        self.y1, self.y2, self.y3 = state.y
        self.tx, self.ty = state.x_spike, state.y_spike


@implements(proc=HebbianDense, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyHebbianModelFixed(AbstractPyHebbianModel):
    """Integers, equal to the stock LearningDense to the bit."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=16)
    s_in_bap: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_in_y1: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=7)
    s_in_y2: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=7)
    s_in_y3: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=7)
    weights: NDArray[np.int64] = LavaPyType(np.ndarray, np.int64, precision=8)
    tag_1: NDArray[np.int64] = LavaPyType(np.ndarray, np.int64, precision=8)
    a_buff: NDArray[np.int64] = LavaPyType(np.ndarray, np.int64, precision=16)
    x1: NDArray[np.int64] = LavaPyType(np.ndarray, np.int64, precision=7)
    x2: NDArray[np.int64] = LavaPyType(np.ndarray, np.int64, precision=7)
    y1: NDArray[np.int64] = LavaPyType(np.ndarray, np.int64, precision=7)
    y2: NDArray[np.int64] = LavaPyType(np.ndarray, np.int64, precision=7)
    y3: NDArray[np.int64] = LavaPyType(np.ndarray, np.int64, precision=7)

    def __init__(self, proc_params: dict[str, Any]) -> None:
        _check_storable(proc_params)
        super().__init__(proc_params)
        self.exponent = proc_params["weight_exp"]
        self.supply = DrawSupply(self.rule.seed, self.rule.epoch)

    def _accumulate(self, sent: Array) -> Array:
        return accumulate_fixed(self.weights, sent, exponent=self.exponent, graded=self.graded)

    def _learn(self, state: Plastic, sent: Array, post: Array, third: Array | None) -> Plastic:
        step = self.time_step - 1
        return step_plastic_fixed(self.rule, state, sent, post, third, step=step,
                                  draws=self.supply.for_step(step))


@implements(proc=HebbianDense, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyHebbianModelFloat(AbstractPyHebbianModel):
    """Floats; weights have no exponent."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    s_in_bap: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_in_y1: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_in_y2: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_in_y3: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    weights: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    tag_1: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    a_buff: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    x1: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    x2: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    y1: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    y2: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    y3: NDArray[np.float64] = LavaPyType(np.ndarray, float)

    def _accumulate(self, sent: Array) -> Array:
        return accumulate_float(self.weights, sent, graded=self.graded)

    def _learn(self, state: Plastic, sent: Array, post: Array, third: Array | None) -> Plastic:
        return step_plastic_float(self.rule, state, sent, post, third, step=self.time_step - 1)


def _check_storable(given: dict[str, Any]) -> None:
    check_storable(given["weights"], given["tags"], given["rule"], where=WHERE)
