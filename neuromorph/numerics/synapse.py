"""Dense synapses: spikes in, synaptic input out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.numerics import shift


def accumulate_fixed(
    weights: NDArray[Any], spikes: NDArray[Any], *, exponent: int, graded: bool
) -> NDArray[np.int64]:
    """(sum_j weights[:, j] * s_j) << exponent; s_j is 1 for any plain spike.

    Parameters
    ----------
    weights : integer array, shape (post, pre)
    spikes : integer array, shape (pre,)
        Payloads, or anything non-zero for a plain spike.
    exponent : int
        Shift of the sum; negative rounds towards minus infinity.
    graded : bool
        Whether payloads count.
    """
    sent = spikes.astype(np.int64) if graded else (spikes != 0).astype(np.int64)
    return shift(weights.astype(np.int64) @ sent, exponent)


def accumulate_float(
    weights: NDArray[Any], spikes: NDArray[Any], *, graded: bool
) -> NDArray[np.float64]:
    """sum_j weights[:, j] * s_j."""
    sent = spikes if graded else (spikes != 0)
    result: NDArray[np.float64] = weights.astype(np.float64) @ sent.astype(np.float64)
    return result
