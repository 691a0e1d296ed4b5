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
    LEAST,
    LEFT,
    MOST,
    RIGHT,
    SIDES_END,
    TAG,
)
from neuromorph.learning.arithmetic import SYNAPSE_SHIFT
from neuromorph.learning.terms import ACCUMULATOR_BITS

UP, MASK = np.int32(SYNAPSE_SHIFT), np.int32((1 << SYNAPSE_SHIFT) - 1)
LOW, HIGH = np.int32(-(1 << ACCUMULATOR_BITS) - 1), np.int32((1 << ACCUMULATOR_BITS) - 1)


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
    last = term[FACTORS_END] - 1
    for f in range(term[SIDES_END], last):
        if f == term[SIDES_END]:
            _scale(product, np.int32(scalar), vector, size)
            scalar, vector = 1, product
        factor = beyond(term, FACTOR + FACTOR_END * f)
        multiply(product, tags if factor[CODE] == TAG else weights, factor, size)
    factor = beyond(term, FACTOR + FACTOR_END * last)
    values = tags if factor[CODE] == TAG else weights
    _add_product(total, np.int32(scalar), vector, values, factor, right, left, size)


@lanes(INT, value=INT, places=INT)
def down(code: Code, value: Any, places: Any) -> Any:
    """Shifted right in 32 bits: Numba would do it in 64, in half as many lanes."""
    return code.builder.ashr(value, places)


@lanes(INT, value=INT, places=INT)
def up(code: Code, value: Any, places: Any) -> Any:
    """Shifted left, likewise."""
    return code.builder.shl(value, places)


@inner
def _add_scaled(
    total: Any, scalar: int, vector: Any, right: int, left: int, size: int
) -> None:
    for n in range(size):
        scaled = up(down(np.int32(scalar * vector[n]), right), left)
        total[n] = min(max(np.int32(total[n] + min(max(scaled, LOW), HIGH)), LOW), HIGH)


@inner
def _add_product(
    total: Any, scalar: int, vector: Any, values: Any, factor: Any, right: int, left: int, size: int
) -> None:
    """The same with a factor of the synapse, in one pass: most terms have no more than one."""
    add, low, high = _numbers(factor)
    for n in range(size):
        value = min(max(np.int32(values[n] + add), low), high)
        scaled = up(down(np.int32(np.int32(scalar * vector[n]) * value), right), left)
        total[n] = min(max(np.int32(total[n] + min(max(scaled, LOW), HIGH)), LOW), HIGH)


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
def multiply(product: Any, values: Any, factor: Any, size: int) -> None:
    """Product times a factor of these values: with its constant, and clipped."""
    add, low, high = _numbers(factor)
    for n in range(size):
        product[n] *= min(max(np.int32(values[n] + add), low), high)


@inner
def _numbers(factor: Any) -> tuple[np.int32, np.int32, np.int32]:
    return np.int32(factor[CONSTANT]), np.int32(factor[LEAST]), np.int32(factor[MOST])


@inner
def round_into(values: Any, total: Any, limit: int, low: int, high: int, size: int) -> None:
    """From units of 2^-7 to whole ones within bounds; up where the fraction exceeds the limit."""
    bound, least, most = np.int32(limit), np.int32(low), np.int32(high)
    for n in range(size):
        whole = np.int32((total[n] >> UP) + np.int32((total[n] & MASK) > bound))
        values[n] = min(max(whole, least), most)
