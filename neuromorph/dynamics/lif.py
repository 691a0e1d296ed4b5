"""Current-based leaky integrate-and-fire neuron, integer and float."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.numerics import decay, saturate, wrap
from neuromorph.numerics.limits import INPUT_SHIFT


class LIFState(NamedTuple):
    """Current and potential of each neuron."""

    u: NDArray[Any]
    v: NDArray[Any]


def step_lif_fixed(
    state: LIFState, a_in: NDArray[Any], *, du: int, dv: int, vth: int, bias: int = 0,
    input_shift: int = INPUT_SHIFT,
) -> tuple[LIFState, NDArray[np.bool_]]:
    """One step of Loihi's stock neuron.

    ::

        u' = wrap(trunc(u * (4096 - du) / 4096) + (a_in << input_shift))
        v' = saturate(trunc(v * (4096 - dv) / 4096) + u' + bias)
        spike = v' > vth << 6, then v' = 0

    Parameters
    ----------
    state : LIFState of int64 arrays
    a_in : integer array, same shape
        Synaptic input.
    du, dv : int
        Effective decays, 0 to 4096.
    vth : int
        Threshold before alignment.
    bias : int
        ``bias_mant << bias_exp``.
    input_shift : int
        Alignment of the synaptic input, 0 to 6; stock Lava has 6.

    Source: lava-nc 0.10 `PyLifModelBitAcc`, whose register ``du`` is this one minus 1.
    """
    u = wrap(decay(state.u, du) + (a_in.astype(np.int64) << input_shift))
    v = saturate(decay(state.v, dv) + u + bias)
    spikes = v > (vth << INPUT_SHIFT)
    return LIFState(u, np.where(spikes, 0, v)), spikes


def step_lif_float(
    state: LIFState, a_in: NDArray[Any], *, du: float, dv: float, vth: float, bias: float = 0.0
) -> tuple[LIFState, NDArray[np.bool_]]:
    """One step in floats: u' = u(1 - du) + a_in, v' = v(1 - dv) + u' + bias, spike = v' > vth."""
    u = state.u * (1 - du) + a_in
    v = state.v * (1 - dv) + u + bias
    spikes = v > vth
    return LIFState(u, np.where(spikes, 0.0, v)), spikes
