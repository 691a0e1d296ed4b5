"""Writing products of a learning rule so that a rate means the same in both domains."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal, TypeAlias

from neuromorph.errors import LearningRuleError
from neuromorph.learning.parse import parse_series
from neuromorph.learning.rule import LearningRule

Domain: TypeAlias = Literal["fixed", "float"]

EXPONENTS = range(8, -8, -1)
LARGEST_MANTISSA = 7


def product(value: float, factors: str, domain: Domain) -> str:
    """``m*2^e*factors``, which changes its target by ``value`` times the factors.

    ::

        m 2^e = value                   float
        m 2^e = value 2^right           fixed, where the engine shifts products right

    Parameters
    ----------
    value : float
        A whole multiple m of a power of two, |m| up to 7, and not 0.
    factors : str
        Condition and factors, such as ``y0*x1``.
    domain : {"fixed", "float"}

    Raises
    ------
    LearningRuleError
        If no constant of the learning engine is this value.
    """
    (term,) = parse_series("rate", factors)
    shift = term.right_shift if domain == "fixed" else 0
    for exponent in EXPONENTS:
        mantissa = math.ldexp(value, shift - exponent)
        if mantissa and abs(mantissa) <= LARGEST_MANTISSA and mantissa.is_integer():
            return f"{int(mantissa)}*2^{exponent}*{factors}"
    unit = math.ldexp(1.0, min(EXPONENTS) - shift)
    raise LearningRuleError("no constant of the learning engine is this rate", where=factors,
                            found=value, expected=f"m*2^k*{unit:g} with m from -7 to 7, not 0, "
                                                  f"and k from 0 to {len(EXPONENTS) - 1}",
                            hint="smaller impulses do what a smaller rate would")


def series(*products: str) -> str:
    """The sum of products, as text."""
    return " + ".join(products).replace("+ -", "- ")


def with_presynaptic_trace(rule: LearningRule, impulse: float | None, tau: float) -> LearningRule:
    """The rule with a trace x1: of spikes, or without an impulse of payloads.

    A payload with ``tau`` 0 stays until the next one overwrites it.
    """
    if impulse is None:
        return replace(rule, payload="overwrite", x1_impulse=0, x1_tau=tau or math.inf)
    return replace(rule, x1_impulse=impulse, x1_tau=tau)
