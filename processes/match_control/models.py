"""How match-and-control neurons run on a CPU: of stock Processes, in integers and in floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import DelayDense, Dense, LearningDense
from lava.proc.lif.process import LIF
from numpy.typing import NDArray

from neuromorph.dynamics.match_control import RELAY_STEPS, SCORE_UNIT, SOMA_DECAY
from neuromorph.dynamics.match_control_step import (
    coincidence_noise,
    gate_weights,
    rest_cells,
    rest_scores,
    step_match_control_fixed,
    step_match_control_float,
)
from neuromorph.errors import UnsupportedError
from neuromorph.learning import DrawSupply, rest
from neuromorph.numerics.limits import DECAY_UNITY
from neuromorph.processes.lava_rules import learning_settings
from neuromorph.processes.match_control.process import WHERE, MatchAndControl

FORGETFUL = DECAY_UNITY - 1
"""Register ``du`` of a stock LIF whose current lasts one step."""

# The hierarchical models stand first. Among several Lava counts a model's place wrongly unless
# they lead the list, which is in the order of this file.


@implements(proc=MatchAndControl, protocol=LoihiProtocol)
@tag("fixed_pt")
class HierarchicalMatchAndControlModelFixed(AbstractSubProcessModel):
    """The circuit `neuromorph.circuits.match_and_control`, of stock Processes only."""

    def __init__(self, process: AbstractProcess) -> None:
        given = process.proc_params
        _refuse_float_options(given)
        neuron, (queries, axons) = given["neuron"], given["shape"]
        self.lead = DelayDense(weights=np.eye(axons, dtype=int), delays=RELAY_STEPS)
        self.relay = LIF(shape=(axons,), du=FORGETFUL, vth=0)
        self.drive = Dense(weights=neuron.query_weight * np.eye(queries, dtype=int),
                           weight_exp=neuron.query_exponent)
        self.baseline = Dense(weights=np.full((queries, axons), neuron.baseline))
        self.spine = LearningDense(weights=np.zeros((queries, axons), int),
                                   **learning_settings(neuron.rule, modulated=False))
        self.soma = LIF(shape=(queries,), du=FORGETFUL, dv=SOMA_DECAY, vth=neuron.vth)
        self._connect(process)

    def _connect(self, process: AbstractProcess) -> None:
        process.s_in.connect(self.lead.s_in)
        process.q_in.connect(self.drive.s_in)
        self.lead.a_out.connect(self.relay.a_in)
        for synapses in (self.baseline, self.spine):
            self.relay.s_out.connect(synapses.s_in)
        for synapses in (self.drive, self.baseline, self.spine):
            synapses.a_out.connect(self.soma.a_in)
        self.soma.s_out.connect(self.spine.s_in_bap)
        self.soma.s_out.connect(process.s_out)
        process.weights.alias(self.spine.weights)
        process.tag_1.alias(self.spine.tag_1)


@implements(proc=MatchAndControl, protocol=LoihiProtocol)
@tag("floating_pt")
class HierarchicalMatchAndControlModelFloat(AbstractSubProcessModel):
    """There is none: says so, where Lava would not."""

    def __init__(self, process: AbstractProcess) -> None:
        raise UnsupportedError("stock float learning cannot evaluate sgn()", where=WHERE,
                               hint="leave out select_sub_proc_model")


@implements(proc=MatchAndControl, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyMatchAndControlModelFixed(PyLoihiProcessModel):
    """Integers, equal to the stock Processes to the bit."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=1)
    q_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=1)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    weights: NDArray[np.int64] = LavaPyType(np.ndarray, np.int64, precision=8)
    tag_1: NDArray[np.int64] = LavaPyType(np.ndarray, np.int64, precision=8)

    def __init__(self, proc_params: dict[str, Any]) -> None:
        _refuse_float_options(proc_params)
        super().__init__(proc_params)
        self.neuron, shape = proc_params["neuron"], proc_params["shape"]
        self.cells = rest_cells(*shape, kind=np.int64)
        self.synapses = rest(np.zeros(shape, np.int64), "fixed")
        self.supply = DrawSupply(self.neuron.rule.seed, self.neuron.rule.epoch)

    def run_spk(self) -> None:
        """One step. Sending first keeps a loop of Processes from waiting for itself."""
        self.s_out.send(self.cells.spikes)
        self.cells, self.synapses = step_match_control_fixed(
            self.neuron, self.cells, self.synapses, self.s_in.recv(), self.q_in.recv(),
            step=self.time_step - 1, draws=self.supply.for_step(self.time_step - 1))
        self.weights, self.tag_1 = self.synapses.weights, self.synapses.tags


@implements(proc=MatchAndControl, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyMatchAndControlModelFloat(PyLoihiProcessModel):
    """The paper's synapse in floats."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    q_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    weights: NDArray[np.float64] = LavaPyType(np.ndarray, float)
    tag_1: NDArray[np.float64] = LavaPyType(np.ndarray, float)

    def __init__(self, proc_params: dict[str, Any]) -> None:
        super().__init__(proc_params)
        self.neuron, shape = proc_params["neuron"], proc_params["shape"]
        self.sigma, self.pooled = proc_params["noise"], proc_params["pooled"]
        self.rng = np.random.default_rng(self.neuron.seed)
        self.cells, self.synapses = rest_cells(*shape, kind=np.float64), rest_scores(*shape)

    def run_spk(self) -> None:
        """One step. Sending first keeps a loop of Processes from waiting for itself."""
        self.s_out.send(self.cells.spikes)
        axons = self.s_in.recv()
        noise = coincidence_noise(self.rng, self.cells.spikes, len(axons), self.sigma)
        self.cells, self.synapses = step_match_control_float(
            self.neuron, self.cells, self.synapses, axons, self.q_in.recv(),
            pooled=self.pooled, noise=noise)
        self.weights = gate_weights(self.neuron, self.synapses, pooled=self.pooled)
        self.tag_1 = SCORE_UNIT * self.synapses.score


def _refuse_float_options(given: dict[str, Any]) -> None:
    if given["noise"] or given["pooled"]:
        raise UnsupportedError("noise and a pooled threshold are for floats", where=WHERE,
                               hint='run it with select_tag="floating_pt"')
