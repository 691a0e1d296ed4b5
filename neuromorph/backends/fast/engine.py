"""Any fixed-domain network, event-driven: only neurons that spiked touch their synapses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled
from neuromorph.network import CubaLIF, LatencyMatch, Network, Population, Readout, Source
from neuromorph.numerics.limits import (
    DECAY_BITS,
    DECAY_UNITY,
    INPUT_SHIFT,
    STATE_MAX,
    STATE_MODULUS,
)

SOURCE, LIF, READOUT, LATENCY = range(4)
KIND, DU, DV, VTH, BIAS, BASE, SPAN, GAIN, GAIN_SHIFT = range(9)
PRE, POST, WIDTH, HEIGHT, DELAY, EXPONENT, GRADED, OFFSET = range(8)


@dataclass(frozen=True, eq=False)
class FlatNetwork:
    """A network as flat arrays: neurons one after the other, synapses by projection."""

    neurons: NDArray[np.int64]
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
    for p in network.projections:
        height, width = p.weights.shape
        wiring.append([first[p.pre], first[p.post], width, height, p.delay, p.exponent,
                       int(p.graded), offset])
        blocks.append(np.ascontiguousarray(p.weights.T, dtype=np.int32).ravel())
        offset += height * width
    return FlatNetwork(neurons, np.array(wiring, np.int64).reshape(-1, 8),
                       np.concatenate([*blocks, np.zeros(0, np.int32)]), first)


def _neuron_rows(population: Population) -> NDArray[np.int64]:
    return np.tile(np.array(_neuron_row(population.model), np.int64), (population.size, 1))


def _neuron_row(model: Any) -> list[int]:
    if isinstance(model, CubaLIF):
        return [LIF, int(model.du), int(model.dv), int(model.vth) << INPUT_SHIFT,
                int(model.bias_mant) << model.bias_exp, 0, 0, 0, 0]
    if isinstance(model, Readout):
        return [READOUT, DECAY_UNITY, int(model.dv), int(model.vth), 0, 0, 0, 0, 0]
    if isinstance(model, LatencyMatch):
        return [LATENCY, DECAY_UNITY, 0, model.vth << INPUT_SHIFT, 0, model.base, model.span,
                model.gain, model.gain_shift]
    if isinstance(model, Source):
        return [SOURCE] + [0] * 8
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
def _deliver(
    wiring: NDArray[np.int64], weights: NDArray[np.int32], spikes: NDArray[np.int64], t: int,
    a_in: NDArray[np.int64], sums: NDArray[np.int64],
) -> None:
    """Add what every projection delivers at step t."""
    a_in[:] = 0
    for k in range(len(wiring)):
        p = wiring[k]
        sent_at = t - 1 - p[DELAY]
        if sent_at < 0:
            continue
        active = False
        for j in range(p[WIDTH]):
            spike = spikes[sent_at, p[PRE] + j]
            if spike == 0:
                continue
            if not active:
                sums[: p[HEIGHT]] = 0
                active = True
            factor = spike if p[GRADED] else 1
            row = p[OFFSET] + j * p[HEIGHT]
            for i in range(p[HEIGHT]):
                sums[i] += factor * weights[row + i]
        if active:
            for i in range(p[HEIGHT]):
                total = sums[i]
                moved = total << p[EXPONENT] if p[EXPONENT] >= 0 else total >> -p[EXPONENT]
                a_in[p[POST] + i] += moved


@compiled
def _advance(
    neuron: NDArray[np.int64], u: NDArray[np.int64], v: NDArray[np.int64], i: int, a_in: int
) -> int:
    """One neuron, one step; returns what it emits."""
    if neuron[KIND] == READOUT:
        drive = a_in
    else:
        half = STATE_MODULUS // 2
        current = _decay(u[i], neuron[DU]) + (a_in << INPUT_SHIFT)
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


@compiled(nogil=True)
def clock(
    neurons: NDArray[np.int64], wiring: NDArray[np.int64], weights: NDArray[np.int32],
    spikes: NDArray[np.int64], potentials: NDArray[np.int64], currents: NDArray[np.int64],
    keep_v: bool, keep_u: bool,
) -> None:
    """Run all steps; ``spikes`` holds the sources' trains and receives everyone else's."""
    steps, size = spikes.shape
    u, v = np.zeros(size, np.int64), np.zeros(size, np.int64)
    a_in, sums = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for t in range(steps):
        _deliver(wiring, weights, spikes, t, a_in, sums)
        for i in range(size):
            if neurons[i, KIND] != SOURCE:
                spikes[t, i] = _advance(neurons[i], u, v, i, a_in[i])
        if keep_v:
            potentials[t] = v
        if keep_u:
            currents[t] = u
