"""The match-and-control circuit in Brian2's C++ standalone; run by `match_and_control`.

``python match_and_control_brian.py JOB.json FOLDER`` compiles a program into the folder, runs it
once, and prints Brian2's version and the number of somatic spikes. It needs Brian2 and nothing
of ours. Equations and numbers are those of the circuit, in floats: nothing is rounded.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import brian2 as b


def main(job: dict[str, Any], folder: str) -> None:
    b.set_device("cpp_standalone", build_on_run=False)
    b.defaultclock.dt = 1 * b.ms
    network, soma = circuit(job)
    network.run(job["steps"] * b.ms)
    b.device.build(directory=folder, compile=True, run=True)
    print(b.__version__, soma.num_spikes)


def circuit(job: dict[str, Any]) -> tuple[b.Network, b.SpikeMonitor]:
    """Axons, relays with the presynaptic traces, somata, and the synapses between them.

    In a step thresholds are tested, then spikes are delivered: they count in the next one.
    """
    numbers = {**job["numbers"], "slow": job["slow"] * b.ms, "quick": job["fast"] * b.ms}
    axons, queries = source(job["axon"], job["axons"]), source(job["query"], job["queries"])
    relay = b.NeuronGroup(job["axons"], """dx1/dt = -x1 / slow : 1
                                           dx2/dt = -x2 / quick : 1
                                           arrived : 1""",
                          threshold="arrived > 0", method="exact", namespace=numbers,
                          reset="arrived = 0; x1 += impulse; x2 += impulse")
    soma = b.NeuronGroup(job["queries"], "a_in : 1", threshold="a_in > vth", namespace=numbers)
    soma.run_regularly("a_in = 0", when="after_thresholds")
    lead = b.Synapses(axons, relay, on_pre="arrived = 1", delay=job["delay"] * b.ms)
    lead.connect(j="i")
    ask = b.Synapses(queries, soma, on_pre="a_in += drive", namespace=numbers)
    ask.connect(j="i")
    heard = b.SpikeMonitor(soma)
    return b.Network(axons, queries, relay, soma, lead, ask, spines(relay, soma, job["period"],
                                                                    numbers), heard), heard


def spines(relay: Any, soma: Any, period: int, numbers: dict[str, Any]) -> b.Synapses:
    """The match score is gathered in ``tag``, and moves the weight w now and then."""
    spine = b.Synapses(relay, soma, """tag : 1
                                       w : 1""",
                       on_pre="a_in += baseline + w", on_post="tag += (x1_pre - x2_pre) / 2",
                       namespace=numbers)
    spine.connect()
    spine.run_regularly("""w = clip(w + gate_step * sign(tag - threshold), 0, weight_max)
                           tag -= tag / 128""", dt=period * b.ms)
    return spine


def source(spikes: list[list[int]], count: int) -> b.SpikeGeneratorGroup:
    steps, neurons = spikes
    return b.SpikeGeneratorGroup(count, neurons, steps * b.ms)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")), sys.argv[2])
