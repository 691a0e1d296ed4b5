"""Where the codes of values have their zero: so that the most attended values round least.

A context is a mean of values. Where one token has most of the weight, as attention sinks have, the
rounding of its code is in every context. A shift of the centre by less than a step is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from neuromorph.translate.block.float_norm import Floats
from neuromorph.translate.block.floats import FloatBlock, Trace
from neuromorph.translate.code import LayerCode

OFFSETS = 32
"""Parts of a step that are tried."""


def aligned(code: LayerCode, floats: FloatBlock, traces: Sequence[Trace]) -> LayerCode:
    """The code with value centres that are shifted by less than half a step.

    ::

        least over c of  sum_t m_t (v_t - c - scale round((v_t - c) / scale))^2
        m_t = sum over queries and heads of share_t^2

    The mean square error of a context, if codes round independently of each other.
    """
    values = np.concatenate([floats.by_head(t.value) for t in traces], axis=1)
    weights = np.concatenate([t.attended for t in traces], axis=1)[..., None]
    steps = values / code.value_scale[:, None]
    best, least = np.zeros_like(code.value_centre), np.full(code.value_centre.shape, np.inf)
    for offset in np.arange(OFFSETS) / OFFSETS - .5:
        left = _rounded_off(steps - (code.value_centre / code.value_scale + offset)[:, None])
        errors = (weights * left * left).sum(axis=1)
        best, least = np.where(errors < least, offset, best), np.minimum(errors, least)
    return replace(code, value_centre=code.value_centre + best * code.value_scale)


def _rounded_off(steps: Floats) -> Floats:
    left: Floats = steps - np.rint(steps)
    return left
