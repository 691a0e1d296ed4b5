"""Ports: what a circuit's edges are called, and what may cross them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuromorph.network.populations import Population
from neuromorph.neurons import Source
from neuromorph.numerics.interval import Interval

Steps = tuple[int, ...]
"""Steps of a period, rising."""


@dataclass(frozen=True)
class Port:
    """A named input or output of a circuit, as large as the population that it is.

    Attributes
    ----------
    name : str
    population : str
        Of an input a source, which a host drives or `compose.wire` takes out; of an output any.
    size : int
        Neurons of the population.
    payload_bits : int
        Width of the population's payload; 0 for plain spikes.
    low, high : int
        Payloads that the circuit assumes of an input, or guarantees of an output while its inputs
        are as assumed. Silence is always possible: low <= 0 <= high.
    steps : tuple of int, optional
        Steps of a period in which it may speak, rising; any step if left out. A host that takes
        the parts of a period in another order takes its steps along.
    says : str
        What must be sent, or what is.
    """

    name: str
    population: str
    size: int
    payload_bits: int = 0
    low: int = 0
    high: int = 1
    steps: Steps | None = None
    says: str = ""

    @classmethod
    def of(cls, population: Population, steps: Steps | None = None, says: str = "") -> Port:
        """A population under its own name, with all that its model may send."""
        low, high = widest_of(population)
        return cls(population.name, population.name, population.size,
                   population.model.payload_bits, low, high, steps, says)

    @property
    def source(self) -> Population:
        """The axons of an input while nothing feeds it."""
        return Population(self.population, self.size, Source(self.payload_bits))

    @property
    def assumed(self) -> Interval:
        """What each neuron may send, arrays of shape (size,)."""
        return Interval.same(self.size, self.low, self.high)

    def later(self, steps: int, period: int) -> Port:
        """The port of a population that does everything so many steps later."""
        if self.steps is None or not steps:
            return self
        return replace(self, steps=tuple(sorted((n + steps) % period for n in self.steps)))


def widest_of(population: Population) -> tuple[int, int]:
    """The lowest and the highest that any of its neurons may send, whatever arrives."""
    sent = population.model.widest(population.size)
    return int(sent.low.min()), int(sent.high.max())


def silence(ports: Iterable[Port], steps: int) -> dict[str, NDArray[np.int64]]:
    """Trains for a circuit's inputs that say nothing yet, arrays of shape (steps, size)."""
    return {port.population: np.zeros((steps, port.size), np.int64) for port in ports}


def still_there(ports: Iterable[Port], populations: Iterable[Population]) -> tuple[Port, ...]:
    """The ports whose populations a pass has left as they were; it drops the others."""
    left = {(p.name, p.size, p.model.payload_bits) for p in populations}
    return tuple(port for port in ports
                 if (port.population, port.size, port.payload_bits) in left)
