"""Which rules lava-nc's float learning cannot run; its fixed learning runs all of ours."""

from __future__ import annotations

from neuromorph.learning.rule import TRACES, LearningRule


def reason_against_stock_float(rule: LearningRule) -> str | None:
    """Why lava-nc's float `LearningDense` cannot run the rule, or None."""
    if any(rule.tau(trace) == 0 for trace in TRACES):
        return "stock float learning makes NaN of a trace with a time constant of 0"
    terms = (*rule.weight_terms, *rule.tag_terms)
    if any(f.variable in ("x0", "y0") for term in terms for f in term.factors):
        return "stock float learning takes one condition a product"
    if any(f.sign for term in terms for f in term.factors):
        return "stock float learning cannot evaluate sgn()"
    return None
