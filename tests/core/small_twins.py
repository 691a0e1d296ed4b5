"""A neuron model with two ports and numbers of each neuron's own, for tests alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from neuromorph.compile.check.models import MODELS
from neuromorph.compile.check.row import Row
from neuromorph.network import Network, Population, Projection, Source, verify
from neuromorph.neurons import NeuronModel, registry
from neuromorph.neurons.contract import Arrived, Parameter, Range, State, Stepped
from neuromorph.numerics import saturate
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import PAYLOAD_BITS, STATE_MAX

ROW = Row(("gain", "bias"), lambda _: {"gain": (0, 100), "bias": (0, 9)}, words=3,
          ports=("a", "b"), by_neuron=("gain", "bias"), payload_bits=lambda _: 24)


@dataclass(frozen=True, eq=False)
class Twin(NeuronModel):
    """s[t] = a[t] gain - b[t] + bias; it keeps what came."""

    gain: Parameter = 1
    bias: Parameter = 0

    ports: ClassVar[tuple[str, ...]] = ("a", "b")
    words: ClassVar[tuple[str, ...]] = ("v", "a", "b")
    by_neuron: ClassVar[tuple[str, ...]] = ("gain", "bias")

    @property
    def payload_bits(self) -> int:
        return PAYLOAD_BITS

    def limits(self, domain: str) -> dict[str, Range]:
        return {"gain": (0, 100), "bias": (0, 9)}

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        sent = saturate(arrived["a"] * self.gain - arrived["b"] + self.bias)
        return {"v": sent, "a": arrived["a"], "b": arrived["b"]}, sent

    def widest(self, size: int) -> Interval:
        return Interval.same(size, -STATE_MAX, STATE_MAX)


@contextmanager
def known(row: Row | None = ROW) -> Iterator[None]:
    """The model is one of the house; so it is for the checker, with a row."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._MODELS, "Twin", Twin)
        if row is not None:
            patch.setitem(MODELS, "Twin", row)
        yield


def twins(axons: int = 3, size: int = 4, seed: int = 5) -> Network:
    """A source to both ports of neurons that all differ."""
    rng = np.random.default_rng(seed)
    first, second = (rng.integers(1, 50, (size, axons)).astype(np.int32) for _ in range(2))
    return verify(Network("twins", "fixed", (
        Population("in", axons, Source()),
        Population("n", size, Twin(gain=rng.integers(1, 9, size))),
    ), (
        Projection("to_a", "in", "n", first, port="a"),
        Projection("to_b", "in", "n", second, port="b"),
    )))
