"""The associative memory whose spins interact many at a time: the dense (P-body) one.

Patterns are rows, shape (patterns, size), of -1 and 1; a state is a vector of spins -1 and 1,
shape (size,).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import perm
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def dense_energy(patterns: NDArray[Any], state: NDArray[Any], order: int) -> float:
    """E = -sum_mu (xi_mu.sigma)^order / size^(order - 1).

    Source: Krotov and Hopfield 2016; Albanese et al. 2021. Stores about size^(order - 1)
    patterns; order 2 is the Hopfield network.
    """
    size = len(state)
    return -float(((patterns @ state / size) ** order).sum()) * size


def sweep_dense(
    patterns: NDArray[Any], state: NDArray[Any], order: int, places: Iterable[int] | None = None,
    *, distinct: bool = False,
) -> NDArray[Any]:
    """sigma_i = the sign with the lower energy, one spin after the other, in a new state.

    ::

        sigma_i <- sign sum_mu [(h_mu + xi_mu,i)^order - (h_mu - xi_mu,i)^order],
        h_mu = sum_{j != i} xi_mu,j sigma_j

    With distinct indices it is ``sign sum_mu xi_mu,i e(h_mu)``, see `distinct_power`. A tie leaves
    the spin, so no update raises the energy.

    Parameters
    ----------
    patterns : array, shape (patterns, size)
    state : array, shape (size,)
    order : int
        Spins that interact at once, at least 2.
    places : iterable of int, optional
        Spins in the order of their update; each once, from the first, if left out.
    distinct : bool
        Whether spins that interact are different ones, as in the Hebb tensor.
    """
    spins, size = state.copy(), len(state)
    products = (patterns @ spins).astype(np.float64)
    for i in range(size) if places is None else places:
        column = patterns[:, i]
        rest = products - column * spins[i]
        gain = (column @ distinct_power(rest, order - 1, size - 1) if distinct else
                (((rest + column) / size) ** order - ((rest - column) / size) ** order).sum())
        spins[i] = np.sign(gain) if gain else spins[i]
        products = rest + column * spins[i]
    return spins


def distinct_power(sums: NDArray[Any], power: int, count: int) -> Floats:
    """e(M) = sum over distinct j_1 … j_p of x_j1 … x_jp, where M = sum_j x_j of ``count`` signs.

    By Newton's identities ``e_p = sum_{k=1..p} (-1)^(k-1) (p-1)!/(p-k)! e_(p-k) m_k``, with
    m_k = M for odd k, else ``count``: M^2 - count for two, M^3 - (3 count - 2) M for three.
    """
    sums = np.asarray(sums, np.float64)
    found = [np.ones_like(sums)]
    for p in range(1, power + 1):
        terms = [(-1.0) ** (k - 1) * perm(p - 1, k - 1) * found[p - k]
                 * (sums if k % 2 else count) for k in range(1, p + 1)]
        found.append(np.sum(terms, axis=0))
    return found[power]


def distinct_energy(patterns: NDArray[Any], state: NDArray[Any], order: int) -> float:
    """E = -sum_mu sum over distinct i_1 … i_P of xi_i1 sigma_i1 … / size^(order - 1)."""
    size = len(state)
    return -float(distinct_power(patterns @ state, order, size).sum() / size ** (order - 1))


def dense_fields(
    patterns: NDArray[Any], states: NDArray[Any], order: int, *, distinct: bool = False
) -> Floats:
    """h_i = sum_mu xi_mu,i e(M_mu without i), shape (states, size), of all spins at once.

    e is M^(order - 1), or that over distinct spins (`distinct_power`).
    """
    held, size = patterns.astype(np.float64), patterns.shape[1]
    found = np.empty(states.shape, np.float64)
    for row, state in zip(found, states, strict=True):
        rest = (held @ state)[:, None] - held * state
        powers = distinct_power(rest, order - 1, size - 1) if distinct else rest ** (order - 1)
        np.einsum("ki,ki->i", held, powers, out=row)
    return found
