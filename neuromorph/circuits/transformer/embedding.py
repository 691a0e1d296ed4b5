"""A transformer's embedding as spikes: a dense layer of tokens or patches, and positions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuromorph.circuits.block.layers import dense, input_of, one_to_one, phase, source
from neuromorph.circuits.block.numbers import Ints
from neuromorph.circuits.transformer.numbers import Embedding
from neuromorph.network import Network, Population, Port, Schedule
from neuromorph.neurons.requantise import Requantise
from neuromorph.neurons.residual import Residual
from neuromorph.numerics.limits import STATE_MAX


def embedding(numbers: Embedding, limit: int, period: int) -> Network:
    """R of a token.

    ::

        inputs --W--> out        positions --(1)--> out, a step before

    Parameters
    ----------
    numbers : Embedding
    limit : int
        Largest number of R.
    period : int
    """
    rows, width = numbers.weights.shape
    placed = numbers.positions is not None
    populations, ways = [source("inputs", rows)], [
        dense("embed", "inputs", "out", numbers.weights.T, int(placed))]
    inputs = [_heard(numbers)]
    if placed:
        populations.append(source("positions", width))
        ways.append(one_to_one("place", "positions", "out", width))
        inputs.append(input_of("positions", width, -STATE_MAX, STATE_MAX, (0,),
                               "what is added to a token by its place"))
    at = 1 + placed
    out = Population("out", width, _summed(numbers, limit, period, at))
    return Network("embedding", "fixed", (*populations, out), tuple(ways),
                   Schedule(period, phase("embedding", 0, at + 1, period)),
                   inputs=tuple(inputs), outputs=(Port.of(out, (at % period,)),))


def widest_pixel(weights: Ints) -> int:
    """The largest number that all pixels of a patch may have at once, so that sums fit 24 bits."""
    longest = np.abs(weights.astype(np.int64)).sum(axis=0).max()
    return int(STATE_MAX // max(longest, 1))


def _heard(numbers: Embedding) -> Port:
    rows = len(numbers.weights)
    if numbers.payload is None:
        most = widest_pixel(numbers.weights)
        return input_of("inputs", rows, -most, most, (0,), "pixels of a patch")
    loudest = int(numbers.payload.max())
    return replace(input_of("inputs", rows, 0, loudest, (0,), "a token's payload, on its own axon",
                            loudest), alone=True)


def _summed(numbers: Embedding, limit: int, period: int, at: int) -> Requantise | Residual:
    if numbers.positions is None:
        return Requantise(numbers.multiplier, numbers.shift, 0, limit, period, at % period)
    return Residual(multiplier=numbers.multiplier, shift=numbers.shift, limit=limit, period=period,
                    keep_at=1 % period, at=at % period)
