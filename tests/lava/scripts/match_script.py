"""What a Lava user writes: match-and-control neurons between stock Processes.

Axon 1 fires its key 7 steps before the query: afterwards the neuron repeats axon 1's values.
"""

import json
import sys

import numpy as np

from neuromorph.processes.match_control.process import MatchAndControl

# isort: split
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer

if __name__ == "__main__":
    steps, keys = 1800, np.arange(10, 700, 60)
    values = np.array([[1400, 1460, 1510], [1430, 1550, 1600], [1490, 1640, 1700]])
    axons, query = np.zeros((3, steps), int), np.zeros((1, steps), int)
    for axon, later in enumerate((20, 0, 40)):
        axons[axon, keys + later] = axons[axon, values[axon]] = 1
    query[0, keys + 7] = 1
    neurons, sink = MatchAndControl(shape=(1, 3)), Sink(shape=(1,), buffer=steps)
    RingBuffer(data=axons).s_out.connect(neurons.s_in)
    RingBuffer(data=query).s_out.connect(neurons.q_in)
    neurons.s_out.connect(sink.a_in)
    neurons.run(RunSteps(num_steps=steps), Loihi2SimCfg(select_tag=sys.argv[1]))
    result = {"spikes": np.flatnonzero(sink.data.get()).tolist(),
              "weights": neurons.weights.get().tolist(), "tags": neurons.tag_1.get().tolist(),
              "keys": keys.tolist(), "values": values.tolist()}
    neurons.stop()
    sys.stdout.write(json.dumps(result))
