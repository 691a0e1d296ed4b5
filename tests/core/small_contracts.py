"""Small networks with ports that say much: a dense layer, and who hears it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neuromorph.network import Network, Population, Port, Projection, Relay, Schedule, Source
from neuromorph.neurons.requantise import Requantise
from neuromorph.numerics.limits import STATE_MAX

SIZE, LIMIT, PERIOD = 6, 100, 8
EYE = np.eye(SIZE, dtype=np.int32)


def dense(weights: np.ndarray | None = None, **says: Any) -> Network:
    """Payloads in step 2 of a period, and in step 3 what weights and a requantising layer make."""
    axons = Population("in", SIZE, Source(8))
    cells = Population("out", SIZE, Requantise(multiplier=1 << 14, shift=14, limit=STATE_MAX))
    given_ = Port("in", "in", SIZE, 8, -LIMIT, LIMIT, (2,), norm=says.pop("heard", None))
    most = LIMIT if weights is None else STATE_MAX
    out = replace(Port("out", "out", SIZE, 24, -most, most, (3,)), **says)
    return Network("dense", "fixed", (axons, cells), (
        Projection("w", "in", "out", EYE if weights is None else weights, graded=True),),
        Schedule(PERIOD), inputs=(given_,), outputs=(out,))


def with_projection(network: Network, name: str, **changed: Any) -> Network:
    return replace(network, projections=tuple(
        replace(p, **changed) if p.name == name else p for p in network.projections))


OVER = np.full((SIZE, SIZE), 126, np.int32)

def consumer(**assumes: Any) -> Network:
    axons = Population("in", SIZE, Source(24))
    cells = Population("out", SIZE, Relay())
    port = Port("in", "in", SIZE, 24, -STATE_MAX, STATE_MAX, (3,))
    return Network("consumer", "fixed", (axons, cells), (
        Projection("w", "in", "out", EYE, graded=True),), Schedule(PERIOD),
        inputs=(replace(port, **assumes),), outputs=(Port.of(cells),))
