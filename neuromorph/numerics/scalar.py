"""Loihi's integer arithmetic, number by number: what kernels of neuron models are made of.

Plain Python, which `fast` compiles; `numerics.integer` says the same of arrays.
"""

from __future__ import annotations

from neuromorph.numerics.limits import DECAY_BITS, DECAY_UNITY, STATE_MAX, STATE_MODULUS


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


def clip_one(value: int, limit: int) -> int:
    """Clip to +-limit."""
    return min(max(value, -limit), limit)


def saturate_one(state: int) -> int:
    """Clip to +-(2^23 - 1)."""
    return min(max(state, -STATE_MAX), STATE_MAX)
