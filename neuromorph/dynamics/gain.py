"""An astrocyte: it gathers calcium slowly, and divides what passes its synapses by it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.numerics import decay, saturate
from neuromorph.numerics.limits import STATE_MAX


def step_astrocyte_fixed(
    calcium: NDArray[Any], a_in: NDArray[Any], *, dv: int, gain_bits: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One step in integers; the last unit is the calcium of the process, the others pass through.

    ::

        c' = saturate(trunc(c · (4096 - dv) / 4096) + a_in[last])
        out_i = trunc(a_in[i] · 2^gain_bits / c') where c' > 0, else 0

    Parameters
    ----------
    calcium : integer array, shape (1,)
    a_in : integer array, shape (units + 1,)
        Synaptic input of each unit, and last what the calcium gains.
    dv : int
        Decay of the calcium, 0 to 4096.
    gain_bits : int
        Fraction bits of the output.

    Returns
    -------
    calcium : int64 array, shape (1,)
    out : int64 array, shape (units + 1,)
        Graded spikes, saturated to 24 bits; the last is 0.
    """
    new = saturate(decay(calcium, dv) + a_in[-1:].astype(np.int64))
    scaled = a_in.astype(np.int64) << gain_bits
    out = np.sign(scaled) * (np.abs(scaled) // max(int(new[0]), 1))
    out[-1] = 0
    return new, np.clip(np.where(new[0] > 0, out, 0), -STATE_MAX, STATE_MAX)


def step_astrocyte_float(
    calcium: NDArray[Any], a_in: NDArray[Any], *, dv: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One step in floats: c' = c(1 - dv) + a_in[last], out_i = a_in[i] / c' where c' > 0."""
    new = calcium * (1 - dv) + a_in[-1:]
    out = np.where(new[0] > 0, a_in / np.where(new[0] > 0, new[0], 1.0), 0.0)
    out[-1] = 0.0
    return new, out
