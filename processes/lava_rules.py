"""From a learning rule as data to what Lava's learning connections take."""

from __future__ import annotations

import math
from typing import Any

from lava.magma.core.learning.constants import GradedSpikeCfg
from lava.magma.core.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule
from lava.utils.weightutils import SignMode

from neuromorph.learning import LearningRule
from neuromorph.learning.terms import series_text

FOREVER = 2**62
"""A time constant after which e^(-1/tau) is 1 in floats; Lava keeps it as an integer."""

SIGNS = {"mixed": SignMode.MIXED, "excitatory": SignMode.EXCITATORY,
         "inhibitory": SignMode.INHIBITORY}


def learning_settings(rule: LearningRule, *, modulated: bool) -> dict[str, Any]:
    """What a stock `LearningDense` takes beyond a `Dense`, so that it learns by the rule.

    Parameters
    ----------
    rule : LearningRule
    modulated : bool
        Whether y1, y2 and y3 are third factors.
    """
    overwrite = rule.payload == "overwrite"
    return {
        "sign_mode": SIGNS[rule.sign],
        "learning_rule": _third_factor_rule(rule) if modulated else _rule(rule),
        "graded_spike_cfg": (GradedSpikeCfg.OVERWRITE if overwrite
                             else GradedSpikeCfg.USE_REGULAR_IMPULSE),
    }


def _rule(rule: LearningRule) -> Loihi2FLearningRule:
    post = {f"{y}_{what}": value for y in ("y1", "y2", "y3")
            for what, value in (("impulse", rule.impulse(y)), ("tau", _tau(rule, y)))}
    return Loihi2FLearningRule(**_common(rule), **post)


def _third_factor_rule(rule: LearningRule) -> Loihi3FLearningRule:
    """Lava would let third factors decay with a time constant of 65535 steps; ours stay."""
    made = Loihi3FLearningRule(**_common(rule))
    made.y1_tau = made.y2_tau = made.y3_tau = FOREVER
    return made


def _common(rule: LearningRule) -> dict[str, Any]:
    return {
        "dw": series_text(rule.weight_terms) or None,
        "dt": series_text(rule.tag_terms) or None,
        "x1_impulse": rule.x1_impulse, "x1_tau": _tau(rule, "x1"),
        "x2_impulse": rule.x2_impulse, "x2_tau": _tau(rule, "x2"),
        "t_epoch": rule.epoch, "rng_seed": rule.seed,
    }


def _tau(rule: LearningRule, trace: str) -> float:
    return FOREVER if math.isinf(rule.tau(trace)) else rule.tau(trace)
