"""Run a network on SANA-FE's model of Loihi: the only file that imports SANA-FE (GPL-3).

Started as ``python loihi_child.py JOB RESULT``, both JSON. SANA-FE writes to the standard output,
so the result goes to a file. A job has

- ``neurons``: of each its tile, its core within the tile, threshold, leak factor and bias;
- ``synapses``: of each the neurons before and behind it, and its weight;
- ``list``: name of the synapse unit; ``steps``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import sanafe


def run(job: dict[str, Any]) -> dict[str, Any]:
    loihi = sanafe.load_loihi()
    chip = sanafe.SpikingChip(loihi)
    chip.load(network(job, loihi.tiles))
    result = chip.sim(job["steps"], spike_trace=True, message_trace=True)
    messages = [m for step in result["message_trace"] for m in step if not m["placeholder"]]
    return {
        "energy": result["energy"], "updated": result["neurons_updated"],
        "fired": result["neurons_fired"],
        "spikes": [[step, address.neuron_offset] for step, addresses
                   in enumerate(result["spike_trace"]) for address in addresses],
        "packets": [[m["src_core_id"], m["dest_core_id"], abs(m["dest_x"] - m["src_x"]),
                     abs(m["dest_y"] - m["src_y"]), m["spikes"]] for m in messages],
    }


def network(job: dict[str, Any], tiles: Any) -> sanafe.Network:
    net = sanafe.Network()
    group = net.create_neuron_group(
        "all", len(job["neurons"]), soma_hw_name="loihi_lif", log_spikes=True,
        default_synapse_hw_name=job["list"], default_dendrite_hw_name="loihi_dendrites")
    for index, (tile, core, threshold, leak, bias) in enumerate(job["neurons"]):
        group[index].set_attributes(model_attributes={
            "threshold": threshold, "leak_decay": leak, "bias": bias})
        group[index].map_to_core(tiles[tile].cores[core])
    for pre, post, weight in job["synapses"]:
        group[pre].connect_to_neuron(group[post], {"weight": weight})
    return net


if __name__ == "__main__":
    done = run(json.loads(Path(sys.argv[1]).read_text("utf-8")))
    Path(sys.argv[2]).write_text(json.dumps(done), "utf-8")
