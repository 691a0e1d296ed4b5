"""A rule's text means to us what it means to Lava."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorph.errors import LearningRuleError
from neuromorph.learning import Factor, Term
from neuromorph.learning.parse import parse_series
from neuromorph.learning.terms import WIDEST_PRODUCT, WIDTHS


@pytest.fixture(scope="module")
def lava_terms() -> Any:
    """Text to terms, by Lava's own parser."""
    importlib.import_module("neuromorph.processes")  # it makes Lava importable
    from lava.magma.core.learning.product_series import ProductSeries
    from lava.magma.core.learning.symbolic_equation import SymbolicEquation

    def read(text: str) -> tuple[Term, ...]:
        products = ProductSeries(SymbolicEquation("dw", text)).products
        return tuple(Term(p.s_mantissa, p.s_exp - 7, p.dependency, p.decimate_exponent,
                          tuple(Factor(f.state_var, f.const or 0, f.is_sgn) for f in p.factors))
                     for p in products)

    return read


@st.composite
def factors(draw: Any) -> str:
    """A trace, weight or tag, bare, shifted, or its sign."""
    name = draw(st.sampled_from([name for name in WIDTHS if name not in ("x0", "y0")]))
    limit = 1 << WIDTHS[name]
    shift = draw(st.sampled_from([None, *range(1, 5), limit - 1, -1, -limit]))
    body = name if shift is None else f"{name}{shift:+d}"
    forms = [f"({body})"] + ([body] if shift is None else [])
    forms += [f"sgn({body})"] if name in ("w", "t") else []
    return str(draw(st.sampled_from(forms)))


@st.composite
def products(draw: Any, rate: int) -> str:
    """A constant as people write it, a condition, and factors in any order behind it."""
    mantissa, exponent = draw(st.integers(1, 8)), draw(st.integers(-7, 7))
    constant = draw(st.sampled_from(
        ["", f"{mantissa}*", f"2^{exponent}*", f"{mantissa}*2^{exponent}*", "2^+2*"]))
    condition = draw(st.sampled_from(["x0", "y0", f"u{rate}"]))
    others = st.one_of(factors(), st.sampled_from(["x0", "y0"])).filter(lambda f: f != condition)
    return constant + "*".join([condition, *draw(st.lists(others, max_size=3))])


@st.composite
def series(draw: Any) -> str:
    rate = draw(st.integers(0, 9))
    terms = draw(st.lists(products(rate), min_size=1, max_size=4))
    signs = draw(st.lists(st.sampled_from([" + ", " - ", "+", "-"]), min_size=len(terms) - 1,
                          max_size=len(terms) - 1))
    first = draw(st.sampled_from(["", "-"]))
    return first + terms[0] + "".join(s + t for s, t in zip(signs, terms[1:], strict=True))


def conditions_last(term: Term) -> Term:
    """Lava keeps a second condition where it stands, we behind the other factors: no matter."""
    return Term(term.mantissa, term.exponent, term.condition, term.decimation, tuple(
        sorted(term.factors, key=lambda f: f.variable in ("x0", "y0"))))


@given(text=series())
@settings(max_examples=200, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_text_has_the_same_terms_in_lava(lava_terms: Any, text: str) -> None:
    """And where it has not, it is a product too wide for us, which Lava would let wrap."""
    theirs = tuple(map(conditions_last, lava_terms(text)))
    try:
        ours = parse_series("dw", text)
    except LearningRuleError:
        assert any(term.width > WIDEST_PRODUCT for term in theirs)
        return
    assert ours == theirs


@given(text=series())
@settings(max_examples=100, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_canonical_text_has_the_same_terms_in_lava(lava_terms: Any, text: str) -> None:
    try:
        ours = parse_series("dw", text)
    except LearningRuleError:
        return
    assert lava_terms("+".join(map(str, ours)).replace("+-", "-")) == ours


@pytest.mark.parametrize("text", ["x1", "2^9*x0", "2^-8*x0", "9*x0", "17*2^8*x0"])
def test_both_refuse(lava_terms: Any, text: str) -> None:
    with pytest.raises(ValueError, match=r"dependency|Mantissa|Exponent"):
        lava_terms(text)
    with pytest.raises(LearningRuleError):
        parse_series("dw", text)


def test_a_difference_would_be_seen(lava_terms: Any) -> None:
    assert lava_terms("2^1*x0*x1") != parse_series("dw", "2^1*y0*x1")
    assert lava_terms("x0*(t-3)") != parse_series("dw", "x0*(t+3)")
    assert lava_terms("x0*sgn(t)") != parse_series("dw", "x0*t")
    assert np.array_equal([t.exponent for t in lava_terms("2^1*x0 - 2^2*x0")], [1, 2])
