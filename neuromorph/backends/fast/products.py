"""Sums of products along a line of synapses: one neuron fixed, one after the other on its far side.

A product of a rule is a number of the presynaptic neuron, times one of the postsynaptic one, times
factors of the synapse itself. Along a line one of the first two is a scalar, the other a vector.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.backends.fast.compiled import inner
from neuromorph.backends.fast.lanes import INT, Code, beyond, lanes
from neuromorph.backends.fast.learning_tables import (
    CODE,
    CONSTANT,
    FACTOR,
    FACTOR_END,
    FACTORS_END,
    LEFT,
    LIMIT,
    RIGHT,
    SGN,
    SIDES_END,
    TAG,
)
from neuromorph.learning.arithmetic import SYNAPSE_SHIFT
from neuromorph.learning.terms import ACCUMULATOR_BITS

UP, MASK = np.int32(SYNAPSE_SHIFT), np.int32((1 << SYNAPSE_SHIFT) - 1)
LEAST, MOST = np.int32(-(1 << ACCUMULATOR_BITS) - 1), np.int32((1 << ACCUMULATOR_BITS) - 1)


@inner
def begin(total: Any, values: Any, size: int) -> None:
    """Weights or tags in the accumulator's scale."""
    for n in range(size):
        total[n] = np.int32(values[n]) << UP


@inner
def add_term(
    term: Any, scalar: int, vector: Any, weights: Any, tags: Any, size: int, total: Any,
    product: Any,
) -> None:
    """Total plus one product in the accumulator's scale, both clipped to its bits."""
    right, left = np.int32(term[RIGHT]), np.int32(term[LEFT])
    if term[SIDES_END] == term[FACTORS_END]:
        _add_scaled(total, np.int32(scalar), vector, right, left, size)
        return
    _scale(product, np.int32(scalar), vector, size)
    for f in range(term[SIDES_END], term[FACTORS_END]):
        factor = beyond(term, FACTOR + FACTOR_END * f)
        values = tags if factor[CODE] == TAG else weights
        multiply(product, values, factor[CONSTANT], factor[SGN], factor[LIMIT], size)
    _add_scaled(total, np.int32(1), product, right, left, size)


@lanes(INT, value=INT, places=INT)
def _down(code: Code, value: Any, places: Any) -> Any:
    """Shifted right in 32 bits: Numba would do it in 64, in half as many lanes."""
    return code.builder.ashr(value, places)


@lanes(INT, value=INT, places=INT)
def _up(code: Code, value: Any, places: Any) -> Any:
    """Shifted left, likewise."""
    return code.builder.shl(value, places)


@inner
def _add_scaled(
    total: Any, scalar: int, vector: Any, right: int, left: int, size: int
) -> None:
    for n in range(size):
        scaled = _up(_down(np.int32(scalar * vector[n]), right), left)
        total[n] = min(max(np.int32(total[n] + min(max(scaled, LEAST), MOST)), LEAST), MOST)


@inner
def _scale(product: Any, scalar: int, vector: Any, size: int) -> None:
    for n in range(size):
        product[n] = scalar * vector[n]


@inner
def fill(product: Any, value: int, size: int) -> None:
    """One value everywhere."""
    for n in range(size):
        product[n] = value


@inner
def multiply(product: Any, values: Any, constant: int, sgn: int, limit: int, size: int) -> None:
    """Product times clip(value + constant), or times the sign of that."""
    low, high, add = np.int32(-limit), np.int32(limit - 1), np.int32(constant)
    if sgn:
        for n in range(size):
            value = np.int32(values[n] + add)
            product[n] *= np.int32(value > 0) - np.int32(value < 0)
        return
    for n in range(size):
        product[n] *= min(max(np.int32(values[n] + add), low), high)


@inner
def round_into(values: Any, total: Any, limit: int, low: int, high: int, size: int) -> None:
    """From units of 2^-7 to whole ones within bounds; up where the fraction exceeds the limit."""
    bound, least, most = np.int32(limit), np.int32(low), np.int32(high)
    for n in range(size):
        whole = np.int32((total[n] >> UP) + np.int32((total[n] & MASK) > bound))
        values[n] = min(max(whole, least), most)
