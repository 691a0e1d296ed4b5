"""Any fixed-domain network, event-driven: only neurons that spiked touch their synapses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled
from neuromorph.backends.fast.learning import learn
from neuromorph.backends.fast.learning_tables import WIRE
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    LatencyMatch,
    Network,
    Population,
    Readout,
    Relay,
    Source,
)
from neuromorph.numerics.limits import (
    DECAY_BITS,
    DECAY_UNITY,
    INPUT_SHIFT,
    STATE_MAX,
    STATE_MODULUS,
)
from neuromorph.shown import Shown

SOURCE, LIF, READOUT, LATENCY, GLIA, CALCIUM, RELAY = range(7)
KIND, DU, DV, VTH, BIAS, BASE, SPAN, GAIN, GAIN_SHIFT, ALIGNED = range(10)
BITS = 3
PRE, POST, WIDTH, HEIGHT, DELAY, EXPONENT, GRADED, OFFSET, PLASTIC, HOME = range(10)


@dataclass(frozen=True, eq=False, repr=False)
class FlatNetwork(Shown):
    """A network as flat arrays: neurons one after the other, synapses by projection."""

    neurons: NDArray[np.int64]
    spans: NDArray[np.int64]
    wiring: NDArray[np.int64]
    weights: NDArray[np.int32]
    first: dict[str, int]


def flatten(network: Network) -> FlatNetwork:
    """Lay a network out for `clock`; weights are stored by presynaptic neuron."""
    first, size = {}, 0
    for population in network.populations:
        first[population.name] = size
        size += population.size
    neurons = np.concatenate([_neuron_rows(p) for p in network.populations])
    wiring, blocks, offset = [], [], 0
    learners = {p.name: k for k, p in enumerate(network.plastic)}
    number = {p.name: k for k, p in enumerate(network.populations)}
    for p in network.projections:
        height, width = p.weights.shape
        wiring.append([first[p.pre], first[p.post], width, height, p.delay, p.exponent,
                       int(p.graded), offset, learners.get(p.name, -1), number[p.post]])
        blocks.append(np.ascontiguousarray(p.weights.T, dtype=np.int32).ravel())
        offset += height * width
    spans = np.array([[first[p.name], first[p.name] + p.size] for p in network.populations])
    return FlatNetwork(neurons, spans, np.array(wiring, np.int64).reshape(-1, HOME + 1),
                       np.concatenate([*blocks, np.zeros(0, np.int32)]), first)


def _neuron_rows(population: Population) -> NDArray[np.int64]:
    rows = np.tile(np.array(_neuron_row(population.model), np.int64), (population.size, 1))
    if isinstance(population.model, Astrocyte):
        rows[-1, KIND] = CALCIUM
    return rows


def _neuron_row(model: Any) -> list[int]:
    if isinstance(model, CubaLIF):
        return [LIF, int(model.du), int(model.dv), int(model.vth) << INPUT_SHIFT,
                int(model.bias_mant) << model.bias_exp, 0, 0, 0, 0, model.input_shift]
    if isinstance(model, Readout):
        return [READOUT, DECAY_UNITY, int(model.dv), int(model.vth), 0, 0, 0, 0, 0, 0]
    if isinstance(model, LatencyMatch):
        return [LATENCY, DECAY_UNITY, 0, model.vth << INPUT_SHIFT, 0, model.base, model.span,
                model.gain, model.gain_shift, INPUT_SHIFT]
    if isinstance(model, Astrocyte):
        return [GLIA, DECAY_UNITY, int(model.dv), model.gain_bits, 0, 0, 0, 0, 0, 0]
    if isinstance(model, Relay):
        return [RELAY, DECAY_UNITY, 0, model.shift, 0, 0, 0, 0, 0, 0]
    if isinstance(model, Source):
        return [SOURCE] + [0] * 9
    raise TypeError(f"no such neuron model: {model!r}")


@compiled
def payload_of(z: int, early: bool, base: int) -> int:
    """Payload of a spike that is z / base ramp steps past threshold; see `latency_payload`."""
    whole, line = z // base, 2 * base - z % base
    if whole == 0:
        return line
    return max(1, line >> min(whole, 62)) if early else 2 * base


@compiled
def _decay(state: int, rate: int) -> int:
    product = state * (DECAY_UNITY - rate)
    magnitude = abs(product) >> DECAY_BITS
    return -magnitude if product < 0 else magnitude


@compiled
def _send(
    p: NDArray[np.int64], weights: NDArray[np.int32], sent: NDArray[np.int64],
    who: NDArray[np.int32], into: NDArray[np.int64], sums: NDArray[np.int64],
) -> bool:
    """Add what one projection makes of the spikes of one step; whether there were any.

    ``sent`` holds what every neuron sends, ``who`` the neurons that send anything.
    """
    active = False
    for n in range(len(who)):
        j = who[n] - p[PRE]
        if j < 0 or j >= p[WIDTH]:
            continue
        if not active:
            sums[: p[HEIGHT]] = 0
            active = True
        factor = sent[who[n]] if p[GRADED] else 1
        row = p[OFFSET] + j * p[HEIGHT]
        for i in range(p[HEIGHT]):
            sums[i] += factor * weights[row + i]
    if active:
        for i in range(p[HEIGHT]):
            total = sums[i]
            moved = total << p[EXPONENT] if p[EXPONENT] >= 0 else total >> -p[EXPONENT]
            into[p[POST] + i] += moved
    return active


@compiled
def _deliver(
    wiring: NDArray[np.int64], weights: NDArray[np.int32], spikes: NDArray[np.int64],
    who: NDArray[np.int32], starts: NDArray[np.int64], t: int, a_in: NDArray[np.int64],
    hit: NDArray[np.bool_], sums: NDArray[np.int64],
) -> None:
    """Add what every static projection delivers at step t."""
    for k in range(len(wiring)):
        at = t - 1 - wiring[k, DELAY]
        if wiring[k, PLASTIC] >= 0 or at < 0 or starts[at] == starts[at + 1]:
            continue
        if _send(wiring[k], weights, spikes[at], who[starts[at] : starts[at + 1]], a_in, sums):
            hit[wiring[k, HOME]] = True


@compiled
def _learn(
    wiring: NDArray[np.int64], rules: Any, dice: Any, traces: Any, weights: NDArray[np.int32],
    tags: NDArray[np.int32], sent: NDArray[np.int64], who: NDArray[np.int32], t: int,
    into: NDArray[np.int64], hit: NDArray[np.bool_], sums: NDArray[np.int64],
) -> None:
    """Send the spikes of step t through the plastic projections, then let those learn."""
    for k in range(len(rules.table)):
        p = wiring[rules.table[k, WIRE]]
        if _send(p, weights, sent, who, into, sums):
            hit[p[HOME]] = True
        wire = np.array([p[PRE], p[WIDTH], p[POST], p[HEIGHT], p[OFFSET]])
        learn(rules, dice, traces, k, wire, sent, t, weights, tags)


@compiled
def _share(
    neurons: NDArray[np.int64], v: NDArray[np.int64], a_in: NDArray[np.int64],
    sent: NDArray[np.int64], first: int,
) -> int:
    """One astrocyte, one step, from its first unit; returns the unit after its calcium."""
    last = first
    while neurons[last, KIND] != CALCIUM:
        last += 1
    calcium = _decay(v[last], neurons[last, DV]) + a_in[last]
    v[last] = min(max(calcium, -STATE_MAX), STATE_MAX)
    for i in range(first, last):
        scaled = a_in[i] << neurons[i, BITS]
        share = 0 if v[last] <= 0 else abs(scaled) // v[last]
        sent[i] = min(share, STATE_MAX) if scaled > 0 else -min(share, STATE_MAX)
    return last + 1


@compiled
def _advance(
    neuron: NDArray[np.int64], u: NDArray[np.int64], v: NDArray[np.int64], i: int, a_in: int
) -> int:
    """One neuron, one step; returns what it emits."""
    if neuron[KIND] == RELAY:
        passed: int = min(max(a_in >> neuron[BITS], -STATE_MAX), STATE_MAX)
        return passed
    if neuron[KIND] == READOUT:
        drive = a_in
    else:
        half = STATE_MODULUS // 2
        current = _decay(u[i], neuron[DU]) + (a_in << neuron[ALIGNED])
        u[i] = (current + (half - 1)) % STATE_MODULUS - (half - 1)
        drive = u[i] + neuron[BIAS]
    new = min(max(_decay(v[i], neuron[DV]) + drive, -STATE_MAX), STATE_MAX)
    if new <= neuron[VTH]:
        v[i] = new
        return 0
    early = v[i] < 0
    v[i] = 0
    if neuron[KIND] != LATENCY:
        return 1
    z = (min(new - neuron[VTH], neuron[SPAN]) * neuron[GAIN]) >> neuron[GAIN_SHIFT]
    payload: int = payload_of(z, early, neuron[BASE])
    return payload


@compiled
def _step(
    neurons: NDArray[np.int64], first: int, stop: int, u: NDArray[np.int64],
    v: NDArray[np.int64], a_in: NDArray[np.int64], sent: NDArray[np.int64],
) -> bool:
    """One population, one step; whether anything in it is off its rest afterwards."""
    if neurons[first, KIND] == GLIA:
        _share(neurons, v, a_in, sent, first)
        return True
    live = False
    for i in range(first, stop):
        bias = neurons[i, BIAS]
        if a_in[i] == 0 and u[i] == 0 and v[i] == 0 and bias == 0:
            continue
        sent[i] = _advance(neurons[i], u, v, i, a_in[i])
        live = live or u[i] != 0 or v[i] != 0 or bias != 0
    return live


@compiled(nogil=True)
def clock(
    neurons: NDArray[np.int64], spans: NDArray[np.int64], wiring: NDArray[np.int64],
    weights: NDArray[np.int32], tags: NDArray[np.int32], rules: Any, dice: Any, traces: Any,
    spikes: NDArray[np.int64], potentials: NDArray[np.int64], currents: NDArray[np.int64],
    kept: NDArray[np.int64], kept_weights: NDArray[np.int32], kept_tags: NDArray[np.int32],
) -> None:
    """Run all steps; ``spikes`` holds the sources' trains and receives everyone else's.

    A population that nothing reaches is stepped only while one of its neurons is off its rest.
    Potentials, currents, and the weights and tags at the indices in ``kept`` are recorded
    where there is room for them.
    """
    steps, size = spikes.shape
    u, v = np.zeros(size, np.int64), np.zeros(size, np.int64)
    a_in, sums = np.zeros(size, np.int64), np.zeros(size, np.int64)
    learned_in = np.zeros(size, np.int64)
    who, starts = np.empty(steps * size, np.int32), np.zeros(steps + 1, np.int64)
    hit, learned_hit = np.zeros(len(spans), np.bool_), np.zeros(len(spans), np.bool_)
    live = np.ones(len(spans), np.bool_)
    for t in range(steps):
        a_in[:] = learned_in
        hit[:] = learned_hit
        learned_in[:] = 0
        learned_hit[:] = False
        _deliver(wiring, weights, spikes, who, starts, t, a_in, hit, sums)
        count = starts[t]
        for k in range(len(spans)):
            first, stop = spans[k, 0], spans[k, 1]
            source = neurons[first, KIND] == SOURCE
            if not source and not hit[k] and not live[k]:
                continue
            if not source:
                live[k] = _step(neurons, first, stop, u, v, a_in, spikes[t])
            for i in range(first, stop):
                if spikes[t, i] != 0:
                    who[count] = i
                    count += 1
        starts[t + 1] = count
        _learn(wiring, rules, dice, traces, weights, tags, spikes[t], who[starts[t] : count], t,
               learned_in, learned_hit, sums)
        if len(potentials):
            potentials[t] = v
        if len(currents):
            currents[t] = u
        for n in range(len(kept)):
            kept_weights[t, n], kept_tags[t, n] = weights[kept[n]], tags[kept[n]]
