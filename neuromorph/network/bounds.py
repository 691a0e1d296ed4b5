"""Static bounds: what each neuron may send, and what its synapses may make of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.learning.arithmetic import WEIGHT_BOUNDS
from neuromorph.network.model import Network, Projection
from neuromorph.network.populations import Population
from neuromorph.neurons import NeuronModel, registered
from neuromorph.neurons.contract import A_IN
from neuromorph.numerics import shift
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import TRACE_MAX
from neuromorph.numerics.synapse import blocks

ACCUMULATOR_MAX = 2**31 - 1
"""Stock Dense and the ports behind it add up in 32 bits, and wrap silently."""


def source_range(network: Network, source: str) -> tuple[int, int]:
    """What a source may send; a third factor is a trace, which has no sign."""
    low, high = (int(end[0]) for end in network.population(source).model.widest(1))
    if source in network.third_factors:
        return 0, min(high, TRACE_MAX)
    return low, high


def payload_ranges(
    network: Network, sources: Mapping[str, Interval] | None = None
) -> dict[str, Interval]:
    """What each population may send in a step, whatever happened before.

    A model says it (`NeuronModel.payloads`), from what may arrive at its ports.

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
    derived = [p for p in network.populations if _depends_on_input(p.model)]
    onwards = _successors(network, {p.name for p in derived})
    due = {p.name for p in derived}
    for _ in derived:  # each round holds for all time, and so narrows the next
        for p in derived:
            if p.name not in due:
                continue  # nothing before it has changed
            due.remove(p.name)
            arrived = {port: input_range(network, p.name, ranges, port) for port in p.model.ports}
            before, ranges[p.name] = ranges[p.name], p.model.payloads(p.size, arrived)
            if not np.array_equal(ranges[p.name], before):
                due |= onwards[p.name]
        if not due:
            break
    return ranges


def _successors(network: Network, names: set[str]) -> dict[str, set[str]]:
    """Which of some populations each of them sends to."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for projection in network.projections:
        if projection.pre in names and projection.post in names:
            found[projection.pre].add(projection.post)
    return found


def input_range(
    network: Network, population: str, ranges: Mapping[str, Interval], port: str = A_IN
) -> Interval:
    """A port's input of a step: each projection's sum shifted by its exponent, all added."""
    return total(population, network, [delivered(p, ranges[p.pre])
                                       for p in network.projections_to(population, port)])


def sum_range(
    network: Network, population: str, ranges: Mapping[str, Interval], port: str = A_IN
) -> Interval:
    """Every sum on the way to a port's input, in any order, before a right shift."""
    return total(population, network, [widest_sums(p, ranges[p.pre])
                                       for p in network.projections_to(population, port)])


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
    counts = np.stack(sent if projection.graded else _as_spikes(sent), axis=1).astype(np.float64)
    low, high = np.zeros((2, len(projection.weights)), np.int64)
    for rows in blocks(*projection.weights.shape):
        falls, rises = (part @ counts for part in _signed_parts(projection, rows))
        low[rows], high[rows] = rises[:, 0] + falls[:, 1], rises[:, 1] + falls[:, 0]
    return Interval(low, high)


def _signed_parts(projection: Projection, rows: slice) -> tuple[NDArray[Any], NDArray[Any]]:
    """Some rows of the weights at their lowest where that is negative, and at their highest."""
    low, high = weight_range(projection)
    if isinstance(low, int) or isinstance(high, int):
        shape = projection.weights[rows].shape
        return np.full(shape, min(low, 0), np.float64), np.full(shape, max(high, 0), np.float64)
    some = low[rows].astype(np.float64)
    return np.minimum(some, 0), np.maximum(some, 0)


def _as_spikes(sent: Interval) -> Interval:
    """Any payload but 0 counts 1."""
    speaks = ((sent.low != 0) | (sent.high != 0)).astype(np.int64)
    return Interval(np.zeros_like(speaks), speaks)


def _widest(network: Network, population: Population) -> Interval:
    model = registered(population.model, population.name)
    if population.is_source:
        return Interval.same(population.size, *source_range(network, population.name))
    return model.widest(population.size)


def _depends_on_input(model: NeuronModel) -> bool:
    """Whether a model sends less where less arrives."""
    return type(model).payloads is not NeuronModel.payloads
