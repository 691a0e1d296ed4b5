"""Signed codes on two axons: an ON and an OFF side, so that no synapse changes its sign."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def on_off(codes: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positive parts and negated negative parts."""
    wide = np.asarray(codes, np.int64)
    return np.maximum(wide, 0), np.maximum(-wide, 0)


def key_payloads(magnitudes: NDArray[Any]) -> NDArray[np.int64]:
    """What writes ``x1 = magnitude`` on every axon: twice that, and 1 for a zero.

    A silent axon would leave its synapse the code that it held.
    """
    return np.where(magnitudes == 0, 1, 2 * magnitudes)
