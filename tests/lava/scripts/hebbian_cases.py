"""Many plastic synapses in one run of Lava's, their weights recorded at every step."""

import json
import multiprocessing
import os
import sys
import traceback

import numpy as np

from neuromorph.learning import LearningRule
from neuromorph.processes.hebbian.process import HebbianDense

# isort: split
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIF

tag, hierarchical, trains, cases = json.loads(sys.argv[1])
steps, post = np.shape(trains["post"])
tapes = {}


class Recorder:
    def run_spk(self):
        tapes[self.model_id][self.time_step - 1] = np.concatenate(
            [self.weights.ravel(), self.tag_1.ravel(), self.a_buff])
        super().run_spk()


class Recorded(Loihi2SimCfg):
    def select(self, process, models):
        model = super().select(process, models)
        if not hasattr(model, "tag_1"):
            return model
        width = 2 * process.weights.size + post
        shared = multiprocessing.RawArray("d", steps * width)
        tapes[process.id] = np.frombuffer(shared).reshape(steps, width)
        return type("Recorded" + model.__name__, (Recorder, model), {})


sources = {name: RingBuffer(data=np.array(train).T) for name, train in trains.items()}
joint = Sink(shape=(post,), buffer=1)  # makes one network of all
made, fired = {}, Sink(shape=(post,), buffer=steps)
for name, case in cases.items():
    synapses = HebbianDense(weights=np.array(case["weights"]), tags=case.get("tags"),
                            rule=LearningRule(**case["rule"]), **case.get("settings", {}))
    sources[case["pre"]].s_out.connect(synapses.s_in)
    if case["post"] == "loop":
        neurons = LIF(shape=(post,), du=4095 if tag == "fixed_pt" else 1, dv=0, vth=20)
        synapses.a_out.connect(neurons.a_in)
        neurons.s_out.connect([synapses.s_in_bap, fired.a_in])
    else:
        sources[case["post"]].s_out.connect(synapses.s_in_bap)
    for y, source in case.get("third", {}).items():
        sources[source].s_out.connect(getattr(synapses, f"s_in_{y}"))
    synapses.a_out.connect(joint.a_in)
    made[name] = synapses
config = Recorded(select_tag=tag, select_sub_proc_model=hierarchical)
try:
    joint.run(RunSteps(num_steps=steps), config)
except Exception:  # noqa: BLE001 - it is shown; Lava would wait for ever for what it has started
    traceback.print_exc()
    os._exit(1)
seen = {}
for name, synapses in made.items():
    inside = synapses.weights.aliased_var or synapses.weights
    seen[name] = {"tape": tapes[inside.process.id].tolist()}
    for variable in ("weights", "tag_1", "x1", "x2", "tx", "y1", "y2", "y3", "ty"):
        seen[name]["last " + variable] = getattr(synapses, variable).get().tolist()
    if cases[name]["post"] == "loop":
        seen[name]["post"] = fired.data.get().T.tolist()
joint.stop()
sys.stdout.write(json.dumps(seen))
