"""Learning rules for fast weights: one association, or one coincidence, at a time.

Pure functions ``(weights, what came) -> weights``. S has shape (value_size, key_size), a key k
(key_size,), a value v (value_size,); S k is what the weights answer to k. Keys are meant to have
norm 1: a rule with an error term overshoots for longer ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def hebb(weights: NDArray[Any], key: NDArray[Any], value: NDArray[Any]) -> Floats:
    """S' = S + v k^T: what happens together is bound, whatever was there."""
    return decaying_hebb(weights, key, value, keep=1.0)


def decaying_hebb(
    weights: NDArray[Any], key: NDArray[Any], value: NDArray[Any], *, keep: float
) -> Floats:
    """S' = keep S + v k^T: older bindings fade, ``keep`` from 0 to 1."""
    return keep * weights + np.outer(value, key)


def delta(
    weights: NDArray[Any], key: NDArray[Any], value: NDArray[Any], *, rate: float = 1.0
) -> Floats:
    """S' = S + rate (v - S k) k^T: only the surprise is learned (Rescorla and Wagner)."""
    return gated_delta(weights, key, value, keep=1.0, rate=rate)


def delta_sweep(keys: NDArray[Any]) -> Floats:
    """P of R' = P R: what one pass of the delta rule over all pairs makes of their errors.

    ::

        R = V - K S^T,   G = K K^T,   L = tril(G),   P = I - G L^-1

    A pass is one Gauss-Seidel sweep on G. It is exact at once for orthonormal keys (P = 0), and
    in the limit for independent ones, at the rate of P's spectral radius.

    Parameters
    ----------
    keys : array, shape (pairs, key_size)
        K, of norm 1.

    Returns
    -------
    float64 array, shape (pairs, pairs)
    """
    gram = np.asarray(keys, np.float64) @ np.transpose(keys)
    sweep: Floats = np.eye(len(gram)) - np.linalg.solve(np.tril(gram).T, gram.T).T
    return sweep


def gated_delta(
    weights: NDArray[Any], key: NDArray[Any], value: NDArray[Any], *, keep: float,
    rate: float = 1.0,
) -> Floats:
    """S' = keep S (I - rate k k^T) + rate v k^T: fade, erase what k answered, write v.

    Parameters
    ----------
    weights : float array, shape (value_size, key_size)
    key : float array, shape (key_size,)
    value : float array, shape (value_size,)
    keep : float
        Share of the old weights that stays, 0 to 1.
    rate : float
        Share of the error that is corrected, 0 to 1 for a key of norm 1.
    """
    faded = keep * weights
    return faded + rate * np.outer(value - faded @ key, key)


def oja(weights: NDArray[Any], inputs: NDArray[Any], *, rate: float) -> Floats:
    """W' = W + rate y (x - y W), y = W x: Hebb, bounded; rows span the leading components.

    Parameters
    ----------
    weights : float array, shape (outputs, inputs)
    inputs : float array, shape (inputs,)
    rate : float
        Step size; far below 1 / |x|^2.
    """
    outputs = weights @ inputs
    learned: Floats = weights + rate * np.outer(outputs, inputs - outputs @ weights)
    return learned


def bcm(
    weights: NDArray[Any], threshold: NDArray[Any], inputs: NDArray[Any], *, rate: float,
    threshold_rate: float,
) -> tuple[Floats, Floats]:
    """W' = W + rate y (y - theta) x^T, theta' = theta + threshold_rate (y^2 - theta), y = W x.

    Weak answers are weakened, strong ones strengthened; theta follows E[y^2] and moves the line
    between them.

    Parameters
    ----------
    weights : float array, shape (outputs, inputs)
    threshold : float array, shape (outputs,)
        theta, one an output.
    inputs : float array, shape (inputs,)
    rate, threshold_rate : float
        Step sizes; theta must be the faster one.

    Returns
    -------
    weights, threshold : float arrays, shapes as they came
    """
    outputs = weights @ inputs
    learned = weights + rate * np.outer(outputs * (outputs - threshold), inputs)
    return learned, threshold + threshold_rate * (outputs**2 - threshold)


def multiplicative(weights: NDArray[Any], gradient: NDArray[Any], *, rate: float) -> Floats:
    """w' = w e^(-rate gradient): a sign never flips (Dale's law), a step adds to log |w|.

    With gradient -1 at each coincidence and rate ln(1 + eta), c of them leave
    w (1 + eta)^c = w e^(c ln(1 + eta)): an exponential of the match count, as in a softmax.
    """
    learned: Floats = weights * np.exp(-rate * gradient)
    return learned
