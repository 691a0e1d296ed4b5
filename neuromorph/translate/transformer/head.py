"""Heads as integers: the last norm, and the layer behind it."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log2
from typing import Annotated

import numpy as np

from neuromorph.circuits.transformer.numbers import Head
from neuromorph.errors import RangeProofError
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Float64
from neuromorph.translate.block.norms import longest_row, norm_before
from neuromorph.translate.block.quantised import Quantised
from neuromorph.translate.block.scales import LEAST
from neuromorph.translate.transformer.floats import FloatHead

PLACES_MAX = 16
"""Most bits after the point of an answer."""


def head_of(
    floats: FloatHead, streams: Sequence[Annotated[Float64, "_ width"]], places: int, period: int,
    *, room: float, compensate: bool, payload: float | None = None,
) -> Head:
    """The integers of a head behind pre-norm blocks.

    Parameters
    ----------
    floats : FloatHead
    streams : sequence of float array, shape (tokens, width)
        The last hidden states of calibration text.
    places : int
        Bits after the point of the last R.
    period : int
    room : float
        How much larger than on calibration text an answer may be before it saturates.
    compensate : bool
        As `BlockOptions` have it.
    payload : float, optional
        Root mean square of the norm's payloads; the largest that is proved, if left out.

    Raises
    ------
    RangeProofError
        If the weights leave the norm's payloads no room.
    """
    if floats.dense is None or floats.norm is None:
        return Head(floats.read)
    heard = np.concatenate([floats.norm.plain(stream[:1] if floats.read == "first" else stream)
                            for stream in streams])
    rows = Quantised.of(floats.norm.folded(floats.dense), heard if compensate else None)
    norm = norm_before(floats.norm, (rows,), period, "head.norm", places, payload)
    _prove(rows, norm.longest)
    largest = max(float(np.abs(floats(stream)).max()) for stream in streams)
    bits = min(floor(log2(STATE_MAX / (room * max(largest, LEAST)))), PLACES_MAX)
    units = np.full(len(rows.scale), 2.0**-bits)
    return Head(floats.read, norm, rows.behind_norm(norm, units, "head"), bits)


def _prove(rows: Quantised, longest: int) -> None:
    if longest_row(rows.weights) * longest > STATE_MAX:
        raise RangeProofError("a sum could leave 24 bits", where="head",
                              found=f"{longest_row(rows.weights) * longest:.0f}",
                              expected=f"at most {STATE_MAX}", hint="smaller payloads of its norm")
