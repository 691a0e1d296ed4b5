"""Attention as a function that can be swapped: softmax, uniform, or spikes from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]

Attend: TypeAlias = Callable[[int, Array, Array, Array], Array]
"""``context = attend(layer, q, k, v)``; each (images, heads, tokens, head_size), q unscaled."""


def softmax_attention(layer: int, q: Array, k: Array, v: Array) -> Array:  # noqa: ARG001
    """context = softmax(q kᵀ / √d) v, every token attending to every token.

    Parameters
    ----------
    layer : int
        Not used: every layer is alike.
    q, k, v : (images, heads, tokens, head_size) float array

    Returns
    -------
    context : (images, heads, tokens, head_size) float array
    """
    scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])
    # The row's maximum cancels; without it exp could overflow.
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    context: Array = weights @ v
    return context


def uniform_attention(layer: int, q: Array, k: Array, v: Array) -> Array:  # noqa: ARG001
    """context_i = Σ_j v_j / tokens: no attention at all, the control for what it is worth.

    Parameters
    ----------
    layer : int
        Not used.
    q, k : (images, heads, tokens, head_size) float array
        Not used.
    v : (images, heads, tokens, head_size) float array

    Returns
    -------
    context : (images, heads, tokens, head_size) float array
        The same vector for every token.
    """
    context: Array = np.broadcast_to(v.mean(axis=-2, keepdims=True), v.shape)
    return context
