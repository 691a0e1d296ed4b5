"""Learning rules as data, and what a plastic projection does with one."""

from neuromorph.learning.draws import Draws, DrawSupply, make_draws
from neuromorph.learning.named import RULES
from neuromorph.learning.rule import LearningRule
from neuromorph.learning.step import (
    Plastic,
    count_updates,
    rest,
    step_plastic_fixed,
    step_plastic_float,
)
from neuromorph.learning.terms import Factor, Term

__all__ = [
    "RULES",
    "DrawSupply",
    "Draws",
    "Factor",
    "LearningRule",
    "Plastic",
    "Term",
    "count_updates",
    "make_draws",
    "rest",
    "step_plastic_fixed",
    "step_plastic_float",
]
