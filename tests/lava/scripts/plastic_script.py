"""What a Lava user writes: synapses that learn and an astrocyte, between stock Processes."""

import json
import sys

import numpy as np

from neuromorph.learning import LearningRule
from neuromorph.processes.astrocyte.process import Astrocyte
from neuromorph.processes.hebbian.process import HebbianDense

# isort: split
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIF

if __name__ == "__main__":
    tag = sys.argv[1]
    forget, half = (4095, 2048) if tag == "fixed_pt" else (1.0, 0.5)
    key = RingBuffer(data=np.array([[1, 0, 1, 0], [1, 1, 0, 0], [0, 1, 1, 0]]))
    teacher = RingBuffer(data=np.array([[1, 0, 0, 0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0, 0]]))
    rule = LearningRule(dw="2^-1*x1*y0 - 2^-4*w*u0", x1_impulse=64, x1_tau=3)
    learn = HebbianDense(weights=np.zeros((2, 3)), rule=rule)
    teach = Dense(weights=np.eye(2) * 100)
    match = LIF(shape=(2,), du=forget, dv=0, vth=40)
    control = Dense(weights=np.array([[30, 0], [0, 50], [10, 10]]))  # two values and the calcium
    astrocyte, sink = Astrocyte(shape=(3,), dv=half), Sink(shape=(3,), buffer=24)
    key.s_out.connect(learn.s_in)
    teacher.s_out.connect(teach.s_in)
    learn.a_out.connect(match.a_in)
    teach.a_out.connect(match.a_in)
    match.s_out.connect([learn.s_in_bap, control.s_in])
    control.a_out.connect(astrocyte.a_in)
    astrocyte.s_out.connect(sink.a_in)
    astrocyte.run(RunSteps(num_steps=24), Loihi2SimCfg(select_tag=tag))
    result = {"weights": learn.weights.get().tolist(), "out": sink.data.get().T.tolist(),
              "calcium": astrocyte.calcium.get().tolist()}
    astrocyte.stop()
    sys.stdout.write(json.dumps(result))
