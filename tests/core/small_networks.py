"""Random small networks of everything that the fixed domain knows, and one of floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.interface import Inputs
from neuromorph.network import (
    CubaLIF,
    LatencyMatch,
    Network,
    Population,
    Probe,
    Projection,
    Readout,
    Source,
)
from neuromorph.network.populations import NeuronModel

STATES = {"Source": (), "CubaLIF": ("u", "v"), "Readout": ("v",), "LatencyMatch": ("v",)}


def everything(network: Network) -> list[Probe]:
    """A probe on every spike and state that can be recorded."""
    return [Probe(p.name, variable) for p in network.populations
            for variable in ("spikes", *STATES[p.model.kind])]


def random_network(seed: int) -> tuple[Network, Inputs, int]:
    """Sources and neurons of every model, wired at random, loops, delays and all."""
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(1, 30))
    sources = (Population("plain", int(rng.integers(1, 4)), Source()),
               Population("graded", int(rng.integers(1, 4)), Source(int(rng.integers(1, 25)))))
    neurons = tuple(Population(f"n{i}", int(rng.integers(1, 5)), random_model(rng, i % 3))
                    for i in range(int(rng.integers(3, 6))))
    everyone = sources + neurons
    wiring = [(s, n) for s in sources for n in neurons]
    wiring += [(everyone[int(rng.integers(len(everyone)))], n) for n in neurons]
    projections = tuple(random_projection(rng, f"p{i}", pre, post, steps)
                        for i, (pre, post) in enumerate(wiring))
    inputs = {p.name: random_train(rng, steps, p) for p in sources}
    return Network("random", "fixed", everyone, projections), inputs, steps


def random_model(rng: np.random.Generator, kind: int) -> NeuronModel:
    decay = [int(rng.choice([0, 1, 2048, 4095, 4096, rng.integers(4097)])) for _ in range(2)]
    loud = int(rng.choice([0, 1, 500, 131_071, rng.integers(131_072)]))
    if kind == 0:
        return CubaLIF(du=decay[0], dv=decay[1], vth=loud,
                       bias_mant=int(rng.choice([0, -4096, 4095, rng.integers(-4096, 4096)])),
                       bias_exp=int(rng.integers(8)))
    if kind == 1:
        return Readout(dv=decay[0], vth=int(rng.choice([loud, 2**23 - 2])))
    base, ramp = 2 ** int(rng.integers(0, 10)), int(2.0 ** rng.uniform(6, 20))
    return LatencyMatch(vth=loud, base=base, span=int(rng.integers(1, 2**23)),
                        gain=((base << 12) // ramp) + 1, gain_shift=12)


def random_projection(
    rng: np.random.Generator, name: str, pre: Population, post: Population, steps: int
) -> Projection:
    weights = random_weights(rng, (post.size, pre.size))
    return Projection(name, pre.name, post.name, weights,
                      delay=int(rng.choice([0, 0, 1, steps - 1, 62])),
                      exponent=int(rng.integers(-8, 8)),
                      graded=bool(pre.model.payload_bits and rng.random() < 0.7))


def random_weights(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.int32]:
    kind = rng.choice(["mixed", "positive", "negative", "sparse"])
    if kind == "positive":
        return rng.integers(0, 256, shape, dtype=np.int32)
    if kind == "negative":
        return -rng.integers(0, 256, shape, dtype=np.int32)
    even = 2 * rng.integers(-128, 128, shape, dtype=np.int32)
    return np.where(rng.random(shape) < (0.3 if kind == "sparse" else 1.0), even, 0)


def random_train(rng: np.random.Generator, steps: int, source: Population) -> NDArray[Any]:
    """Sparse; payloads at both ends of their range now and then."""
    shape, bits = (steps, source.size), source.model.payload_bits
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if bits else (0, 2)
    train = rng.integers(low, high, shape)
    edges = rng.choice([low, high - 1], shape)
    train = np.where(rng.random(shape) < 0.2, edges, train)
    return np.where(rng.random(shape) < 0.6, train, 0)


def float_network() -> tuple[Network, Inputs, int]:
    """The float domain, which not every backend has."""
    rng = np.random.default_rng(5)
    network = Network("float", "float", (
        Population("in", 3, Source(payload_bits=8)),
        Population("lif", 4, CubaLIF(du=0.25, dv=0.1, vth=1.5, bias_mant=0.05)),
        Population("out", 2, Readout(dv=0.3, vth=0.8)),
    ), (
        Projection("in_lif", "in", "lif", rng.normal(size=(4, 3)), graded=True),
        Projection("loop", "lif", "lif", rng.normal(size=(4, 4)), delay=2),
        Projection("lif_out", "lif", "out", rng.normal(size=(2, 4))),
    ))
    return network, {"in": rng.normal(size=(20, 3))}, 20
