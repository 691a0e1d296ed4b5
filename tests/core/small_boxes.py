"""Random boxes to compose, and the wires between them that fit."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from small_networks import random_network, random_train
from small_programs import MAKERS, driven

from neuromorph.network import Network, Population, Source, parallel, wire
from neuromorph.network.bounds import payload_ranges
from neuromorph.network.sources import source_range

T = TypeVar("T")
STEPS = 12
PARTS = ("a", "b", "c")


class Box(NamedTuple):
    """A part, and what a host sends to all of its sources."""

    network: Network
    inputs: dict[str, NDArray[Any]]


class Triple(NamedTuple):
    """Three boxes in a row; each of two wirings joins one to the next."""

    boxes: tuple[Box, Box, Box]
    first: dict[str, str]
    second: dict[str, str]

    @property
    def parts(self) -> dict[str, Network]:
        return dict(zip(PARTS, (box.network for box in self.boxes), strict=True))

    @property
    def wires(self) -> dict[str, str]:
        return self.first | self.second

    @property
    def inputs(self) -> dict[str, NDArray[Any]]:
        """To all sources of all parts."""
        return {f"{part}.{name}": train
                for part, box in zip(PARTS, self.boxes, strict=True)
                for name, train in box.inputs.items()}

    @property
    def whole(self) -> Network:
        return wire(parallel(self.parts), self.wires)


def random_part(seed: int) -> Network:
    """Every model, loops, delays, learning; or a neuron of several ports."""
    if seed % 3:
        return random_network(seed)[0]
    rng = np.random.default_rng(seed)
    return driven(MAKERS[str(rng.choice(list(MAKERS)))](rng), seed)[0]


@cache
def random_triple(seed: int) -> Triple:
    rng = np.random.default_rng(seed)
    a, b, c = (random_part(int(n)) for n in rng.integers(10**6, size=3))
    b, first = joined(rng, a, b, "a", "b")
    c, second = joined(rng, b, c, "b", "c")
    boxes = (as_box(rng, a), as_box(rng, b), as_box(rng, c))
    return Triple(boxes, first, second)


def as_box(rng: np.random.Generator, network: Network) -> Box:
    """With random trains for all of its sources."""
    trains = {p.name: random_train(rng, STEPS, p).clip(*source_range(network, p.name))
              for p in network.populations if p.is_source}
    return Box(network, trains)


def joined(
    rng: np.random.Generator, one: Network, other: Network, a: str, b: str
) -> tuple[Network, dict[str, str]]:
    """The other, one of its sources made as wide as a population; all wires drawn fit."""
    source, sender = _drawn(rng, [
        (source, sender) for source in other.populations for sender in one.populations
        if source.is_source and source.name not in other.third_factors
        and bool(source.model.payload_bits) == bool(sender.model.payload_bits)])
    wires = {source.name: sender.name}
    other = widened(other, source, sender)
    for third in sorted(other.third_factors):
        fit = [p.name for p in one.populations if other.population(third).is_source
               and fits(one, p, other, other.population(third))]
        wires |= {third: _drawn(rng, fit)} if fit else {}
    return other, {f"{b}.{name}": f"{a}.{said}" for name, said in wires.items()}


def _drawn(rng: np.random.Generator, some: list[T]) -> T:
    return some[int(rng.integers(len(some)))]


def widened(network: Network, source: Population, sender: Population) -> Network:
    """The source with the sender's size and payload; columns of weights are taken in turn."""
    columns = np.arange(sender.size) % source.size
    bits = sender.model.payload_bits
    return replace(
        network, populations=tuple(Population(p.name, sender.size, Source(bits)) if p is source
                                   else p for p in network.populations),
        projections=tuple(replace(p, weights=p.weights[:, columns]) if p.pre == source.name else p
                          for p in network.projections))


def fits(one: Network, sender: Population, other: Network, source: Population) -> bool:
    """Whether the parts alone say that a wire fits."""
    if sender.size != source.size:
        return False
    if not (sender.model.payload_bits and source.model.payload_bits):
        return sender.model.payload_bits == source.model.payload_bits
    (low, high), sent = source_range(other, source.name), payload_ranges(one)[sender.name]
    return bool(sent.low.min() >= low and sent.high.max() <= high)
