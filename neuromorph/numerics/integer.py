"""Loihi's integer arithmetic: decay, wrap, saturate, shift. Pure functions on arrays."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.numerics.limits import DECAY_BITS, DECAY_UNITY, STATE_MAX, STATE_MODULUS
from neuromorph.shapes import Int64, Integer

IntArray = NDArray[np.int64]


def decay(state: Annotated[Integer, "*shape"], rate: int) -> Annotated[Int64, "*shape"]:
    """trunc(state * (4096 - rate) / 4096), towards zero; ``rate`` from 0 to 4096."""
    product = state.astype(np.int64) * (DECAY_UNITY - rate)
    result: IntArray = np.sign(product) * (np.abs(product) >> DECAY_BITS)
    return result


def wrap(state: Annotated[Integer, "*shape"]) -> Annotated[Int64, "*shape"]:
    """The value in (-2^23, 2^23] that is equal to ``state`` modulo 2^24."""
    half = STATE_MODULUS // 2
    result: IntArray = (state.astype(np.int64) + (half - 1)) % STATE_MODULUS - (half - 1)
    return result


def saturate(state: Annotated[Integer, "*shape"]) -> Annotated[Int64, "*shape"]:
    """Clip to +-(2^23 - 1)."""
    return np.clip(state.astype(np.int64), -STATE_MAX, STATE_MAX)


def multiply_shift(
    value: Annotated[Integer, "..."], multiplier: Any, places: Any
) -> Annotated[Int64, "..."]:
    """sign(x) ((|x| m + 2^(s-1)) >> s): x m / 2^s rounded, halves away from zero; s of at least 1.

    ``multiplier`` and ``places`` are numbers, or arrays that broadcast against ``value``.
    """
    wide = value.astype(np.int64)
    half = np.left_shift(np.int64(1), np.asarray(places, np.int64) - 1)
    result: IntArray = np.sign(wide) * ((np.abs(wide) * multiplier + half) >> places)
    return result


def round_shift(value: Annotated[Integer, "..."], places: Any) -> Annotated[Int64, "..."]:
    """x / 2^p rounded, halves away from zero; x 2^-p where p is negative.

    ``places`` is a number, or an array that broadcasts against ``value``.
    """
    wide, right = value.astype(np.int64), np.maximum(places, 0)
    half = np.left_shift(np.int64(1), right) >> 1
    rounded = np.sign(wide) * ((np.abs(wide) + half) >> right)
    result: IntArray = rounded << np.maximum(np.negative(places), 0)
    return result


def signed_bits(value: int) -> int:
    """Bits of two's complement."""
    return (value if value >= 0 else ~value).bit_length() + 1


def shift(value: Annotated[Integer, "*shape"], exponent: int) -> Annotated[Int64, "*shape"]:
    """value * 2^exponent; a negative exponent rounds towards minus infinity."""
    wide = value.astype(np.int64)
    return wide << exponent if exponent >= 0 else wide >> -exponent
