"""Random small networks that Loihi 1 can hold: sources of plain spikes and CubaLIF, no rule."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.interface import Inputs
from neuromorph.network import CubaLIF, Network, Population, Projection, Source

Run = tuple[Network, Inputs, int]


def random_chip(seed: int) -> Run:
    """Everyone wired at random, loops and all; weights, decays and thresholds of any size."""
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(5, 60))
    sources = tuple(Population(f"in{i}", int(rng.integers(1, 8)), Source())
                    for i in range(int(rng.integers(1, 3))))
    neurons = tuple(Population(f"n{i}", int(rng.integers(1, 12)), _neuron(rng))
                    for i in range(int(rng.integers(1, 5))))
    everyone = sources + neurons
    wiring = [(sources[0], n) for n in neurons]
    wiring += [(everyone[int(rng.integers(len(everyone)))], n) for n in neurons]
    projections = tuple(_projection(rng, f"p{i}", *pair) for i, pair in enumerate(wiring))
    inputs = {p.name: (rng.random((steps, p.size)) < 0.4).astype(np.int64) for p in sources}
    return Network("chip", "fixed", everyone, projections), inputs, steps


def _neuron(rng: np.random.Generator) -> CubaLIF:
    return CubaLIF(du=int(rng.choice([1, 2048, 4095, 4096, rng.integers(1, 4097)])),
                   dv=int(rng.choice([0, 1, 2048, 4095, rng.integers(4096)])),
                   vth=int(rng.choice([1, 500, 5000, 131_071, rng.integers(1, 131_072)])),
                   bias_mant=int(rng.choice([0, 0, -4096, 4095, rng.integers(-4096, 4096)])),
                   bias_exp=int(rng.integers(7)), input_shift=int(rng.choice([6, 6, 3, 0])))


def _projection(
    rng: np.random.Generator, name: str, pre: Population, post: Population
) -> Projection:
    finer = 6 - getattr(post.model, "input_shift", 6)
    exponent = int(rng.choice([-7, -3, 0, 0, 0, 1, 2, 4, 7])) + finer
    weights = _weights(rng, (post.size, pre.size))
    if exponent < 0:  # a weight must not lose a bit
        weights = weights >> -exponent << -exponent
    return Projection(name, pre.name, post.name, weights, exponent=exponent)


def _weights(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.int32]:
    kind = rng.choice(["mixed", "positive", "negative", "sparse"])
    if kind == "positive":
        return rng.integers(0, 256, shape, dtype=np.int32)
    if kind == "negative":
        return -rng.integers(0, 256, shape, dtype=np.int32)
    even = 2 * rng.integers(-128, 128, shape, dtype=np.int32)
    return np.where(rng.random(shape) < (0.3 if kind == "sparse" else 1.0), even, 0)
