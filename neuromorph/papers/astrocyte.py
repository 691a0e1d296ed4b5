"""Attention out of a Hebbian synapse and an astrocyte that divides: write, then read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import InputError, TensorError

Floats = NDArray[np.float64]


class Tripartite(NamedTuple):
    """Synapses H (value_size, m), and the calcium p (m,) of the astrocyte that wraps them."""

    synapses: Floats
    calcium: Floats


def tripartite_at_rest(value_size: int, features: int) -> Tripartite:
    """H = 0, p = 0: nothing is written."""
    return Tripartite(np.zeros((value_size, features)), np.zeros(features))


def write_token(state: Tripartite, key: Floats, value: Floats) -> Tripartite:
    """H' = H + v φ(k)ᵀ / m, p' = p + φ(k): the write phase of one token.

    Parameters
    ----------
    state : Tripartite
    key : float array, shape (m,)
        φ(k), not negative.
    value : float array, shape (value_size,)

    Raises
    ------
    TensorError
        If key or value do not fit the synapses.
    """
    if (*value.shape, *key.shape) != state.synapses.shape:
        raise TensorError("key and value do not fit the synapses", where="write_token",
                          found=(*value.shape, *key.shape), expected=state.synapses.shape)
    return Tripartite(state.synapses + np.outer(value, key / key.size), state.calcium + key)


def read_token(state: Tripartite, query: Floats) -> tuple[Floats, float]:
    """C = φ(q).p / m, gain g = 1 / C, output H φ(q) g: the read phase of one token.

    The calcium changes nothing while it is read. Its processes take the mean, as the synapses
    do through their 1 / m, so C tends to Σ_i exp(q.k_i / √d) as m grows, and the output to
    softmax attention.

    Parameters
    ----------
    state : Tripartite
    query : float array, shape (m,)
        φ(q), not negative.

    Returns
    -------
    output : float array, shape (value_size,)
        Without the residual, which is the caller's.
    normaliser : float
        C.

    Raises
    ------
    TensorError
        If the query does not fit.
    InputError
        If C is not positive: nothing was written, or no feature is shared.

    Source: Kozachkov, Kastanenka and Krotov, PNAS 2023 (e2219150120).
    """
    if query.shape != state.calcium.shape:
        raise TensorError("the query does not fit the synapses", where="read_token",
                          found=query.shape, expected=state.calcium.shape)
    normaliser = float(query @ state.calcium) / query.size
    if not (normaliser > 0 and np.isfinite(normaliser)):
        raise InputError("the astrocyte has nothing to divide by", where="read_token",
                         found=normaliser, expected="a positive, finite number",
                         hint="write a token first")
    output: Floats = (state.synapses @ query) * (1 / normaliser)
    return output, normaliser


def linear_attention(
    queries: Floats, keys: Floats, values: Floats
) -> tuple[Floats, Floats]:
    """o_t = Σ_i v_i φ(k_i).φ(q_t) / Σ_i φ(k_i).φ(q_t), all tokens at once: the closed form.

    Parameters
    ----------
    queries : float array, shape (queries, m)
        φ(q).
    keys : float array, shape (keys, m)
        φ(k).
    values : float array, shape (keys, value_size)

    Returns
    -------
    output : float array, shape (queries, value_size)
    normaliser : float array, shape (queries,)
        C_t = Σ_i φ(k_i).φ(q_t) / m.
    """
    weights = queries @ keys.T / queries.shape[1]
    normaliser: Floats = weights.sum(axis=1)
    output: Floats = weights @ values / normaliser[:, None]
    return output, normaliser
