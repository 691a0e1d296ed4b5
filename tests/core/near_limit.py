"""Networks whose accumulators come near their ends, and all of them run at once at extremes.

`simulate` is a copy of the reference with a network and a pattern along the first two axes;
a test holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.interface import Inputs
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    LatencyMatch,
    Network,
    Population,
    Projection,
    Readout,
    Source,
)
from neuromorph.network.bounds import ACCUMULATOR_MAX
from neuromorph.neurons import NeuronModel
from neuromorph.neurons.cuba_lif import LIFState, step_lif_fixed
from neuromorph.neurons.latency_match import step_latency
from neuromorph.neurons.readout import step_readout_fixed
from neuromorph.numerics import decay, saturate, wrap
from neuromorph.numerics.limits import DECAY_UNITY, INPUT_SHIFT, STATE_MAX

Ints = NDArray[Any]
KINDS = ("lif", "latency", "readout", "calcium", "units")
NEURONS, GRADED, PLAIN, RELAYS, STEPS = 3, 3, 2, 2, 40
DECAYS = (4096, 4096, 3000, 2048, 1024, 512, 64, 1, 0)
FAN_IN = {"graded": GRADED, "plain": PLAIN, "relayed": RELAYS}


@dataclass(frozen=True)
class Batch:
    """Many networks of one kind: numbers by name, each with the networks along its first axis."""

    kind: str
    numbers: dict[str, Ints]
    weights: dict[str, Ints]

    def __len__(self) -> int:
        return len(self.numbers["rate"])

    def __getitem__(self, name: str) -> Any:
        """A parameter, to be broadcast against (networks, patterns, neurons).

        The step functions want one number for all, and take one a network as well.
        """
        return self.numbers[name][:, None, None]


def make_batch(kind: str, count: int, seed: int) -> Batch:
    """Networks whose worst state is 2^-1 to 2 times what the register of interest can hold."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    rate = rng.choice(DECAYS, count)
    weights = {name: random_weights(rng, count, fan_in) for name, fan_in in FAN_IN.items()}
    numbers = {
        "rate": np.full(count, DECAY_UNITY) if kind in ("latency", "units") else rate,
        "plain_exponent": rng.integers(-8, 7, count),
        "relayed_exponent": rng.integers(-8, 1, count),
        "vth": rng.integers(0, 131_072, count), "relay_vth": rng.integers(0, 200, count),
        "base": 2 ** rng.integers(0, 9, count), "span": rng.integers(1, 2**23, count),
        "gain": rng.integers(1, 2**16, count), "gain_bits": rng.integers(0, 17, count),
        "delay": rng.integers(0, 3, count), "back": 2 * rng.integers(-128, 128, count),
    }
    if kind == "units":
        weights["graded"][:, -1] = 0  # the calcium's own sums are far smaller
    numbers |= tuned_source(rng, kind, numbers["rate"], weights["graded"])
    return Batch(kind, numbers, weights)


def random_weights(rng: np.random.Generator, count: int, fan_in: int) -> Ints:
    """Of mixed sign, or of one; of any size."""
    largest = rng.integers(1, 128, (count, 1, 1))
    mixed = 2 * rng.integers(-largest, largest + 1, (count, NEURONS, fan_in))
    sign = rng.choice([-1, 0, 0, 1], (count, 1, 1))
    return np.clip(np.where(sign == 0, mixed, sign * np.abs(mixed)), -254, 254)


def tuned_source(
    rng: np.random.Generator, kind: str, rate: Ints, weights: Ints
) -> dict[str, Ints]:
    """Exponent and range of the graded source that take the register to about its end."""
    end = ACCUMULATOR_MAX if kind == "units" else STATE_MAX
    scale = 1 << INPUT_SHIFT if kind in ("lif", "latency") else 1
    wanted = end * 2.0 ** rng.uniform(-1, 1, len(rate)) * np.maximum(rate, 1) / DECAY_UNITY / scale
    fan_in = np.maximum(np.abs(weights).sum(axis=2).max(axis=1), 1)
    exponent = np.rint(np.log2(wanted / fan_in / 2.0 ** rng.uniform(2, 22, len(rate))))
    exponent = np.clip(exponent, -8, 7).astype(np.int64)
    high = np.clip(wanted / fan_in / 2.0**exponent, 1, 2**23 - 1).astype(np.int64)
    low = -(high * rng.uniform(0, 1, len(rate))).astype(np.int64)
    return {"graded_exponent": exponent, "low": low, "high": high}


def network_of(batch: Batch, index: int) -> tuple[Network, dict[str, tuple[int, int]]]:
    """One network of the batch, and the range of its graded source."""
    of = {name: int(values[index]) for name, values in batch.numbers.items()}
    weights = {name: values[index].astype(np.int32) for name, values in batch.weights.items()}
    relay = LatencyMatch(of["relay_vth"], of["base"], of["span"], of["gain"], 8)
    network = Network("near", "fixed", (
        Population("graded", GRADED, Source(24)), Population("plain", PLAIN, Source()),
        Population("relay", RELAYS, relay), Population("n", NEURONS, model_of(batch.kind, of)),
    ), (
        Projection("graded", "graded", "n", weights["graded"], exponent=of["graded_exponent"],
                   graded=True),
        Projection("plain", "plain", "n", weights["plain"], exponent=of["plain_exponent"]),
        Projection("relayed", "relay", "n", weights["relayed"], delay=of["delay"],
                   exponent=of["relayed_exponent"], graded=True),
        Projection("on", "plain", "relay", np.full((RELAYS, PLAIN), 100, np.int32)),
        Projection("back", "n", "relay", np.full((RELAYS, NEURONS), of["back"], np.int32)),
    ))
    return network, {"graded": (of["low"], of["high"])}


def model_of(kind: str, of: dict[str, int]) -> NeuronModel:
    if kind == "lif":
        return CubaLIF(du=of["rate"], vth=of["vth"])
    if kind == "readout":
        return Readout(dv=of["rate"], vth=of["vth"])
    if kind == "latency":
        return LatencyMatch(of["vth"], of["base"], of["span"], of["gain"], 8)
    return Astrocyte(dv=of["rate"], gain_bits=of["gain_bits"])


# --- extreme inputs


def patterns(batch: Batch, seed: int) -> tuple[Ints, Ints]:
    """Trains of both sources, shape (steps, networks, patterns, axons), at their ends always.

    For each neuron the sign of its weights and the opposite; all high, all low, every step the
    other end, and ends at random.
    """
    rng = np.random.default_rng([seed, 1])
    signs = [np.concatenate([batch.weights[name] > 0, batch.weights[name] < 0], axis=1)
             for name in ("graded", "plain")]
    graded, plain = (_choices(rng, up, steps=STEPS) for up in signs)
    return np.where(graded, batch["high"], batch["low"]), plain.astype(np.int64)


def _choices(rng: np.random.Generator, up: Ints, steps: int) -> Ints:
    """Which axons are at their high end, shape (steps, networks, patterns, axons)."""
    count, _, fan_in = up.shape
    still = np.concatenate([up, np.ones((count, 1, fan_in), bool),
                            np.zeros((count, 1, fan_in), bool)], axis=1)
    still = np.broadcast_to(still, (steps, *still.shape))
    turns = np.broadcast_to((np.arange(steps) % 2 == 0)[:, None, None, None],
                            (steps, count, 1, fan_in))
    return np.concatenate([still, turns, rng.random((steps, count, 1, fan_in)) < 0.5], axis=2)


def inputs_of(trains: tuple[Ints, Ints], index: int, pattern: int) -> Inputs:
    """What the sources of one network emit in one pattern."""
    return {name: train[:, index, pattern]
            for name, train in zip(("graded", "plain"), trains, strict=True)}


# --- the copy of the reference


def simulate(batch: Batch, trains: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Overflows of n and of relay, wide sums included: shape (2, networks, patterns); last v."""
    graded, plain = trains
    count, amount = graded.shape[1:3]
    v, u = np.zeros((2, count, amount, NEURONS), np.int64)
    relay_v = np.zeros((count, amount, RELAYS), np.int64)
    sent = np.zeros((STEPS, count, amount, NEURONS), np.int64)
    relayed = np.zeros((STEPS, count, amount, RELAYS), np.int64)
    overflows = np.zeros((2, count, amount), np.int64)
    for t in range(1, STEPS):
        late = np.maximum(t - 1 - batch.numbers["delay"], -1)
        echo = np.where(late[:, None, None] >= 0, relayed[late, np.arange(count)], 0)
        a_in, wide = received(batch, {"graded": graded[t - 1], "plain": plain[t - 1],
                                      "relayed": echo})
        u, v, sent[t], beyond = advance(batch, u, v, a_in)
        overflows[0] += beyond + (np.abs(wide) > ACCUMULATOR_MAX).sum(axis=-1)
        back = batch["back"] * (sent[t - 1] != 0).sum(axis=-1, keepdims=True)
        a_in = np.repeat(100 * plain[t - 1].sum(axis=-1, keepdims=True) + back, RELAYS, axis=2)
        overflows[1] += wrapped(a_in << INPUT_SHIFT)
        relay_v, relayed[t] = fire(batch, relay_v, a_in, batch["relay_vth"])
    return overflows, v


def received(batch: Batch, sent: dict[str, Ints]) -> tuple[Ints, Ints]:
    """The synaptic input of n, and the same as stock Dense has it before a right shift."""
    a_in, wide = 0, 0
    for name, payloads in sent.items():
        exponent = batch[f"{name}_exponent"]
        left = payloads @ batch.weights[name].transpose(0, 2, 1) << np.maximum(exponent, 0)
        a_in, wide = a_in + (left >> np.maximum(-exponent, 0)), wide + left
    return np.asarray(a_in), np.asarray(wide)


def advance(batch: Batch, u: Ints, v: Ints, a_in: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Current, potential, payload and overflows of n after a step."""
    rate, vth = batch["rate"], batch["vth"]
    if batch.kind == "lif":
        beyond = wrapped(decay(u, rate) + (a_in << INPUT_SHIFT))
        (u, v), spikes = step_lif_fixed(LIFState(u, v), a_in, du=rate, dv=0, vth=vth)
        return u, v, spikes.astype(np.int64), beyond
    if batch.kind == "readout":
        v, spikes = step_readout_fixed(v, a_in, dv=rate, vth=vth)
        return u, v, spikes.astype(np.int64), (np.abs(v) >= STATE_MAX).sum(axis=-1)
    if batch.kind == "latency":
        return u, *fire(batch, v, a_in, vth), wrapped(a_in << INPUT_SHIFT)
    return u, *divide(batch, v, a_in)


def fire(batch: Batch, v: Ints, a_in: Ints, vth: Any) -> tuple[Ints, Ints]:
    return step_latency(v, a_in, vth=vth, base=batch["base"], span=batch["span"],
                        gain=batch["gain"], gain_shift=8)


def divide(batch: Batch, v: Ints, a_in: Ints) -> tuple[Ints, Ints, Ints]:
    calcium = saturate(decay(v[..., -1:], batch["rate"]) + a_in[..., -1:])
    out = np.sign(a_in) * ((np.abs(a_in) << batch["gain_bits"]) // np.maximum(calcium, 1))
    out = np.where(calcium > 0, np.clip(out, -STATE_MAX, STATE_MAX), 0)
    out[..., -1] = 0
    v = np.concatenate([np.zeros_like(v[..., :-1]), calcium], axis=-1)
    return v, out, (np.abs(v) >= STATE_MAX).sum(axis=-1)


def wrapped(current: Ints) -> Ints:
    """How many currents of each network and pattern do not fit."""
    count: Ints = np.count_nonzero(current != wrap(current), axis=-1)
    return count
