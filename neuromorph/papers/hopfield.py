"""Modern Hopfield network: one step is softmax attention, and an energy that never rises.

Patterns are the rows of X, shape (slots, size); a state is a vector, shape (..., size); beta is
in nats per unit of a product. Source: Ramsauer et al. 2021, "Hopfield Networks is All You Need".
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax, wrightomega

from neuromorph.errors import UsageError

Floats = NDArray[np.float64]


def hopfield_weights(patterns: NDArray[Any], state: NDArray[Any], beta: float) -> Floats:
    """p = softmax(beta X xi): how much each pattern counts, shape (..., slots)."""
    weights: Floats = softmax(beta * (state @ patterns.T), axis=-1)
    return weights


def step_hopfield(patterns: NDArray[Any], state: NDArray[Any], beta: float) -> Floats:
    """xi' = softmax(beta X xi) X, shape (..., size).

    With beta = 1 / sqrt(size) this is one step of a transformer's attention.
    """
    stepped: Floats = hopfield_weights(patterns, state, beta) @ patterns
    return stepped


def settle_hopfield(
    patterns: NDArray[Any], state: NDArray[Any], beta: float, *, tolerance: float = 1e-12,
    max_steps: int = 1000,
) -> Floats:
    """xi' = step(xi) until no state moves further than ``tolerance``, shape (..., size).

    Returns the last state after ``max_steps`` steps, settled or not: at a critical beta the
    way down is as slow as one likes.
    """
    for _ in range(max_steps):
        before, state = state, step_hopfield(patterns, state, beta)
        if np.linalg.norm(state - before, axis=-1).max(initial=0.0) <= tolerance:
            break
    return state


def hopfield_energy(patterns: NDArray[Any], state: NDArray[Any], beta: float) -> Floats:
    """E = -lse(beta, X xi) + xi.xi / 2 + ln(slots) / beta + M^2 / 2, shape (...).

    ``lse(beta, z) = ln(sum exp(beta z)) / beta``, M the largest norm of a pattern. E is at
    least 0 and at most 2 M^2 inside the patterns' sphere, and no step raises it.
    """
    free = logsumexp(beta * (state @ patterns.T), axis=-1) / beta
    constant = math.log(len(patterns)) / beta + largest_norm(patterns) ** 2 / 2
    energy: Floats = -free + (state * state).sum(axis=-1) / 2 + constant
    return energy


def largest_norm(patterns: NDArray[Any]) -> float:
    """M = max_i |x_i|."""
    return float(np.linalg.norm(patterns, axis=1).max())


def separation(patterns: NDArray[Any]) -> Floats:
    """Delta_i = x_i.x_i - max_{j != i} x_i.x_j, shape (slots,).

    Infinite for a pattern that stands alone; 0 for one that is stored twice.
    """
    products = patterns @ patterns.T
    own = np.diag(products).copy()
    np.fill_diagonal(products, -np.inf)
    gap: Floats = own - products.max(axis=1)
    return gap


def retrieval_bound(
    patterns: NDArray[Any], index: int, state: NDArray[Any], beta: float,
    fixed_point: NDArray[Any] | None = None,
) -> Floats:
    """|step(xi) - x_i| <= 2 (slots - 1) M e^(-beta (Delta_i - 2 max(|xi - x_i|, |x* - x_i|) M)).

    Source: Ramsauer et al. 2021, theorem 5.

    Parameters
    ----------
    patterns : float array, shape (slots, size)
    index : int
        The pattern that the state should retrieve.
    state : float array, shape (..., size)
    beta : float
    fixed_point : float array, shape (size,), optional
        x*, the fixed point near the pattern. One step holds to the bound without it, which is
        then the tighter one.
    """
    target = patterns[index]
    distance = np.linalg.norm(state - target, axis=-1)
    if fixed_point is not None:
        distance = np.maximum(distance, np.linalg.norm(fixed_point - target))
    largest = largest_norm(patterns)
    margin = separation(patterns)[index] - 2 * distance * largest
    bound: Floats = 2 * (len(patterns) - 1) * largest * np.exp(-beta * margin)
    return bound


def capacity_constant(beta: float, radius: float, size: int, failure: float) -> float:
    """c = b / W0(e^(a + ln b)), so that sqrt(failure) c^((size - 1) / 4) patterns can be stored.

    ::

        b = 2 beta radius^2 / 5     a = 2 / (size - 1) (1 + ln(5 b failure (size - 1)))

    For random patterns on the sphere of radius ``radius * sqrt(size - 1)``.

    Parameters
    ----------
    beta, radius : float
        Positive.
    size : int
        Dimensions, at least 2.
    failure : float
        Probability with which the store may fail, between 0 and 1.

    Raises
    ------
    UsageError
        If a parameter is out of its range.

    Source: Ramsauer et al. 2021, theorem 3.
    """
    b = 2 * beta * radius * radius / 5
    if not (0 < b < math.inf and beta > 0 and size >= 2 and 0 < failure < 1):
        raise UsageError("the capacity is not defined there",
                         found=f"beta {beta}, radius {radius}, size {size}, failure {failure}",
                         expected="beta and radius positive, size at least 2, failure in (0, 1)")
    a = 2 / (size - 1) * (1 + math.log(5 * b * failure * (size - 1)))
    return float(b / wrightomega(a + math.log(b)))  # omega(x) = W0(e^x)


def capacity(beta: float, radius: float, size: int, failure: float) -> float:
    """N = sqrt(failure) c^((size - 1) / 4): patterns that can be stored, at the least."""
    constant = capacity_constant(beta, radius, size, failure)
    return float(math.sqrt(failure) * constant ** ((size - 1) / 4))
