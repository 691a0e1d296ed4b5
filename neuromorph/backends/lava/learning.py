"""From a plastic projection to Lava's LearningDense."""

from __future__ import annotations

from typing import Any

from lava.proc.dense.process import LearningDense

from neuromorph.learning import LearningRule
from neuromorph.network import Projection
from neuromorph.processes.lava_rules import learning_settings


def learning_dense(projection: Projection, rule: LearningRule, settings: dict[str, Any]) -> Any:
    """The stock Process of a plastic projection.

    Parameters
    ----------
    projection, rule : Projection, LearningRule
    settings : dict
        What every Dense takes: weights, message bits, weight exponent.
    """
    return LearningDense(**settings | learning_settings(rule, modulated=projection.modulated))
