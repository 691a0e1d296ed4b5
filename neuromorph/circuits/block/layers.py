"""Projections of a block: integer weights as synapses hold them, one to one, side by side."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from neuromorph.network import Phase, Population, Port, Projection, Relay, Source
from neuromorph.numerics.held import held, identity, ones
from neuromorph.numerics.limits import DELAY_MAX, PAYLOAD_BITS
from neuromorph.shapes import Num

HALVED = -1
"""A synapse of both signs drops its lowest bit, so that a weight is stored doubled; this exponent
halves the sum, which is exact."""


def dense(
    name: str, pre: str, post: str, weights: Annotated[Num, "outputs inputs"], delay: int = 0
) -> Projection:
    """sum_j weights_ij x_j, exactly, in a step."""
    doubled = held(2 * weights.astype(np.int16))
    return Projection(name, pre, post, doubled, delay, HALVED, graded=True)


def one_to_one(
    name: str, pre: str, post: str, size: int, delay: int = 0, weight: int = 1
) -> Projection:
    """Each neuron to its own."""
    return Projection(name, pre, post, identity(size, weight), delay, graded=True)


def to_all(name: str, pre: str, post: str, size: int, delay: int = 0) -> Projection:
    """One neuron to all."""
    return Projection(name, pre, post, ones(size, 1), delay, graded=True)


def waiting(
    name: str, pre: str, post: str, size: int, steps: int, relay: str
) -> tuple[list[Population], list[Projection]]:
    """Synapses on which payloads are on their way for so many steps, and relays between them.

    A synapse delays by `DELAY_MAX` steps at most, and what it brings arrives a step later.
    """
    hops = -(-steps // (DELAY_MAX + 1))
    waits = [Population(f"{relay}{n}", size, Relay()) for n in range(hops - 1)]
    stations = [pre, *(one.name for one in waits), post]
    lasts = [steps // hops + (n < steps % hops) for n in range(hops)]
    return waits, [one_to_one(name if after == post else f"to_{after}", before, after, size,
                              last - 1)
                   for before, after, last in zip(stations, stations[1:], lasts, strict=False)]


def source(name: str, size: int) -> Population:
    """Axons that another part takes the place of."""
    return Population(name, size, Source(PAYLOAD_BITS))


def input_of(name: str, size: int, low: int, high: int, steps: tuple[int, ...], says: str = "",
             norm: int | None = None) -> Port:
    """The port of such axons."""
    return Port(name, name, size, PAYLOAD_BITS, low, high, tuple(sorted(steps)), says, norm)


def phase(name: str, start: int, steps: int, period: int) -> tuple[Phase, ...]:
    """A window of a period; what passes its end goes on at its beginning."""
    begin = start % period
    stop = begin + min(steps, period)
    rest = (Phase(name, 0, stop - period),) if stop > period else ()
    return Phase(name, begin, min(stop, period)), *rest
