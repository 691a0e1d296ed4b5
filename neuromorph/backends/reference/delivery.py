"""What spikes bring about through weights."""

from __future__ import annotations

from typing import Annotated

from neuromorph.network import Projection
from neuromorph.numerics.synapse import accumulate_fixed, accumulate_float
from neuromorph.shapes import Num


def deliver(
    domain: str, projection: Projection, weights: Annotated[Num, "post pre"],
    sent: Annotated[Num, "pre"],
) -> Annotated[Num, "post"]:
    """Synaptic input that spikes cause through weights, shape (post,)."""
    if domain == "float":
        return accumulate_float(weights, sent, graded=projection.graded)
    return accumulate_fixed(weights, sent, exponent=projection.exponent, graded=projection.graded)
