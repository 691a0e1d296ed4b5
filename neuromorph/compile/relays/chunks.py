"""Which axons a relay sums: as many as its core and its payload hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.packing.demand import most_axons, used_synapses
from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.parts import rounds
from neuromorph.errors import FitError
from neuromorph.network import Projection
from neuromorph.network.sums import delivered
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Int64

Axons: TypeAlias = NDArray[np.int64]

FINEST = 8
"""At most so many times as many relays as one neuron by itself would need."""


def chunks_of(
    sent: Interval, together: Sequence[Projection], limits: Limits
) -> list[Annotated[Int64, "_"]]:
    """Chunks of the axons that some projections from one population share.

    The projections have the same chunks, and a chunk is so small that all of its relays find
    room on one core, if that does not take too many: a spike then goes to one core.

    Parameters
    ----------
    sent : Interval
        What the population before the projections may send.
    together : sequence of Projection
        Static, and all from that population.
    limits : Limits

    Raises
    ------
    FitError
        If a relay's payload could not hold the sum of a single axon, or a whole sum that is
        shifted.
    """
    for p in together:
        if rounds(p) and not _holds(delivered(p, sent)):
            raise _too_loud(p, "the whole sum")
    left = np.flatnonzero(np.any([used_synapses(p).any(axis=0) for p in together], axis=0))
    neurons = sum(len(p.weights) for p in together)
    most = max(1, most_axons(neurons, limits), most_axons(1, limits) // FINEST)
    size, found = _even(len(left), most), list[Axons]()
    while len(left):
        count = min(_most_that_fit(p, sent, left[:size]) for p in together)
        found.append(left[:count])
        left = left[count:]
    return found


def _even(axons: int, most: int) -> int:
    """The size of chunks that are all as large, but for the last."""
    chunks = -(-axons // most)
    return -(-axons // chunks)


def _most_that_fit(projection: Projection, sent: Interval, axons: Axons) -> int:
    """How many of the first axons a relay may sum."""
    fit, beyond, tried = 0, len(axons) + 1, len(axons)
    while beyond - fit > 1:  # what they deliver grows with each
        some = axons[:tried]
        part = replace(projection, weights=projection.weights[:, some], exponent=0)
        holds = _holds(delivered(part, Interval(sent.low[some], sent.high[some])))
        fit, beyond = (tried, beyond) if holds else (fit, tried)
        tried = (fit + beyond) // 2
    if fit == 0:
        raise _too_loud(projection, f"what axon {axons[0]} delivers")
    return fit


def _holds(sums: Interval) -> bool:
    return int(sums.low.min()) >= -STATE_MAX and int(sums.high.max()) <= STATE_MAX


def _too_loud(projection: Projection, what: str) -> FitError:
    return FitError(f"{what} could exceed the 24 bits of a relay's payload",
                    where=projection.name, expected=f"-{STATE_MAX} to {STATE_MAX}",
                    hint="smaller payloads or weights, or fewer slots")
