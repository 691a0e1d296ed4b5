"""Real numbers as integers: rows of 8-bit weights, multipliers with a shift, places of a stream."""

from __future__ import annotations

from math import floor, log2
from typing import Annotated

import numpy as np

from neuromorph.errors import CalibrationError
from neuromorph.numerics import SIGNED_8, quantise
from neuromorph.numerics.limits import MULTIPLIER_MAX, PRODUCT_BITS, STATE_MAX
from neuromorph.shapes import Float, Float64, Int8, Int64
from neuromorph.translate.block.float_norm import Floats

SHIFT_MAX = PRODUCT_BITS - 8
"""Largest shift behind a multiplier."""

LEAST = 1e-9
"""What stands for a number that is always 0, as a share of the largest beside it."""

PLACES_MAX = 20
"""Most bits after the point of a stream: beyond, a carry between two blocks has no room."""


def rows_of(
    weights: Annotated[Float, "post pre"]
) -> tuple[Annotated[Int8, "post pre"], Annotated[Float, "post"]]:
    """W_ij = scale_i w_ij: 8-bit integers, and one scale a receiving neuron."""
    largest = np.abs(weights).max(axis=1, initial=0)
    scale = np.where(largest > 0, largest, 1.0) / SIGNED_8
    return quantise(weights, scale[:, None])[0].astype(np.int8), scale


def multiplier_of(
    factors: Annotated[Float, "rows"], where: str,
    most: float | Annotated[Float64, "..."] = MULTIPLIER_MAX,
    shifts: tuple[int, int] = (1, SHIFT_MAX),
) -> tuple[Annotated[Int64, "rows"], Annotated[Int64, "rows"]]:
    """Factor = multiplier / 2^shift, with as many bits as ``most`` and the shifts allow.

    Raises
    ------
    CalibrationError
        If a factor is too large; one that is too small becomes 0.
    """
    safe = np.maximum(factors, 2.0**-80)
    shift = np.minimum(np.floor(np.log2(most / safe)), shifts[1]).astype(np.int64)
    if (shift < shifts[0]).any():
        row = int(np.argmin(shift))
        raise CalibrationError("a scale has no multiplier", where=f"{where} row {row}",
                               found=f"{float(factors[row]):.3g}",
                               expected=f"at most {most_at(most, row) / 2**shifts[0]:.3g}",
                               hint="its numbers are far larger than those of other rows")
    return np.rint(factors * 2.0**shift).astype(np.int64), shift


def most_at(most: float | Annotated[Float64, "..."], row: int) -> float:
    """A limit of all rows, or of one."""
    return float(np.broadcast_to(most, (row + 1,))[row])


def places_of(largest: float, room: float, where: str, limit: int = STATE_MAX) -> int:
    """Bits after the point of a stream whose largest number, times ``room``, is within the limit.

    Raises
    ------
    CalibrationError
        If whole numbers do not fit.
    """
    places = min(floor(log2(limit / (room * max(largest, 2.0**-PLACES_MAX)))), PLACES_MAX)
    if places < 0:
        raise CalibrationError("the residual stream does not fit 24 bits", where=where,
                               found=f"{largest:.4g}, with room for {room:g} times as much",
                               expected=f"at most {limit / room:.4g}", hint="a smaller room")
    return places


def carry_of(places: int, to: int) -> tuple[int, int]:
    """Carry and shift from so many bits after the point to others."""
    return (2, 1 + places - to) if places >= to else (2 << (to - places), 1)


def unit_of(
    values: Annotated[Float64, "tokens rows"], room: float, limit: int,
    bias: Annotated[Float64, "..."] | float = 0.0,
) -> Annotated[Float64, "rows"]:
    """What one step of a number stands for, a row of values (tokens, rows).

    The bias, which is in them, has to fit as well.
    """
    largest = np.abs(values).max(axis=0)
    everything = max(float(largest.max(initial=0)), LEAST)
    units: Floats = room * np.maximum(largest, LEAST * everything) / limit
    return np.maximum(units, np.abs(bias) / limit)
