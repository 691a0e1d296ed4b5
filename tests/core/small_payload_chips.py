"""Random networks of stock neurons with a graded source, such as a chip without payloads takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.interface import Inputs
from neuromorph.network import CubaLIF, Network, Population, Projection, Source


def random_chip(seed: int) -> tuple[Network, Inputs, int]:
    """Graded and plain sources, LIF neurons in loops; no shift to the right that rounds."""
    rng = np.random.default_rng(seed)
    steps, size = 25, int(rng.integers(1, 5))
    bits = int(rng.integers(1, 7))
    everyone = (Population("graded", 3, Source(bits)), Population("plain", 2, Source()),
                Population("n", size, _neuron(rng)), Population("m", 2, _neuron(rng)))
    wiring = [("graded", "n"), ("plain", "n"), ("graded", "m"), ("n", "m"), ("m", "n")]
    sizes = {p.name: p.size for p in everyone}
    projections = tuple(
        Projection(f"p{i}", pre, post, _weights(rng, (sizes[post], sizes[pre])),
                   delay=int(rng.integers(3)), exponent=int(rng.integers(0, 3)),
                   graded=pre == "graded")
        for i, (pre, post) in enumerate(wiring))
    inputs = {"graded": rng.integers(-(1 << bits - 1), 1 << bits - 1, (steps, 3)),
              "plain": rng.integers(0, 2, (steps, 2))}
    return Network("chip", "fixed", everyone, projections), inputs, steps


def _neuron(rng: np.random.Generator) -> CubaLIF:
    return CubaLIF(du=int(rng.choice([1, 2048, 4096])), dv=int(rng.choice([0, 100, 2048])),
                   vth=int(rng.integers(1, 5000)), input_shift=int(rng.choice([6, 6, 2])))


def _weights(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[Any]:
    kind = rng.choice(["even", "positive", "negative", "ones", "zeros"])
    drawn = {"even": 2 * rng.integers(-127, 128, shape), "positive": rng.integers(0, 256, shape),
             "negative": -rng.integers(0, 256, shape), "ones": rng.integers(0, 2, shape),
             "zeros": np.zeros(shape)}
    return drawn[str(kind)].astype(np.int32)
