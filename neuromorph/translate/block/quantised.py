"""Dense layers whose weights are integers, before what stands behind them is."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from neuromorph.circuits.block.numbers import Dense
from neuromorph.circuits.norm import Norm
from neuromorph.shapes import Float64, Int8, Int64
from neuromorph.translate.block.float_norm import Linear
from neuromorph.translate.block.rounding import compensated
from neuromorph.translate.block.scales import multiplier_of, rows_of


class Quantised(NamedTuple):
    """A layer whose weights are integers: W_ij = scale_i weights_ij."""

    weights: Annotated[Int8, "outputs inputs"]
    scale: Annotated[Float64, "outputs"]
    bias: Annotated[Float64, "outputs"]

    @classmethod
    def of(
        cls, layer: Linear, heard: Annotated[Float64, "vectors inputs"] | None = None
    ) -> Quantised:
        """One scale a row; rounded for what the layer hears on calibration text, if given."""
        weights, scale = rows_of(layer.weight)
        if heard is not None:
            weights = compensated(layer.weight, scale, heard)
        bias = np.zeros(len(scale)) if layer.bias is None else layer.bias
        return cls(weights, scale, bias)

    def behind_norm(self, norm: Norm, units: Annotated[Float64, "..."], where: str) -> Dense:
        """The layer that hears a norm's payloads and counts in such units."""
        multiplier, shift = multiplier_of(self.scale / (payload_of(norm) * units), where)
        return Dense(self.weights, multiplier, shift, rounded(self.bias / units))


def payload_of(norm: Norm) -> float:
    """What a norm sends for the number 1."""
    payload: float = norm.length / np.sqrt(norm.size)
    return payload


def rounded(values: Annotated[Float64, "*shape"]) -> Annotated[Int64, "*shape"]:
    """The nearest integers."""
    return np.rint(values).astype(np.int64)
