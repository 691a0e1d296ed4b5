"""One timed neuron, told step by step what arrives: its own equation, against every backend."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.backends.interface import Recording
from neuromorph.network import Network, Population, Probe, Projection, Source, verify
from neuromorph.neurons import NeuronModel

LAVA = importlib.util.find_spec("lava") is not None
WITH_LAVA = pytest.param("lava", marks=[
    pytest.mark.lava, pytest.mark.skipif(not LAVA, reason="lava-nc is not installed")])
BACKENDS = ["reference", "fast", WITH_LAVA]
FLOATS = ["reference", WITH_LAVA]


def alone(model: NeuronModel, size: int, domain: str = "fixed") -> Network:
    """A population, each neuron with an axon of its own for each port."""
    kind = np.int32 if domain == "fixed" else np.float64
    axons = [Population(port, size, Source(24)) for port in model.ports]
    wires = [Projection(f"to_{port}", port, "n", np.eye(size, dtype=kind), graded=True, port=port)
             for port in model.ports]
    return verify(Network("alone", domain, (*axons, Population("n", size, model)), tuple(wires)))


def told(
    model: NeuronModel, arrives: Mapping[int, Any], steps: int, *, backend: str = "reference",
    port: str = "a_in", domain: str = "fixed",
) -> Recording:
    """Run a population to which some numbers arrive in some steps, of shape (size,) each."""
    size = len(next(iter(arrives.values())))
    network = alone(model, size, domain)
    kind = np.int64 if domain == "fixed" else np.float64
    trains: dict[str, NDArray[Any]] = {name: np.zeros((steps, size), kind)
                                       for name in model.ports}
    for step, numbers in arrives.items():
        trains[port][step - 1] = numbers  # a spike arrives a step after it was sent
    probes = [Probe("n", record) for record in model.records]
    return backends.get(backend).run(network, trains, probes, steps)


def kernel_of(model: NeuronModel, state: dict[str, int], arrived: int, t: int) -> tuple[
        dict[str, int], int]:
    """One step of one neuron by its kernel, uncompiled: its words after it, and what it sends."""
    own = np.array([model.constants()], dtype=object)
    words = np.array([[state[word] for word in model.words]], dtype=object)
    sent = model.kernel(own, words, np.array([[arrived]], dtype=object), 0, 0, t)
    return dict(zip(model.words, words[0].tolist(), strict=True)), int(sent)


def rounded(value: Fraction) -> int:
    """The nearest whole number, halves away from zero."""
    magnitude = floor(abs(value) + Fraction(1, 2))
    return -magnitude if value < 0 else magnitude
