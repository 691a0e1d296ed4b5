"""Loihi's integer arithmetic, number by number: what kernels of neuron models are made of.

Plain Python, which `fast` compiles; `numerics.integer` says the same of arrays.
"""

from __future__ import annotations

from typing import Any

from neuromorph.numerics.limits import DECAY_BITS, DECAY_UNITY, STATE_MAX, STATE_MODULUS

X_BITS, Y_BITS = 22, 15
"""Fraction bits of a number that is lifted to its leading one, and of its inverse or root."""

LINE, SLOPE = round(24 / 17 * 2**Y_BITS), round(8 / 17 * 2**Y_BITS)
"""The straight line that an inverse's rounds start from: 24/17 - 8/17 x."""

ROUNDS = 2
"""Of Newton's, for an inverse."""

BOW = round(1.70 * 2**Y_BITS), round(0.80 * 2**Y_BITS), round(0.18 * 2**Y_BITS)
"""The parabola that an inverse root's rounds start from: 1.70 - 0.80 x + 0.18 x^2."""

ROOT_ROUNDS = 3


def decay_one(state: int, rate: int) -> int:
    """trunc(state (4096 - rate) / 4096), towards zero."""
    product = state * (DECAY_UNITY - rate)
    magnitude = abs(product) >> DECAY_BITS
    return -magnitude if product < 0 else magnitude


def wrap_one(state: int) -> int:
    """The value in (-2^23, 2^23] that is equal to ``state`` modulo 2^24."""
    half = STATE_MODULUS // 2
    return (state + (half - 1)) % STATE_MODULUS - (half - 1)


def multiply_shift_one(value: int, multiplier: int, places: int) -> int:
    """Value times multiplier / 2^places, rounded, halves away from zero; places of at least 1."""
    rounded = (abs(value) * multiplier + (1 << (places - 1))) >> places
    return -rounded if value < 0 else rounded


def round_shift_one(value: int, places: int) -> int:
    """Value / 2^places, rounded, halves away from zero; a left shift where places are negative."""
    if places <= 0:
        return value << -places
    rounded = (abs(value) + (1 << (places - 1))) >> places
    return -rounded if value < 0 else rounded


def clip_one(value: int, limit: int) -> int:
    """Clip to +-limit."""
    return min(max(value, -limit), limit)


def saturate_one(state: int) -> int:
    """Clip to +-(2^23 - 1)."""
    return min(max(state, -STATE_MAX), STATE_MAX)


def inverse(x: Any) -> Any:
    """1 / x with 15 bits after the point, for x with 22 from 1 up to 2; a number or an array.

    ::

        y = 24/17 - 8/17 x,  twice  y <- y (2 - x y)

    Within 8e-5 of 1 / x, relative to it. Source of the straight line: Newton-Raphson division,
    with the line of least error over 1 <= x < 2.
    """
    y = LINE - ((x * SLOPE) >> X_BITS)
    for _ in range(ROUNDS):
        y = (y * ((2 << Y_BITS) - ((x * y) >> X_BITS))) >> Y_BITS
    return y


def inverse_root(x: Any) -> Any:
    """x^-1/2 with 15 bits after the point, for x with 22 from 1/2 up to 2; a number or an array.

    ::

        y = 1.70 - 0.80 x + 0.18 x^2,  three times  y <- y (3 - x y^2) / 2, rounded

    Within -2.5e-5 and +4.6e-5 of it, relative to it. Needs products of 46 bits.
    """
    y = BOW[0] - ((x * BOW[1]) >> X_BITS) + ((((x * x) >> X_BITS) * BOW[2]) >> X_BITS)
    for _ in range(ROOT_ROUNDS):
        square = (((x * y) >> X_BITS) * y) >> Y_BITS
        y = (y * ((3 << Y_BITS) - square) + (1 << Y_BITS)) >> (Y_BITS + 1)
    return y
