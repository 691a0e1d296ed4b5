"""Whether a rule can begin with these weights and tags."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import LearningRuleError
from neuromorph.learning.arithmetic import WEIGHT_BOUNDS
from neuromorph.learning.rule import LearningRule
from neuromorph.numerics.limits import TAG_MAX, TAG_MIN
from neuromorph.shapes import Num


def check_sign(weights: Annotated[Num, "post pre"], rule: LearningRule, *, where: str) -> None:
    """Dale's law, in both domains: the weights of a signed rule have that sign.

    Raises
    ------
    LearningRuleError
    """
    if (rule.sign == "excitatory" and (weights < 0).any()) or (
            rule.sign == "inhibitory" and (weights > 0).any()):
        raise LearningRuleError("Dale's law: a first weight has the other sign", where=where,
                                found=_range(weights), expected=rule.sign)


def check_storable(
    weights: Annotated[Num, "post pre"], tags: Annotated[Num, "post pre"], rule: LearningRule, *,
    where: str,
) -> None:
    """In the fixed domain: whole numbers that fit their bits, even where the sign may change.

    Parameters
    ----------
    weights, tags : array, shape (post, pre)
    rule : LearningRule
    where : str
        Named in the error.

    Raises
    ------
    LearningRuleError
    """
    for what, values, (low, high) in (("weight", weights, WEIGHT_BOUNDS[rule.sign]),
                                      ("tag", tags, (TAG_MIN, TAG_MAX))):
        if (values != np.floor(values)).any():
            raise LearningRuleError(f"a first {what} is no whole number", where=where,
                                    hint="scale it to one, or run in floats")
        if values.min() < low or values.max() > high:
            raise LearningRuleError(f"a first {what} does not fit a synapse", where=where,
                                    found=_range(values), expected=f"{low} to {high}")
    if rule.sign == "mixed" and (weights % 2).any():
        raise LearningRuleError("mixed-sign weights must be even: the synapse drops the lowest bit",
                                where=where, hint="store twice the value")


def _range(values: NDArray[Any]) -> str:
    return f"{values.min():g} to {values.max():g}"
