"""Heads of a placed program at work: equal to the uncompiled ones, and what happens in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.backends import Inputs, Recording
from neuromorph.bundle import Bundle
from neuromorph.circuits import hebbian_attention
from neuromorph.circuits.latency_attention import LatencyAttention, stimulate
from neuromorph.compile import Compiled, Program
from neuromorph.compile.split import split
from neuromorph.errors import DisagreementError
from neuromorph.lab.trial import Trial, trial_of, trial_probes
from neuromorph.network import Probe
from neuromorph.shown import Shown
from neuromorph.translate import LayerCode, Sample

READ = ("control", "normaliser")
"""Populations whose potential is what a head gives."""

QUERIES = 2
"""Queries of each head that is tried."""


@dataclass(frozen=True, eq=False, repr=False)
class Tried(Shown):
    """What a few heads did.

    Attributes
    ----------
    heads, queries : int
        Heads tried, and queries of each.
    rates : mapping of "unit/population" to float array
        Spikes a query of each neuron; of heads not tried, those of one that was.
    runs : mapping of unit to (source trains, steps)
        What the heads that were tried were given.
    trains : mapping of unit to mapping of population to array, shape (steps, size)
        Spikes of the heads that were tried, sources included.
    like : tuple of int
        For each unit the one that was tried and that it counts as.
    """

    heads: int
    queries: int
    rates: dict[str, NDArray[np.float64]]
    runs: dict[int, tuple[Inputs, int]]
    trains: dict[int, Inputs]
    like: tuple[int, ...]


def try_heads(bundle: Bundle, compiled: Compiled, memory: str, most: int) -> Tried:
    """Run up to ``most`` heads, spread over the program, as given and as placed, on `fast`.

    Raises
    ------
    DisagreementError
        If a placed head does not give what the given one gives.
    """
    order = [(name, h) for name, code in bundle.codes.items() for h in range(len(code.heads))]
    return try_units(compiled, lambda unit: _trains(bundle, *order[unit], memory), most, QUERIES)


def try_units(
    compiled: Compiled, trains_of: Callable[[int], tuple[Inputs, int]], most: int, runs: int
) -> Tried:
    """The same of any units: what each is sent, and of how many runs (queries, tokens) that is.

    Raises
    ------
    DisagreementError
        If a placed unit does not give what the given one gives.
    """
    units = compiled.program.units
    count = len(units)
    chosen = np.unique(np.linspace(0, count - 1, min(most, count)).astype(int))
    trains: dict[int, Inputs] = {}
    sent: dict[int, tuple[Inputs, int]] = {}
    rates: dict[str, NDArray[np.float64]] = {}
    for unit in chosen.tolist():
        inputs, steps = trains_of(unit)
        recording = _run_both(compiled, unit, inputs, steps)
        spikes = {p.name: recording.spikes(p.name) for p in units[unit].neurons}
        sent[unit] = (inputs, steps)
        heard = {name: train[:steps] for name, train in units[unit].view.encode(inputs).items()}
        trains[unit] = {**heard, **spikes}
        rates |= {f"{unit}/{name}": np.count_nonzero(train, axis=0) / runs
                  for name, train in spikes.items()}
    like = tuple(_like(compiled.program, unit, chosen) for unit in range(count))
    for unit, other in enumerate(like):
        rates |= {f"{unit}/{p.name}": rates[f"{other}/{p.name}"] for p in units[unit].neurons}
    return Tried(len(chosen), runs, rates, sent, trains, like)


def _like(program: Program, unit: int, tried: NDArray[np.int64]) -> int:
    """The nearest head that was tried, of those that hear the same if there are any.

    Heads of a layer differ in whether they take a bias, and in how many plain axons spell it.
    """
    heard = {number: {p.name for p in program.units[number].network.populations if p.is_source}
             for number in (unit, *tried.tolist())}
    apart = [len(heard[unit] ^ heard[other]) for other in tried.tolist()]
    alike = tried[np.equal(apart, min(apart))]
    return int(alike[np.abs(alike - unit).argmin()])


def trains_like(program: Program, unit: int, tried: Tried) -> Inputs:
    """Trains that a head's events are counted from: of one like it, silent where it has no such."""
    trains = tried.trains[tried.like[unit]]
    steps = len(next(iter(trains.values())))
    silent = {p.name: np.zeros((steps, p.size), np.int64)
              for p in program.units[unit].network.populations
              if p.is_source and p.name not in trains}
    return {**trains, **silent}


def _trains(bundle: Bundle, layer: str, head: int, memory: str) -> tuple[Inputs, int]:
    """Trains of the sample's last queries; into a plastic memory tokens are written first."""
    code, sample = bundle.codes[layer], bundle.samples[layer]
    circuit: LatencyAttention = code.heads[head]
    queries = code.encode_queries(sample.queries)[0][head, -QUERIES:]
    bias = _bias(code, sample, circuit.slots, head)
    if memory == "static":
        return stimulate(circuit, queries, bias=bias)
    keys, values = (code.encode_keys(sample.keys)[0][head // code.group],
                    code.encode_values(sample.values)[0][head // code.group])
    timeline = hebbian_attention.Timeline(circuit)
    for t, query in enumerate(queries):
        timeline.write(t, keys[t], values[t])
        timeline.query(query, np.arange(circuit.slots) <= t, None if bias is None else bias[t])
    return timeline.trains()


def _bias(
    code: LayerCode, sample: Sample, slots: int, head: int
) -> NDArray[np.int32] | None:
    """What the last queries add to the slots, which are filled as `units_of` fills them."""
    if sample.bias is None:
        return None
    codes, _ = code.encode_bias(sample.bias[None], sample.mask[None])
    return None if codes is None else codes[0, head, -QUERIES:][
        :, np.arange(slots) % codes.shape[3]]


def _run_both(compiled: Compiled, number: int, inputs: Inputs, steps: int) -> Recording:
    """The placed unit's recording, which equals the given one's in all that is read."""
    fast = backends.get(backends.DEFAULT)
    given, unit = compiled.given[number], compiled.program.units[number]
    asked = [Probe(p.name) for p in given.neurons]
    asked += [Probe(p.name, "v") for p in given.neurons if p.name in READ]
    whole = fast.run(given.network, inputs, asked, steps)
    probes = list(dict.fromkeys((*asked, *(Probe(p.name) for p in unit.neurons))))
    placed = split(unit, compiled.program.slices_of(number)).run(fast.run, inputs, probes, steps)
    for probe in asked:
        if not np.array_equal(whole.traces[probe], placed.traces[probe]):
            raise DisagreementError("the placed program does not give what the network gives",
                                    where=f"{unit.name}, {probe.target}")
    return placed


def lab_trial(program: Program, tried: Tried) -> Trial:
    """The first head that was tried, with all that another machine's run can be compared by."""
    number = min(tried.runs)
    inputs, steps = tried.runs[number]
    unit, backend = program.units[number], backends.get(backends.DEFAULT)
    network, trains = unit.network, unit.view.encode(inputs)
    recording = backend.run(network, trains, trial_probes(network), unit.view.steps(steps))
    return trial_of(number, network, trains, recording, backend=backend.name,
                    evidence=backend.evidence)
