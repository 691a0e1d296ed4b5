"""Cross-talk between slots: what is stored of one token mixes with what is stored of others.

::

    X' = X + e G X,    G_ij ~ N(0, 1 / n) apart from its diagonal, which is 0

X holds a row a slot, keys or values, shape (n, size); e is the strength of the mixing. Derived
here for heads that were trained without it; Ellwood 2026 trains a layer together with its mixing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuromorph.errors import UsageError

Floats = NDArray[np.float64]

INVERTIBLE = 0.5
"""Below this strength I + e G has an inverse: the norm of G is about 2."""


def mixing(slots: int, rng: np.random.Generator) -> Floats:
    """G, shape (slots, slots): N(0, 1 / slots) off the diagonal, 0 on it."""
    gains: Floats = rng.standard_normal((slots, slots)) / np.sqrt(max(1, slots))
    np.fill_diagonal(gains, 0)
    return gains


def mixed(
    rows: NDArray[Any], gains: NDArray[Any], strength: float, centre: ArrayLike = 0.0
) -> Floats:
    """X' = X + e G (X - c), shape (slots, size).

    What is stored of centred rows is X - c, so only that mixes; c is added by whoever reads.

    Parameters
    ----------
    rows : float array, shape (slots, size)
    gains : float array, shape (slots, slots)
    strength : float
        e, at least 0.
    centre : float array, shape (size,), optional
    """
    found: Floats = rows + strength * (gains @ (rows - np.asarray(centre)))
    return found


def unmixed(rows: NDArray[Any], gains: NDArray[Any], strength: float) -> Floats:
    """(I + e G)^-1 X: what to write where the mixing is known, so that X is read.

    Raises
    ------
    UsageError
        If the strength is so large that there may be no inverse.
    """
    if not 0 <= strength < INVERTIBLE:
        raise UsageError("so strong a mixing may have no inverse", where="cross-talk",
                         found=strength, expected=f"0 up to, not including, {INVERTIBLE}")
    found: Floats = np.linalg.solve(np.eye(len(gains)) + strength * gains, rows)
    return found


def score_noise(scores: NDArray[Any], strength: float) -> Floats:
    """sd = e rms_j(s_j): of each score of a query, where keys mix, shape (queries,).

    Parameters
    ----------
    scores : float array, shape (queries, slots)
        q.k of all slots; centred keys have smaller ones, and softmax sees no difference.
    strength : float
    """
    found: Floats = strength * np.sqrt((np.asarray(scores, np.float64) ** 2).mean(axis=-1))
    return found


def spread(weights: NDArray[Any], values: NDArray[Any]) -> Floats:
    """rho^2 = sum_j p_j^2 mean_j |v_j|^2 / |o|^2, shape (queries,), o = sum_j p_j v_j.

    1 for values that are random and of mean 0; large where attention looks at slots with small
    values (sinks), or values cancel.

    Parameters
    ----------
    weights : float array, shape (queries, slots)
        Softmax weights p.
    values : float array, shape (slots, size)
    """
    held = np.asarray(values, np.float64)
    answers = (np.asarray(weights) @ held) ** 2
    power = (np.asarray(weights, np.float64) ** 2).sum(axis=-1) * (held**2).sum(axis=1).mean()
    found: Floats = power / np.maximum(answers.sum(axis=-1), np.finfo(np.float64).tiny)
    return found


def value_cosine(strength: float, rho_squared: ArrayLike = 1.0) -> Floats:
    """1 / sqrt(1 + e^2 rho^2): cosine of an answer to that without mixing, where values mix."""
    found: Floats = 1 / np.sqrt(1 + strength**2 * np.asarray(rho_squared, np.float64))
    return found
