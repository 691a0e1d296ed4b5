"""What spikes bring about through weights."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from neuromorph.network import Projection
from neuromorph.numerics.synapse import accumulate_fixed, accumulate_float


def deliver(
    domain: str, projection: Projection, weights: NDArray[Any], sent: NDArray[Any]
) -> NDArray[Any]:
    """Synaptic input that spikes cause through weights, shape (post,)."""
    if domain == "float":
        return accumulate_float(weights, sent, graded=projection.graded)
    return accumulate_fixed(weights, sent, exponent=projection.exponent, graded=projection.graded)
