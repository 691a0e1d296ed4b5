"""Projections in ONNX: spikes of earlier steps, times weights, shifted and added up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.network import Network, Projection
from neuromorph.network.sums import widest_sums
from neuromorph.numerics.interval import Interval
from neuromorph.onnx_export.graph import Graph, Kind, Value
from neuromorph.onnx_export.numbers import kind_of

SPARSE = 8
"""A neuron that hears one axon in so many, or fewer, picks them out: four bytes name one."""


def history_of(network: Network) -> dict[str, int]:
    """How many steps back the spikes of each population are asked for; of those that are."""
    found: dict[str, int] = {}
    for p in network.projections:
        if p.rule is None:
            found[p.pre] = max(found.get(p.pre, 0), int(p.delay) + 1)
    return found


class Synapses:
    """What arrives, projection by projection.

    Parameters
    ----------
    graph : Graph
    network : Network
    ranges : mapping of population to Interval
        What each may send.
    """

    def __init__(self, graph: Graph, network: Network, ranges: Mapping[str, Interval]) -> None:
        self.graph, self.network, self.ranges = graph, network, ranges

    def delivered(
        self, projection: Projection, sent: Value, weights: Value | None = None
    ) -> Value:
        """(sum_j W_ij s_j) << exponent, of weights that stay, or of those given."""
        counted = self.counted(projection, sent)
        kind = self.kind(projection)
        counted = self.graph.cast(counted, kind)
        name = f"{projection.name}.sum"
        if weights is None:
            total = self._times(projection.weights, counted, kind, name)
        else:
            total = self.graph.op("MatMul", (self.graph.cast(weights, kind), counted), kind, name)
        return self._shifted(total, projection, kind)

    def counted(self, projection: Projection, sent: Value) -> Value:
        """Payloads; or 1 for each spike."""
        span = self.ranges[projection.pre]
        if projection.graded or span.within(0, 1):
            return sent
        spiked = self.graph.op("Not", (self.graph.op(
            "Equal", (sent, self.graph.const(0, sent.kind)), "bool"),), "bool")
        return self.graph.cast(spiked, "int32")

    def kind(self, projection: Projection) -> Kind:
        """The type that holds any of its sums."""
        span = widest_sums(projection, self.ranges[projection.pre])
        return kind_of(int(span.low.min()), int(span.high.max()))

    def _times(self, weights: NDArray[Any], sent: Value, kind: Kind, name: str) -> Value:
        pre = weights.shape[1]
        if pre == 1:
            return self.graph.op("Mul", (self.graph.weights(weights[:, 0], kind), sent), kind, name)
        most = max(int(np.count_nonzero(weights, axis=1).max()), 1)
        if most > 1 and most * SPARSE > pre:
            return self.graph.op("MatMul", (self.graph.weights(weights, kind), sent), kind, name)
        axons = np.argsort(weights == 0, axis=1, kind="stable")[:, :most]
        few = np.take_along_axis(weights, axons, axis=1)
        if most == 1:
            axons, few = axons[:, 0], few[:, 0]
        heard = self.graph.op("Gather", (sent, self.graph.const(axons, "int32")), kind, axis=0)
        if most == 1:
            return self.graph.op("Mul", (heard, self.graph.weights(few, kind)), kind, name)
        parts = self.graph.op("Mul", (heard, self.graph.weights(few, kind)), kind)
        return self.graph.op("ReduceSum", (parts, self.graph.const([1], "int64")), kind, name,
                             keepdims=0)

    def _shifted(self, total: Value, projection: Projection, kind: Kind) -> Value:
        exponent = int(projection.exponent)
        if not exponent:
            return total
        power = self.graph.const(1 << abs(exponent), kind)
        if exponent > 0:
            return self.graph.op("Mul", (total, power), kind)
        left = self.graph.op("Mod", (total, power), kind)
        return self.graph.op("Div", (self.graph.op("Sub", (total, left), kind), power), kind)

    def sum(self, parts: list[Value], size: int, span: tuple[int, int]) -> Value:
        """All that arrives at a port, or nothing."""
        kind = kind_of(*span)
        if not parts:
            return self.graph.const(np.zeros(size), kind)
        wide: Kind = "int64" if any(p.kind == "int64" for p in parts) else kind
        total = self.graph.cast(parts[0], wide)
        for part in parts[1:]:
            total = self.graph.op("Add", (total, self.graph.cast(part, wide)), wide)
        return self.graph.cast(total, kind)
