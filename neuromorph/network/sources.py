"""What a host may send at all."""

from __future__ import annotations

from neuromorph.network.model import Network
from neuromorph.numerics.limits import TRACE_MAX


def source_range(network: Network, source: str) -> tuple[int, int]:
    """What a source may send; a third factor is a trace, which has no sign."""
    low, high = (int(end[0]) for end in network.population(source).model.widest(1))
    if source in network.third_factors:
        return 0, min(high, TRACE_MAX)
    return low, high
