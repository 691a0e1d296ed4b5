"""Programmable neurons of several ports, each driven by a source: random, small, of every model."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.backends.interface import Inputs
from neuromorph.network import Network, Population, Projection, Source, verify
from neuromorph.neurons import NeuronModel
from neuromorph.neurons.product import Product
from neuromorph.neurons.quotient import Quotient
from neuromorph.neurons.reciprocal import Reciprocal
from neuromorph.neurons.requantise import Requantise

SIZE, STEPS = 4, 40


def by_neuron(rng: np.random.Generator, low: int, high: int) -> Any:
    """One number, or one a neuron."""
    return int(rng.integers(low, high)) if rng.random() < 0.5 else rng.integers(low, high, SIZE)


def a_product(rng: np.random.Generator) -> Product:
    period = int(rng.integers(1, 5))
    return Product(shift=int(rng.integers(0, 24)), limit=int(rng.choice([1, 127, 2**23 - 1])),
                   period=period, at=by_neuron(rng, 0, period))


def a_requantise(rng: np.random.Generator) -> Requantise:
    period = int(rng.integers(1, 5))
    return Requantise(multiplier=by_neuron(rng, 0, 2**16), shift=by_neuron(rng, 1, 41),
                      bias=by_neuron(rng, -500, 500), limit=int(rng.choice([1, 127, 2**23 - 1])),
                      period=period, at=by_neuron(rng, 0, period))


def a_reciprocal(rng: np.random.Generator) -> Reciprocal:
    return Reciprocal(dv=int(rng.choice([0, 300, 2048, 4096])), lift=int(rng.integers(7)))


def a_quotient(rng: np.random.Generator) -> Quotient:
    period = int(rng.integers(0, 5))
    return Quotient(dv=int(rng.choice([0, 300, 2048, 4096])), lift=int(rng.integers(7)),
                    multiplier=by_neuron(rng, 0, 2**16), shift=by_neuron(rng, 1, 41),
                    centre=by_neuron(rng, -500, 500), limit=int(rng.choice([127, 2**23 - 1])),
                    period=period, at=by_neuron(rng, 0, max(period, 1)))


MAKERS = {"Product": a_product, "Requantise": a_requantise, "Reciprocal": a_reciprocal,
          "Quotient": a_quotient}


def driven(model: NeuronModel, seed: int) -> tuple[Network, Inputs]:
    """A population whose ports are each driven by a source, which is silent half of the time."""
    rng = np.random.default_rng(seed)
    wide = int(rng.integers(1, 20))
    sources = [Population(f"to {port}", 2, Source(wide)) for port in model.ports]
    wires = [Projection(f"w {port}", f"to {port}", "n", 2 * rng.integers(-100, 100, (SIZE, 2)),
                        graded=True, delay=int(rng.integers(3)), port=port)
             for port in model.ports]
    network = Network("one", "fixed", (*sources, Population("n", SIZE, model)), tuple(wires))
    most = 1 << (wide - 1)
    trains = {p.name: rng.integers(-most, most, (STEPS, 2)) * (rng.random((STEPS, 1)) < 0.5)
              for p in sources}
    return verify(network), trains
