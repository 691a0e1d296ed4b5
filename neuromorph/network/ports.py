"""Ports: what a circuit's edges are called, and what may cross them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from neuromorph.errors import NetworkError
from neuromorph.network.populations import Population
from neuromorph.neurons import Source
from neuromorph.numerics.interval import Interval
from neuromorph.shapes import Int64

Steps = tuple[int, ...]
"""Steps of a period, rising."""

Course = tuple[tuple[int, int, int, int], ...]
"""(first step, step after the last, low, high), rising and apart."""


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
    norm : int, optional
        Bound on the 2-norm of one step's payloads.
    stride : int
        In the n-th of ``steps`` only neurons j with j mod stride = n mod stride may speak.
    course : tuple of (int, int, int, int), optional
        What is sent in which steps, where that is narrower than low to high: in steps ``first``
        to ``stop - 1`` what lies between two numbers, which is nothing only if 0 does. Silent in
        all others.
    first : bool
        Of an input: only what comes first in a period counts, and what is sent in later steps
        may be anything.
    alone : bool
        Whether at most one neuron speaks in a step, as the axons of a vocabulary do.
    rivals : str
        Of an input: a name, by convention that of the first of them, for inputs of which at most
        one speaks in a step, as the parts of a vocabulary do.
    """

    name: str
    population: str
    size: int
    payload_bits: int = 0
    low: int = 0
    high: int = 1
    steps: Steps | None = None
    says: str = ""
    norm: int | None = None
    stride: int = 1
    course: Course | None = None
    first: bool = False
    alone: bool = False
    rivals: str = ""

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
        """The port of a population that does everything so many steps later.

        Raises
        ------
        NetworkError
            If steps in turns would pass the end of the period.
        """
        if self.steps is None or not steps:
            return self
        first = (-steps) % period  # which of the old steps is now step 0 of a period
        order = sorted(self.steps, key=lambda n: (n - first) % period)
        if self.stride > 1 and order != list(self.steps):
            raise NetworkError("steps in turns cannot be moved over the end of a period",
                               where=self.name, found=f"{steps} steps later, of {period}")
        return replace(self, steps=tuple((n + steps) % period for n in order),
                       course=None if self.course is None else _moved(self.course, steps, period))


def _moved(course: Course, steps: int, period: int) -> Course:
    """A course so many steps later; what passes the end of the period goes on at its beginning."""
    found = []
    for start, stop, low, high in course:
        begin, end = (start + steps) % period, (start + steps) % period + stop - start
        found.append((begin, min(end, period), low, high))
        found += [(0, end - period, low, high)] if end > period else []
    joined: list[tuple[int, int, int, int]] = []
    for start, stop, low, high in sorted(found):
        goes_on = joined and (joined[-1][1], *joined[-1][2:]) == (start, low, high)
        joined.append((joined.pop()[0] if goes_on else start, stop, low, high))
    return tuple(joined)


def widest_of(population: Population) -> tuple[int, int]:
    """The lowest and the highest that any of its neurons may send, whatever arrives."""
    sent = population.model.widest(population.size)
    return int(sent.low.min()), int(sent.high.max())


def silence(ports: Iterable[Port], steps: int) -> dict[str, Annotated[Int64, "_ _"]]:
    """Trains for a circuit's inputs that say nothing yet, arrays of shape (steps, size)."""
    return {port.population: np.zeros((steps, port.size), np.int64) for port in ports}


def still_there(ports: Iterable[Port], populations: Iterable[Population]) -> tuple[Port, ...]:
    """The ports whose populations a pass has left as they were; it drops the others."""
    left = {(p.name, p.size, p.model.payload_bits) for p in populations}
    return tuple(port for port in ports
                 if (port.population, port.size, port.payload_bits) in left)
