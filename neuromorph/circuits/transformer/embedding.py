"""A transformer's embedding as spikes: a dense layer of tokens or patches, and positions.

No core hears of a whole vocabulary. One of more tokens than `AXONS` comes in parts, an input
each, with neurons of their own: of all parts only one speaks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from neuromorph.circuits.block.layers import dense, input_of, one_to_one, phase, source
from neuromorph.circuits.transformer.numbers import Embedding
from neuromorph.network import Network, Population, Port, Projection, Relay, Schedule
from neuromorph.neurons.requantise import Requantise
from neuromorph.neurons.residual import Residual
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Num

AXONS = 2048
"""That one part of the embedding hears. A core has so many synaptic lists of 62 weights: of all
sizes of a part the one that leaves least of it empty."""


def embedding(numbers: Embedding, limit: int, period: int) -> Network:
    """R of a token.

    ::

        inputs --W--> out                          positions --(1)--> out, a step before
        inputs0 --W0--> part0 --(1)--> out, inputs1 --W1--> part1 --(1)--> out, …    of many tokens

    Parameters
    ----------
    numbers : Embedding
    limit : int
        Largest number of R.
    period : int
    """
    width, placed, at = numbers.weights.shape[1], numbers.positions is not None, said_at(numbers)
    populations, ways, inputs = _summing(numbers, int(placed))
    if placed:
        populations.append(source("positions", width))
        ways.append(one_to_one("place", "positions", "out", width, at - 2))
        inputs.append(input_of("positions", width, -STATE_MAX, STATE_MAX, (0,),
                               "what is added to a token by its place"))
    out = Population("out", width, _summed(numbers, limit, period, at))
    return Network("embedding", "fixed", (*populations, out), tuple(ways),
                   Schedule(period, phase("embedding", 0, at + 1, period)),
                   inputs=tuple(inputs), outputs=(Port.of(out, (at % period,)),))


def said_at(numbers: Embedding) -> int:
    """In which step the sum is sent, of a token that is sent in step 0."""
    return 1 + (numbers.positions is not None) + (len(shares_of(numbers)) > 1)


def shares_of(numbers: Embedding) -> dict[str, slice]:
    """The inputs, and the rows of the embedding that are the axons of each."""
    rows = len(numbers.weights)
    if numbers.payload is None or rows <= AXONS:
        return {"inputs": slice(0, rows)}
    starts = range(0, rows, AXONS)
    return {f"inputs{k}": slice(start, min(start + AXONS, rows)) for k, start in enumerate(starts)}


def _summing(
    numbers: Embedding, wait: int
) -> tuple[list[Population], list[Projection], list[Port]]:
    """The axons, and what brings their sum to `out`."""
    shares, width = shares_of(numbers), numbers.weights.shape[1]
    populations = [source(name, rows.stop - rows.start) for name, rows in shares.items()]
    if len(shares) == 1:
        return populations, [dense("embed", "inputs", "out", numbers.weights.T, wait)], [
            _heard(numbers, "inputs", len(numbers.weights))]
    ways, inputs = list[Projection](), list[Port]()
    for k, (name, rows) in enumerate(shares.items()):
        part = Population(f"part{k}", width, Relay())
        populations.append(part)
        ways += [dense(f"embed{k}", name, part.name, numbers.weights[rows].T),
                 one_to_one(f"add{k}", part.name, "out", width, wait)]
        inputs.append(replace(_heard(numbers, name, rows.stop - rows.start), rivals="inputs0"))
    return populations, ways, inputs


def widest_pixel(weights: Annotated[Num, "outputs inputs"]) -> int:
    """The largest number that all pixels of a patch may have at once, so that sums fit 24 bits."""
    longest = np.abs(weights.astype(np.int64)).sum(axis=0).max()
    return int(STATE_MAX // max(longest, 1))


def _heard(numbers: Embedding, name: str, rows: int) -> Port:
    if numbers.payload is None:
        most = widest_pixel(numbers.weights)
        return input_of(name, rows, -most, most, (0,), "pixels of a patch")
    loudest = int(numbers.payload.max())
    return replace(input_of(name, rows, 0, loudest, (0,), "a token's payload, on its own axon",
                            loudest), alone=True)


def _summed(numbers: Embedding, limit: int, period: int, at: int) -> Requantise | Residual:
    if numbers.positions is None:
        return Requantise(numbers.multiplier, numbers.shift, 0, limit, period, at % period)
    return Residual(multiplier=numbers.multiplier, shift=numbers.shift, limit=limit, period=period,
                    keep_at=(at - 1) % period, at=at % period)
