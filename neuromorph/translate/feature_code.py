"""From float queries, keys and values to the codes of astrocyte attention.

Each feature j has a scale s_j of its own: the synapses hold φ_j(k) / s_j, and queries are sent
as s_j φ_j(q), so the product is unchanged. A common factor of a query cancels in the
astrocyte's division; each query therefore uses all bits of its payloads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.astrocyte_attention import FEATURE_LIMIT, VALUE_LIMIT
from neuromorph.dynamics.features import FeatureMap
from neuromorph.errors import CalibrationError
from neuromorph.numerics import quantise
from neuromorph.numerics.limits import WEIGHT_MAX
from neuromorph.shapes import Float, Float64, Int32
from neuromorph.shown import Shown
from neuromorph.translate.samples import Sample

QUANTILE = 0.98
"""Share of calibration sequences whose keys and sums must fit; rarer ones clip, and are counted."""


@dataclass(frozen=True, eq=False, repr=False)
class FeatureCode(Shown):
    """Scales of one head.

    Attributes
    ----------
    maps : pair of FeatureMap
        For queries and for keys.
    key_scale : float array, shape (features,)
    value_scale : float
    """

    maps: tuple[FeatureMap, FeatureMap]
    key_scale: Annotated[Float64, "features"]
    value_scale: float

    def encode(
        self, sample: Sample
    ) -> tuple[
        tuple[Annotated[Int32, "keys features"], Annotated[Int32, "keys value_size"]],
        Annotated[Int32, "queries features"], int,
    ]:
        """Codes of keys and values, of queries, and how many clipped; a sample of one head."""
        keys, clipped_keys = quantise(self.maps[1](sample.keys[0]), self.key_scale, FEATURE_LIMIT)
        values, clipped = quantise(sample.values[0], self.value_scale, VALUE_LIMIT)
        queries = self.maps[0](sample.queries[0]) * self.key_scale
        loudest = queries.max(axis=1, keepdims=True)
        asked, _ = quantise(queries, np.where(loudest > 0, loudest, 1.0) / FEATURE_LIMIT)
        return (keys, values), asked, clipped_keys + clipped

    def decode(self, answers: Annotated[Float, "*shape"]) -> Annotated[Float64, "*shape"]:
        """Outputs from what `circuits.astrocyte_attention.read` returns."""
        outputs: NDArray[np.float64] = answers * (VALUE_LIMIT * self.value_scale)
        return outputs


def calibrate_features(
    maps: tuple[FeatureMap, FeatureMap], samples: Sequence[Sample], exponent: int
) -> FeatureCode:
    """Scales for which codes, and sums of codes over a sequence, fit the synapses.

    Parameters
    ----------
    maps : pair of FeatureMap
    samples : sequence of Sample
        Of one head.
    exponent : int
        Of the circuit's write rule.

    Raises
    ------
    CalibrationError
        If there are no samples, or the features say nothing.
    """
    if not samples:
        raise CalibrationError("there is nothing to calibrate on")
    features = [maps[1](sample.keys[0]) for sample in samples]
    largest = np.quantile([f.max(axis=0) for f in features], QUANTILE, axis=0)
    sums = np.quantile([f.sum(axis=0) for f in features], QUANTILE, axis=0)
    room = WEIGHT_MAX * 2.0 ** (3 - exponent) / VALUE_LIMIT
    scale = np.maximum(largest / FEATURE_LIMIT, sums / room)
    values = max(float(np.abs(sample.values).max()) for sample in samples)
    if not np.isfinite(scale).all() or not (scale > 0).any() or not values > 0:
        raise CalibrationError("the calibration data has no features or no values",
                               found=f"largest value {values}")
    return FeatureCode(maps, np.where(scale > 0, scale, scale.max()), values / VALUE_LIMIT)
