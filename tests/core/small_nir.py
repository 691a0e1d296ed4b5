"""Layers of neurons that NIR has equations for, and what drives them."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.network import CubaLIF, Network, Population, Projection, Readout, Source
from neuromorph.network.model import Domain
from neuromorph.neurons import NeuronModel

STEPS, DT = 200, 1e-3


def wired(domain: Domain, *models: NeuronModel, size: int = 6, weights: float = 1.0) -> Network:
    """A source, a layer of each model and a readout, with a loop, delays and a bypass."""
    rng = np.random.default_rng(3)

    def synapses(post: int, pre: int) -> Any:
        w = rng.normal(0.3, 1.0, (post, pre)) * weights
        return w if domain == "float" else 2 * np.round(w / 2).astype(np.int32)

    layers = [Population(f"n{i}", size, model) for i, model in enumerate(models)]
    everyone = [Population("in", 5, Source()), *layers]
    joints = [Projection(f"p{i}", a.name, b.name, synapses(b.size, a.size), delay=i)
              for i, (a, b) in enumerate(zip(everyone, layers, strict=False))]
    loop = Projection("loop", "n0", "n0", synapses(size, size), delay=2)
    bypass = Projection("bypass", "in", layers[-1].name, synapses(size, 5), delay=7)
    out = Projection("out", layers[-1].name, "sum", synapses(2, size))
    memory = Population("sum", 2, Readout(dv=0.25 if domain == "float" else 1024,
                                          vth=1e9 if domain == "float" else 8_388_606))
    return Network("wired", domain, (*everyone, memory),
                   (*joints, loop, bypass, out))


def train(seed: int = 5, chance: float = 0.3, size: int = 5) -> Any:
    return (np.random.default_rng(seed).random((STEPS, size)) < chance).astype(np.int64)


DYADIC = [CubaLIF(du=du, dv=dv, vth=2.5, bias_mant=bias)
          for du in (1, 0.25, 0.0625) for dv in (0, 0.125, 1) for bias in (0, 0.25)]
ODD = [CubaLIF(du=0.3, dv=0.07, vth=1.9, bias_mant=0.11), CubaLIF(du=1, dv=0.2, vth=1.3),
       CubaLIF(du=0.7, dv=0, vth=3.1, bias_mant=-0.013)]
KEEPS_CURRENT = [CubaLIF(du=0, dv=0.5, vth=20.0), CubaLIF(du=0, dv=0, vth=300.0)]
