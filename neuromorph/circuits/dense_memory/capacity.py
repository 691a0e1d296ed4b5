"""How many random patterns a dense memory holds: signal against the noise of all others.

::

    h_i = sum_mu xi_mu,i e(M_mu),   M_mu = sum_{j != i} xi_mu,j sigma_j,   K = alpha N^(P - 1)
    e = M^(P - 1) where indices may be equal, or the Hebb tensor's sum over distinct ones
    variance of h / signal^2 = gamma alpha

Read as signal to noise from Albanese et al. 2021 (arXiv 2111.12997): for P > 2 the noise of
patterns that are not asked for is all that hurts, and nothing amplifies it.
"""

from __future__ import annotations

import math
from functools import cache

from scipy.optimize import brentq, minimize_scalar
from scipy.special import erf, erfc, erfcinv

from neuromorph.errors import UsageError

HOPFIELD_LOAD = 0.138
"""Of P = 2, where the noise is amplified: Amit, Gutfreund and Sompolinsky 1985."""

LARGEST_ORDER = 32
"""Of interactions; the factor of 32 has 37 digits."""


def noise_factor(order: int, *, distinct: bool = False) -> int:
    """gamma = (2 P - 3)!!, or (P - 1)! where indices are distinct.

    Parameters
    ----------
    order : int
        P, spins that interact at once, 2 to 32.
    distinct : bool

    Raises
    ------
    UsageError
    """
    if isinstance(order, bool) or not isinstance(order, int) or not 2 <= order <= LARGEST_ORDER:
        raise UsageError("no such order of a dense memory", found=repr(order),
                         expected=f"a whole number from 2 to {LARGEST_ORDER}")
    return math.factorial(order - 1) if distinct else math.prod(range(2 * order - 3, 0, -2))


def bit_error(order: int, size: int, count: int, *, distinct: bool = False) -> float:
    """epsilon = erfc(1 / sqrt(2 alpha gamma)) / 2: a bit of a stored pattern after one step.

    Parameters
    ----------
    order : int
        P, 2 to 32.
    size, count : int
        N spins and K patterns, random ones.
    distinct : bool
        Whether interacting spins are distinct, as in the Hebb tensor.

    Raises
    ------
    UsageError
    """
    noise = 2 * _load(order, size, count) * noise_factor(order, distinct=distinct)
    return float(erfc(1 / math.sqrt(noise)) / 2)


def largest_count(order: int, size: int, error: float, *, distinct: bool = False) -> int:
    """K = N^(P - 1) / (2 gamma erfcinv(2 epsilon)^2): patterns with at most so much `bit_error`.

    Raises
    ------
    UsageError
        If the error is not between 0 and 1/2.
    """
    if not 0 < error < 0.5:
        raise UsageError("no such error of a bit", found=error, expected="above 0, below 1/2")
    check_count(size, "size")
    noise = 2 * noise_factor(order, distinct=distinct) * float(erfcinv(2 * error)) ** 2
    return int(size ** (order - 1) / noise)


def critical_load(order: int, *, distinct: bool = False) -> float:
    """alpha_c = max_u erf(u)^(2 P - 2) / (2 gamma u^2): the last at which patterns are stable.

    The retrieval state m of `retrieval_overlap` is there up to this load; .138 for P = 2.
    """
    gamma = noise_factor(order, distinct=distinct)
    if order == 2:
        return HOPFIELD_LOAD
    return _steepest(order)[1] / (2 * gamma)


def retrieval_overlap(
    order: int, size: int, count: int, *, distinct: bool = False
) -> float | None:
    """m = erf(m^(P - 1) / sqrt(2 alpha gamma)), the larger root; None above the critical load.

    How much of a pattern is left where a state that began there comes to rest, without noise of
    temperature. Source: replica symmetric, for P of at least 3.

    Raises
    ------
    UsageError
        Also for P = 2, where noise is amplified and this does not hold.
    """
    gamma = noise_factor(order, distinct=distinct)
    if order == 2:
        raise UsageError("no overlap is known of two-body memories", found=order,
                         expected="an order of at least 3", hint="their noise is amplified")
    load = _load(order, size, count)
    if load > critical_load(order, distinct=distinct):
        return None
    width = math.sqrt(2 * load * gamma)  # m = erf(u) at u = m^(P - 1) / width

    def short_of(u: float) -> float:
        """Negative right of the root."""
        return float(erf(u) ** (order - 1)) / width - u

    return float(erf(brentq(short_of, _steepest(order)[0], 1 / width + 1)))


@cache
def _steepest(order: int) -> tuple[float, float]:
    """Where erf(u)^(2 P - 2) / u^2 is largest, and what it is there."""
    best = minimize_scalar(lambda u: -(erf(u) ** (2 * order - 2)) / u**2, (0.5, 1.5))
    return float(best.x), float(-best.fun)


def _load(order: int, size: int, count: int) -> float:
    check_count(size, "size")
    check_count(count, "number of patterns")
    noise_factor(order)
    return count / float(size) ** (order - 1)


def check_count(value: object, what: str) -> None:
    """Refuse what counts nothing.

    Raises
    ------
    UsageError
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"the {what} of a dense memory is no count", found=repr(value),
                         expected="a whole number of at least 1")
