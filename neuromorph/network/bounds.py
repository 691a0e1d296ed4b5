"""Static bounds: what each neuron may send, and what its synapses may make of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.learning.arithmetic import WEIGHT_BOUNDS
from neuromorph.network.model import Network, Projection
from neuromorph.network.populations import Astrocyte, LatencyMatch, Population, Relay, Source
from neuromorph.numerics import saturate, shift
from neuromorph.numerics.limits import STATE_MAX, TRACE_MAX

ACCUMULATOR_MAX = 2**31 - 1
"""Stock Dense and the ports behind it add up in 32 bits, and wrap silently."""


class Interval(NamedTuple):
    """What a value of each neuron stays within; silence is possible, so low <= 0 <= high."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]


def source_range(network: Network, source: str) -> tuple[int, int]:
    """What a source may send; a third factor is a trace, which has no sign."""
    bits = network.population(source).model.payload_bits
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if bits else (0, 1)
    if any(source in p.modulators for p in network.plastic):
        return 0, min(high, TRACE_MAX)
    return low, high


def payload_ranges(
    network: Network, sources: Mapping[str, Interval] | None = None
) -> dict[str, Interval]:
    """What each population may send in a step, whatever happened before.

    ::

        source 0..1, or its payload    LIF, readout 0..1    latency match 0..2 base
        astrocyte                      |out| <= min(|a_in| 2^gain_bits, 2^23 - 1)
        relay                          a_in >> shift, within +-(2^23 - 1)

    Parameters
    ----------
    network : Network
        Of the fixed domain.
    sources : mapping of source name to Interval, optional
        Narrower than what `source_range` allows.
    """
    given = sources or {}
    ranges = {p.name: given[p.name] if p.name in given else _widest(network, p)
              for p in network.populations}
    derived = [p for p in network.populations if isinstance(p.model, Astrocyte | Relay)]
    for _ in derived:  # each round holds for all time, and so narrows the next
        before = dict(ranges)
        for p in derived:
            ranges[p.name] = _passed_on(p, input_range(network, p.name, ranges))
        if all(np.array_equal(ranges[p.name], before[p.name]) for p in derived):
            break
    return ranges


def input_range(network: Network, population: str, ranges: Mapping[str, Interval]) -> Interval:
    """The synaptic input of a step: each projection's sum shifted by its exponent, all added."""
    return total(population, network, [delivered(p, ranges[p.pre])
                                       for p in network.projections_to(population)])


def sum_range(network: Network, population: str, ranges: Mapping[str, Interval]) -> Interval:
    """Every sum on the way to the synaptic input, in any order, before a right shift."""
    return total(population, network, [widest_sums(p, ranges[p.pre])
                                       for p in network.projections_to(population)])


def total(population: str, network: Network, parts: list[Interval]) -> Interval:
    """The sum of intervals, zero if there are none, shape (size,)."""
    zero = np.zeros(network.population(population).size, np.int64)
    return Interval(sum((p.low for p in parts), zero), sum((p.high for p in parts), zero))


def delivered(projection: Projection, sent: Interval) -> Interval:
    """(sum_j W_ij s_j) << exponent, for s within ``sent`` and W within `weight_range`."""
    sums = _weighted(projection, sent)
    return Interval(shift(sums.low, projection.exponent), shift(sums.high, projection.exponent))


def widest_sums(projection: Projection, sent: Interval) -> Interval:
    """The same before a right shift, but after a left one."""
    sums = _weighted(projection, sent)
    left = max(projection.exponent, 0)
    return Interval(sums.low << left, sums.high << left)


def weight_range(projection: Projection) -> tuple[NDArray[Any] | int, NDArray[Any] | int]:
    """Lowest and highest that each weight is or may become."""
    rule = projection.rule
    if rule is None or not rule.weight_terms:
        return projection.weights, projection.weights
    return WEIGHT_BOUNDS[rule.sign]


def _weighted(projection: Projection, sent: Interval) -> Interval:
    """Positive and negative parts apart: any partial sum lies within.

    In float64, which is exact below 2^53, so up to 2^21 axons with the widest payload.
    """
    low, high = weight_range(projection)
    shape = projection.weights.shape
    counts = np.stack(sent if projection.graded else _as_spikes(sent), axis=1).astype(np.float64)
    falls = np.broadcast_to(np.minimum(low, 0), shape).astype(np.float64) @ counts
    rises = np.broadcast_to(np.maximum(high, 0), shape).astype(np.float64) @ counts
    return Interval((rises[:, 0] + falls[:, 1]).astype(np.int64),
                    (rises[:, 1] + falls[:, 0]).astype(np.int64))


def _as_spikes(sent: Interval) -> Interval:
    """Any payload but 0 counts 1."""
    speaks = ((sent.low != 0) | (sent.high != 0)).astype(np.int64)
    return Interval(np.zeros_like(speaks), speaks)


def _widest(network: Network, population: Population) -> Interval:
    model = population.model
    low, high = 0, 1
    if isinstance(model, Source):
        low, high = source_range(network, population.name)
    elif isinstance(model, LatencyMatch):
        high = 2 * model.base
    elif isinstance(model, Astrocyte | Relay):
        low, high = -STATE_MAX, STATE_MAX
    return Interval(np.full(population.size, low, np.int64),
                    np.full(population.size, high, np.int64))


def _passed_on(population: Population, a_in: Interval) -> Interval:
    """What an astrocyte or a relay makes of its synaptic input."""
    if isinstance(population.model, Relay):
        return Interval(*(saturate(shift(end, -population.model.shift)) for end in a_in))
    return _divided(population, a_in)


def _divided(population: Population, a_in: Interval) -> Interval:
    """An astrocyte divides by 1 at the least; its last unit, the calcium, sends nothing."""
    gain = int(getattr(population.model, "gain_bits", 0))
    low = np.maximum(np.maximum(a_in.low, -STATE_MAX) << gain, -STATE_MAX)
    high = np.minimum(np.minimum(a_in.high, STATE_MAX) << gain, STATE_MAX)
    low[-1] = high[-1] = 0
    return Interval(low, high)
