"""Leaky accumulator with a full 24-bit input, cleared when it passes its threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.numerics import decay, saturate


def step_readout_fixed(
    v: NDArray[Any], a_in: NDArray[Any], *, dv: int, vth: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """v' = saturate(trunc(v * (4096 - dv) / 4096) + a_in); spike = v' > vth, then v' = 0."""
    new = saturate(decay(v, dv) + a_in.astype(np.int64))
    spikes = new > vth
    return np.where(spikes, 0, new), spikes


def step_readout_float(
    v: NDArray[Any], a_in: NDArray[Any], *, dv: float, vth: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """v' = v(1 - dv) + a_in; spike = v' > vth, then v' = 0."""
    new = v * (1 - dv) + a_in
    spikes = new > vth
    return np.where(spikes, 0.0, new), spikes
