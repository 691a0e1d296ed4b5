"""Graded latency neuron: it integrates, fires once past threshold, and says by how much."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.numerics import saturate, wrap
from neuromorph.numerics.limits import INPUT_SHIFT


def latency_payload(
    overshoot: NDArray[Any], early: NDArray[np.bool_], *, base: int, span: int, gain: int,
    gain_shift: int,
) -> NDArray[np.int64]:
    """Payload 2 base 2^-x of a spike that is x ramp steps past threshold, by straight lines.

    ::

        z = (min(overshoot, span) * gain) >> gain_shift        x in units of 1 / base
        e, f = z // base, z % base
        p = max(1, (2 base - f) >> e)    an early spike, out of a negative potential
        p = 2 base - f                   within a step of threshold (e = 0)
        p = 2 base                       else: a forced spike, which was due later

    The lines lie above the power of two by at most 6 %. A ramp never overshoots by more than
    a step, so what does is either early, and the weaker the further, or forced.

    Parameters
    ----------
    overshoot : integer array
        v - (vth << 6), positive where there is a spike.
    early : bool array
        Whether the potential was negative before the step.
    base : int
        A power of two.
    span, gain, gain_shift : int
        Overshoot beyond which the payload stays; ``gain / 2^gain_shift`` is base a step.
    """
    z = (np.minimum(overshoot.astype(np.int64), span) * gain) >> gain_shift
    whole, line = z // base, 2 * base - z % base
    faint = np.maximum(1, line >> np.clip(whole, 0, 62))
    return np.where(whole == 0, line, np.where(early, faint, 2 * base))


def step_latency(
    v: NDArray[Any], a_in: NDArray[Any], *, vth: int, base: int, span: int, gain: int,
    gain_shift: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """v' = saturate(v + wrap(a_in << 6)); past threshold emit the payload and set v' = 0.

    Returns
    -------
    v : int64 array
    payload : int64 array
        0 where there is no spike.
    """
    before = v.astype(np.int64)
    new = saturate(before + wrap(a_in.astype(np.int64) << INPUT_SHIFT))
    overshoot = new - (vth << INPUT_SHIFT)
    spikes = overshoot > 0
    graded = latency_payload(np.where(spikes, overshoot, 0), before < 0, base=base, span=span,
                             gain=gain, gain_shift=gain_shift)
    return np.where(spikes, 0, new), np.where(spikes, graded, 0)
