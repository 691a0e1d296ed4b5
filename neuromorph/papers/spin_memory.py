"""Associative memories of spins: the dense (P-body) one, and the multitasking Hebbian one.

Patterns are rows, shape (patterns, size), of -1 and 1 (and 0 where a multitasking pattern has
nothing to say); a state is a vector of spins -1 and 1, shape (size,).
"""

from __future__ import annotations

from collections.abc import Iterable
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
    patterns: NDArray[Any], state: NDArray[Any], order: int, places: Iterable[int] | None = None
) -> NDArray[Any]:
    """sigma_i = the sign with the lower energy, one spin after the other, in a new state.

    ::

        sigma_i <- sign sum_mu [(h_mu + xi_mu,i)^order - (h_mu - xi_mu,i)^order],
        h_mu = sum_{j != i} xi_mu,j sigma_j

    A tie leaves the spin, so no update raises the energy.

    Parameters
    ----------
    patterns : array, shape (patterns, size)
    state : array, shape (size,)
    order : int
        Spins that interact at once, at least 2.
    places : iterable of int, optional
        Spins in the order of their update; each once, from the first, if left out.
    """
    spins, size = state.copy(), len(state)
    products = (patterns @ spins).astype(np.float64)
    for i in range(size) if places is None else places:
        column = patterns[:, i]
        rest = products - column * spins[i]
        gain = (((rest + column) / size) ** order - ((rest - column) / size) ** order).sum()
        spins[i] = np.sign(gain) if gain else spins[i]
        products = rest + column * spins[i]
    return spins


def step_multitasking(patterns: NDArray[Any], state: NDArray[Any]) -> NDArray[Any]:
    """sigma_i' = sign(sum_mu xi_mu,i m_mu), all spins at once; a spin without a field stays.

    Source: Agliari et al. 2023, at temperature 0.
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

    A fixed point of `step_multitasking` for large patterns if d, their share of zeros, is at
    most 1/2: pattern k then outweighs all that follow it.
    """
    overlaps: Floats = (1 - dilution) * dilution ** np.arange(count)
    return overlaps
