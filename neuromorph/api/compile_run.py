"""Heads of a placed program at work: equal to the uncompiled ones, and what happens in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.backends import Inputs, Recording
from neuromorph.bundle import Bundle
from neuromorph.circuits import hebbian_attention
from neuromorph.circuits.latency_attention import LatencyAttention, stimulate
from neuromorph.compile import Program
from neuromorph.compile.events import Events, count_events
from neuromorph.compile.split import (
    join_recording,
    split_inputs,
    split_network,
    split_probes,
)
from neuromorph.compile.trial import Trial, trial_of, trial_probes
from neuromorph.errors import DisagreementError
from neuromorph.network import Probe

QUERIES = 2
"""Queries of each head that is tried."""


@dataclass(frozen=True, eq=False)
class Tried:
    """What a few heads did.

    Attributes
    ----------
    heads, queries : int
        Heads tried, and queries of each.
    events : Events
        Of all tried heads and queries together, within cores.
    rates : mapping of "unit/population" to float array
        Spikes a query of each neuron; of heads not tried, those of one that was.
    runs : mapping of unit to (source trains, steps)
        What the heads that were tried were given.
    """

    heads: int
    queries: int
    events: Events
    rates: dict[str, NDArray[np.float64]]
    runs: dict[int, tuple[Inputs, int]]


def try_heads(bundle: Bundle, program: Program, memory: str, most: int) -> Tried:
    """Run up to ``most`` heads, spread over the program, whole and cut, on `fast`.

    Raises
    ------
    DisagreementError
        If a cut head does not give what the whole one gives.
    """
    order = [(name, h) for name, code in bundle.codes.items() for h in range(len(code.heads))]
    chosen = np.unique(np.linspace(0, len(order) - 1, min(most, len(order))).astype(int))
    events = Events()
    runs: dict[int, tuple[Inputs, int]] = {}
    rates: dict[str, NDArray[np.float64]] = {}
    for unit in chosen.tolist():
        inputs, steps = _trains(bundle, order[unit][0], order[unit][1], memory)
        recording = _run_both(program, unit, inputs, steps)
        spikes = {p.name: recording.spikes(p.name) for p in program.units[unit].neurons}
        events += count_events(program.units[unit], {**inputs, **spikes}, steps)
        runs[unit] = (inputs, steps)
        rates |= {f"{unit}/{name}": np.count_nonzero(train, axis=0) / QUERIES
                  for name, train in spikes.items()}
    for unit in set(range(len(order))) - set(chosen.tolist()):
        like = int(chosen[np.abs(chosen - unit).argmin()])
        rates |= {f"{unit}/{p.name}": rates[f"{like}/{p.name}"]
                  for p in program.units[unit].neurons}
    return Tried(len(chosen), QUERIES, events, rates, runs)


def _trains(bundle: Bundle, layer: str, head: int, memory: str) -> tuple[Inputs, int]:
    """Trains of the sample's last queries; into a plastic memory tokens are written first."""
    code, sample = bundle.codes[layer], bundle.samples[layer]
    circuit: LatencyAttention = code.heads[head]
    queries = code.encode_queries(sample.queries)[0][head, -QUERIES:]
    if memory == "static":
        return stimulate(circuit, queries)
    keys, values = (code.encode_keys(sample.keys)[0][head // code.group],
                    code.encode_values(sample.values)[0][head // code.group])
    timeline = hebbian_attention.Timeline(circuit)
    for t, query in enumerate(queries):
        timeline.write(t, keys[t], values[t])
        timeline.query(query, np.arange(circuit.slots) <= t)
    return timeline.trains()


def _run_both(program: Program, unit: int, inputs: Inputs, steps: int) -> Recording:
    network = program.units[unit].network
    probes = [Probe(p.name) for p in program.units[unit].neurons]
    probes += [Probe(name, "v") for name in ("control", "normaliser")
               if any(p.name == name for p in network.populations)]
    whole = backends.get("fast").run(network, inputs, probes, steps)
    pieces = program.slices_of(unit)
    cut = split_network(program.units[unit], pieces)
    parts = split_probes(program.units[unit], pieces, probes)
    joined = join_recording(program.units[unit], pieces,
                            backends.get("fast").run(cut, split_inputs(
                                program.units[unit], pieces, inputs), parts, steps))
    for probe in probes:
        if not np.array_equal(whole.traces[probe], joined.traces[probe]):
            raise DisagreementError("the placed program does not give what the network gives",
                                    where=f"{program.units[unit].name}, {probe.target}")
    return whole


def lab_trial(program: Program, tried: Tried) -> Trial:
    """The first head that was tried, with all that another machine's run can be compared by."""
    unit = min(tried.runs)
    inputs, steps = tried.runs[unit]
    network, backend = program.units[unit].network, backends.get("fast")
    recording = backend.run(network, inputs, trial_probes(network), steps)
    return trial_of(unit, network, inputs, recording, backend=backend.name,
                    evidence=backend.evidence)
