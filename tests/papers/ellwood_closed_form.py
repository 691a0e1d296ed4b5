"""Ellwood's match score as the sum over all pairs of spikes: what the step form is held against."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.dynamics.coincidence import ELLWOOD_KERNEL, FORGETTING, CoincidenceKernel


def match_score(
    pre: NDArray[Any], post: NDArray[Any], *, until: float,
    kernel: CoincidenceKernel = ELLWOOD_KERNEL,
) -> NDArray[np.float64]:
    """g(until) = sum_ij K(post_j - pre_i) e^(-(until - post_j) / 20 000), over post_j <= until.

    Parameters
    ----------
    pre : array, shape (..., spikes)
        Spike times of the axons, ms; NaN where a train is shorter.
    post : array, shape (..., other spikes)
        Spike times of the soma; the leading axes broadcast with those of ``pre``.
    until : float
        ms.

    Returns
    -------
    float64 array, shape (...)
    """
    after = np.asarray(post, np.float64)[..., None, :]
    lag = after - np.asarray(pre, np.float64)[..., :, None]
    kept = np.where(after <= until, np.exp(-(until - after) / FORGETTING), 0.0)
    total: NDArray[np.float64] = (kernel(lag) * kept).sum(axis=(-2, -1))
    return total
