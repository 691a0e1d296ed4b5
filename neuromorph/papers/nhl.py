"""Neuro-modulated Hebbian learning at test time: a layer follows data that drifts, without labels.

::

    u = W x,  p = softmax(u / tau)                       soft competition between units
    dW_k = rate <p_k (x - u_k w_k)>                      soft Hebb: feed-forward
    dW   = rate (D(batch) - D(source)),  D_k = <p_k (x - u_k w_k)>           the same, anchored

A batch of rows has shape (batch, inputs), W (units, inputs). What modulates it is a gain and a
threshold a channel: `dynamics.homeostasis`.

Source: Tang et al., CVPR 2023 (arXiv 2303.00914), of which no code was released: the Hebbian rule
is reconstructed, the anchored form and homeostasis are ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from neuromorph.dynamics.homeostasis import check_finite
from neuromorph.errors import TensorError, UsageError

Floats = NDArray[np.float64]


def soft_hebb(weights: NDArray[Any], data: NDArray[Any], tau: float = 1.0) -> Floats:
    """D_k = <p_k (x - u_k w_k)>, shape of the weights: what a rate multiplies.

    Raises
    ------
    TensorError
        If data do not fit the weights or are not finite.
    UsageError
        If tau is not positive.
    """
    if data.ndim != 2 or weights.ndim != 2 or data.shape[1] != weights.shape[1] or not len(data):
        raise TensorError("data do not fit the weights", where="soft Hebb", found=data.shape,
                          expected=f"(batch, {weights.shape[-1]})")
    check_finite(data, "soft Hebb")
    if not tau > 0:
        raise UsageError("no such temperature", where="soft Hebb", found=tau, expected="above 0")
    u = data @ weights.T
    p = softmax(u / tau, axis=1)
    found: Floats = (p.T @ data - (p * u).sum(axis=0)[:, None] * weights) / len(data)
    return found
