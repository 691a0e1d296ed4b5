"""The multitasking Hebbian network: patterns with gaps, several of which are retrieved at once.

Patterns are rows, shape (patterns, size), of -1, 0 and 1; a state is a vector of spins -1 and 1.
A place has a gap with probability d, the dilution. Source: Agliari et al. 2023 (arXiv 2308.04106),
of which the abstract was read; what it does not say is derived.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from neuromorph.errors import UsageError

Floats = NDArray[np.float64]

MOST_PATTERNS = 8
"""Whose 3^K columns a mean field goes through, one by one."""

MOST_STEPS = 20_000
SETTLED = 1e-12


def step_multitasking(patterns: NDArray[Any], state: NDArray[Any]) -> NDArray[Any]:
    """sigma_i' = sign(sum_mu xi_mu,i m_mu), all spins at once; a spin without a field stays.

    At temperature 0.
    """
    field = spin_overlaps(patterns, state) @ patterns
    return np.where(field == 0, state, np.sign(field)).astype(state.dtype)


def spin_overlaps(patterns: NDArray[Any], state: NDArray[Any]) -> Floats:
    """m_mu = xi_mu.sigma / size, shape (patterns,)."""
    overlaps: Floats = patterns @ state / len(state)
    return overlaps


def hierarchical_state(patterns: NDArray[Any]) -> NDArray[Any]:
    """sigma_i = the first element at place i that is not 0, or 1: each pattern fills the gaps."""
    first = np.argmax(patterns != 0, axis=0)
    spins = patterns[first, np.arange(patterns.shape[1])]
    return np.where(spins == 0, 1, spins)


def hierarchical_overlaps(dilution: float, count: int) -> Floats:
    """m_k = (1 - d) d^(k - 1), k = 1 … count: several patterns retrieved at once.

    A fixed point of `step_multitasking` for large patterns if d is below `critical_dilution`.
    """
    overlaps: Floats = (1 - dilution) * dilution ** np.arange(count)
    return overlaps


def critical_dilution(count: int) -> float:
    """d_c, where 1 - 2 d + d^K = 0 between 1/2 and 1; 1 for K = 2.

    Below it pattern 1 outweighs all others together, ``m_1 > m_2 + … + m_K``, and so does each
    those after it: the hierarchy is a fixed point. It falls to 1/2 as K grows.

    Parameters
    ----------
    count : int
        K, at least 2.

    Raises
    ------
    UsageError
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 2:
        raise UsageError("no such number of patterns", where="critical dilution",
                         found=repr(count), expected="a whole number of at least 2")
    if count == 2:
        return 1.0
    lowest = (2 / count) ** (1 / (count - 1))  # of 1 - 2 d + d^K, which is 0 again at 1
    return float(brentq(lambda d: 1 - 2 * d + d**count, 0.5, lowest))


def mean_field(
    dilution: float, temperature: float, count: int, start: ArrayLike | None = None
) -> Floats:
    """m_mu = E[xi_mu tanh(xi.m / T)] of K patterns, iterated until it rests, shape (count,).

    The mean is exact: over all 3^K columns xi, whose places are 0 with probability d and else 1
    or -1 alike. Below T_c = 1 - d the state is one pattern's, a hierarchy, or the same of all.

    Parameters
    ----------
    dilution : float
        d, 0 to 1.
    temperature : float
        T, above 0.
    count : int
        K, 1 to 8.
    start : float array, shape (count,), optional
        Where the iteration begins; the hierarchy if left out.

    Raises
    ------
    UsageError
        If a number is none of these, or the iteration does not rest.
    """
    for name, value, wrong, expected in (
            ("dilution", dilution, not 0 <= dilution <= 1, "0 to 1"),
            ("temperature", temperature, not 0 < temperature < np.inf, "above 0"),
            ("patterns", count, count not in range(1, MOST_PATTERNS + 1), "1 to 8")):
        if wrong:
            raise UsageError("a mean field has no such number", where=name, found=value,
                             expected=expected)
    columns = np.array(list(product((-1.0, 0.0, 1.0), repeat=count)))
    chances = np.where(columns == 0, dilution, (1 - dilution) / 2).prod(axis=1)
    weighted = chances[:, None] * columns
    overlaps = hierarchical_overlaps(dilution, count) if start is None else np.array(start, float)
    for _ in range(MOST_STEPS):
        later: Floats = weighted.T @ np.tanh(columns @ overlaps / temperature)
        if np.abs(later - overlaps).max() < SETTLED:
            return later
        overlaps = later
    raise UsageError("the mean field does not come to rest", where="mean field",
                     found=f"{MOST_STEPS} steps at T = {temperature}",
                     hint="it is slow where states merge, as at T = 1 - d")
