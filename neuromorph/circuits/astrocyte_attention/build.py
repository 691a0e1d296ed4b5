"""Feature axons, one plastic memory, and an astrocyte that divides what it reads.

Source: Kozachkov, Kastanenka and Krotov, PNAS 2023 (e2219150120).
"""

from __future__ import annotations

import numpy as np

from neuromorph.circuits.astrocyte_attention.ports import FEATURE_LIMIT, inputs_of, outputs_of
from neuromorph.errors import NetworkError
from neuromorph.learning import LearningRule
from neuromorph.network import Astrocyte, Network, Phase, Population, Projection, Schedule
from neuromorph.numerics.limits import DECAY_UNITY, STATE_MAX, WEIGHT_MAX

FEATURES_MAX = STATE_MAX // (2 * FEATURE_LIMIT * WEIGHT_MAX)
"""Most features whose sum the calcium's 24 bits hold, whatever is written."""


def write_rule(exponent: int = -7, seed: int = 0) -> LearningRule:
    """H <- H + 2^(exponent - 3) v φ(k)ᵀ, rounded at random.

    ::

        dw = 2^exponent x0 x1 y1 - 2^exponent x0 x1 y2        x1 = φ(k), y1 - y2 = v

    The product of two 7-bit traces loses 3 bits, hence the 2^-3. Only axons that speak write,
    and only while a value is there: queries leave the memory alone.
    """
    return LearningRule(dw=f"2^{exponent}*x0*x1*y1 - 2^{exponent}*x0*x1*y2", payload="overwrite",
                        seed=seed)


def build(
    features: int, value_size: int, *, exponent: int = -7, gain_bits: int = 12, seed: int = 0
) -> Network:
    """One head of linear attention; it writes a token in a step, and reads a query in a step.

    ::

        feature --(memory: plastic)--> astrocyte      out = H φ(q) · 2^gain_bits / (p . φ(q))
        value_on, value_off = y1, y2 of memory

    The memory's last row is p, the astrocyte's calcium: a value of one is written there with
    every token, so that it gathers Σ φ(k).

    Parameters
    ----------
    features : int
        1 to `FEATURES_MAX`.
    value_size : int
        d_v.
    exponent : int
        Of the write rule, -7 to 0.
    gain_bits : int
        Fraction bits of the output.
    seed : int
        Of the random rounding.

    Raises
    ------
    NetworkError
        If a size is out of range.
    """
    if not 1 <= features <= FEATURES_MAX or value_size < 1:
        raise NetworkError("sizes are out of range", where="astrocyte attention",
                           found=f"{features} features, {value_size} values",
                           expected=f"1 to {FEATURES_MAX} features, 1 value or more")
    inputs = inputs_of(features, value_size)
    astrocyte = Population("astrocyte", value_size + 1,
                           Astrocyte(dv=DECAY_UNITY, gain_bits=gain_bits))
    return Network("astrocyte_attention", "fixed", (
        *(port.source for port in inputs), astrocyte,
    ), (
        Projection("memory", "feature", "astrocyte",
                   np.zeros((astrocyte.size, features), np.int32),
                   graded=True, rule=write_rule(exponent, seed),
                   modulators=("value_on", "value_off", None)),
    ), Schedule(2, (Phase("write", 0, 1), Phase("read", 1, 2))), inputs=inputs,
        outputs=outputs_of(astrocyte))
