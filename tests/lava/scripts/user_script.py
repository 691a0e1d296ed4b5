"""What a Lava user writes: our Processes between stock ones, recorded by stock ones."""

import json
import sys

import numpy as np

from neuromorph.processes.latency_match.process import LatencyMatch
from neuromorph.processes.readout.process import Readout

# isort: split
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer
from lava.proc.monitor.process import Monitor

if __name__ == "__main__":
    steps = 8
    source = RingBuffer(data=np.array([[1, 2, 3, 0, 0, 9, 9, -1]]))
    climb = Dense(weights=np.array([[10], [200]]), num_message_bits=8)
    match = LatencyMatch(shape=(2,), vth=300, base=128, span=6400, gain=82, gain_shift=12)
    value = Dense(weights=np.array([[2, -4]]), num_message_bits=match.base.init.bit_length() + 2)
    readout = Readout(shape=(1,), dv=2048, vth=1000)
    sink, monitor = Sink(shape=(2,), buffer=steps), Monitor()
    source.s_out.connect(climb.s_in)
    climb.a_out.connect(match.a_in)
    match.s_out.connect(value.s_in)
    match.s_out.connect(sink.a_in)
    value.a_out.connect(readout.a_in)
    monitor.probe(readout.v, steps)
    readout.run(RunSteps(num_steps=steps), Loihi2SimCfg(select_tag="fixed_pt"))
    result = {"spikes": sink.data.get().T.tolist(),
              "v": monitor.get_data()[readout.name]["v"].tolist()}
    readout.stop()
    sys.stdout.write(json.dumps(result))
