"""Norms of each head's queries and keys as integers, and what their numbers stand for."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import Annotated

import numpy as np

from neuromorph.circuits.block.numbers import X_LIMIT, HeadNorm
from neuromorph.circuits.block.project import partner_of
from neuromorph.circuits.norm import norm_of
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Float64
from neuromorph.translate.block.float_norm import Floats
from neuromorph.translate.block.floats import FloatBlock
from neuromorph.translate.block.quantised import payload_of
from neuromorph.translate.block.scales import LEAST, multiplier_of


def head_norms_of(
    floats: FloatBlock, units: dict[str, Annotated[Float64, "_"]], period: int
) -> tuple[dict[str, HeadNorm], dict[str, Annotated[Float64, "_"]]]:
    """The norms of queries and keys; and the units of what is made codes of, behind them.

    ::

        n_j = payload x_j / rms(x)              |n_j| <= ||n||, so that nothing is ever cut off
        y_j = MS(n_j; gain_j, shift_j)          unit_j y_j = gain_j x_j / rms(x), |y_j| <= 2^15 - 1

    Parameters
    ----------
    floats : FloatBlock
    units : dict
        Of queries, keys and values as their layers make them.
    period : int

    Raises
    ------
    CalibrationError
        If a gain has no multiplier.
    """
    norms: dict[str, HeadNorm] = {}
    behind = dict(units)
    for role, own in floats.head_norms.items():
        heads = len(units[role]) // floats.size
        norm = norm_of(floats.size, X_LIMIT / sqrt(floats.size), STATE_MAX, period,
                       epsilon=own.epsilon / float(units[role][0]) ** 2, heads=heads)
        norm = replace(norm, limit=norm.longest)
        most = _largest(np.abs(own.gain), floats.rotary is not None)
        unit = most * norm.longest / payload_of(norm) / X_LIMIT
        gain, shift = multiplier_of(np.abs(own.gain) / (payload_of(norm) * unit),
                                    f"{floats.name}.{role}_norm")
        norms[role] = HeadNorm(norm, np.where(own.gain < 0, -gain, gain), shift)
        behind[role] = np.tile(unit, heads)
    return norms, behind


def _largest(gain: Floats, rotary: bool) -> Floats:
    """Of both of a pair that is turned; far from 0, as a unit has to be."""
    pairs = np.maximum(gain, gain[partner_of(len(gain), len(gain))]) if rotary else gain
    return np.maximum(pairs, max(LEAST * float(gain.max()), LEAST))
