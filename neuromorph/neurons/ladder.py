"""How a sum of squares is climbed: from coarse to fine, while the next still fits 24 bits."""

from __future__ import annotations

from math import ceil, frexp, log2
from typing import NamedTuple

from neuromorph.errors import NetworkError
from neuromorph.neurons.square import RUNG_BITS
from neuromorph.numerics.limits import PRODUCT_BITS, STATE_MAX

LEAST_SHIFT_MAX = 53
"""Places after the point of what is added to a sum: beyond, it is less than half in any rung."""


class Ladder(NamedTuple):
    """How a sum of so many squares is climbed; parameters of `Square`, `Rsqrt` and `Root`."""

    shift: int
    threshold: int
    least: int
    least_shift: int


def ladder(size: int, least: float = 0.0) -> Ladder:
    """The ladder of a sum of ``size`` squares, to which ``least`` is added.

    ::

        shift     = 33 + ceil(log2(size / 1023)), or 33    so n squares of 46 bits fit 24
        threshold = (2^23 - 1 - 33 size) // 64             below it the next, S' <= 64 S + 32.5
                                                           (size + 1), fits as well

    Parameters
    ----------
    size : int
        Neurons whose squares are added up.
    least : float
        Of a norm: size times its epsilon, in units of a payload squared.

    Raises
    ------
    NetworkError
        If so many squares have no ladder.
    """
    shift = 33 + max(0, ceil(log2(size / 1023)))
    threshold = (STATE_MAX - 33 * size) // 2**RUNG_BITS
    if threshold < 1 or shift >= PRODUCT_BITS:
        raise NetworkError("so many squares have no sum that is watched", where="ladder",
                           found=size, expected=f"at most {(STATE_MAX - 2**RUNG_BITS) // 33}",
                           hint="add up parts, and the parts' sums")
    fraction, exponent = frexp(least / 2.0**shift)
    places = min(max(STATE_MAX.bit_length() - exponent, 0), LEAST_SHIFT_MAX)
    mantissa = min(round(fraction * 2.0**(exponent + places)), STATE_MAX)
    return Ladder(shift, threshold, mantissa, places if mantissa else 0)
