"""How long the payloads of a norm can be, whatever arrives."""

from __future__ import annotations

from math import sqrt

from neuromorph.neurons.square import COARSEST
from neuromorph.numerics.interval import rounded_up
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.numerics.scalar import X_BITS, Y_BITS

ROOT_ERROR = 4.6e-5
"""Of `Rsqrt`, relative to the inverse root."""


def gain(multiplier: int, y_shift: int, rung_shift: int, shift: int) -> float:
    """||h|| of a long vector: multiplier 2^(26 - y_shift + rung_shift / 2 - shift)."""
    places = X_BITS // 2 + Y_BITS - y_shift + rung_shift / 2 - shift
    return float(multiplier * 2.0**places)


def longest(
    size: int, threshold: int, multiplier: int, y_shift: int, rung_shift: int, shift: int
) -> int:
    """Bound on the 2-norm of h = round(R Y / 2^shift) over all R of 24 bits.

    ::

        ||R||^2 / 2^s <= S + size / 2                 each square of a rung is rounded once
        S >= threshold, or in the finest rung S >= ||R||^2 / 2^s - size / 2 + least
        Y <= gain 2^shift / ||R|| sqrt(1 + size / (2 threshold)) (1 + 4.6e-5) + 1/2
        ||h|| <= ||R|| Y / 2^shift + sqrt(size) / 2

    with a ``least`` of at least size / 2 in the finest rung, which the builder sees to. The last
    half of Y counts by the longest R there is, sqrt(size) (2^23 - 1).
    """
    rounded = sqrt(1 + size / 2 / threshold) * (1 + ROOT_ERROR)
    long = sqrt(size) * STATE_MAX / 2 / 2.0**shift
    return rounded_up(gain(multiplier, y_shift, rung_shift, shift) * rounded + long
                      + sqrt(size) / 2)


def least_of(size: int, rung_shift: int, epsilon: float) -> int:
    """What is added to the sum of squares, in units of a payload squared.

    That of ``epsilon``, the mean square below which a norm no longer grows; and at least half of a
    unit a square in the finest rung, whose rounding could else make a tiny vector long.
    """
    return max(round(size * epsilon), size << (rung_shift - COARSEST - 1))
