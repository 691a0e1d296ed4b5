"""Graded latency neuron: it integrates, fires once past threshold, and says by how much."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.numerics import saturate, wrap
from neuromorph.numerics.limits import INPUT_SHIFT


def latency_payload(
    overshoot: NDArray[Any], *, base: int, span: int, gain: int, gain_shift: int
) -> NDArray[np.int64]:
    """p = 2*base - ((min(overshoot, span) * gain) >> gain_shift).

    The straight line from 2*base (just past threshold) to base (one whole ramp step past
    it): with base * 2^-f for a fraction f of a step, off by at most 6 %.
    """
    within = np.minimum(overshoot.astype(np.int64), span)
    return 2 * base - ((within * gain) >> gain_shift)


def step_latency(
    v: NDArray[Any], a_in: NDArray[Any], *, vth: int, base: int, span: int, gain: int, gain_shift: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """v' = saturate(v + wrap(a_in << 6)); past threshold emit the payload and set v' = 0.

    Returns
    -------
    v : int64 array
    payload : int64 array
        0 where there is no spike.
    """
    new = saturate(v.astype(np.int64) + wrap(a_in.astype(np.int64) << INPUT_SHIFT))
    overshoot = new - (vth << INPUT_SHIFT)
    spikes = overshoot > 0
    graded = latency_payload(overshoot, base=base, span=span, gain=gain, gain_shift=gain_shift)
    return np.where(spikes, 0, new), np.where(spikes, graded, 0)
