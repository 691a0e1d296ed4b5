"""The text of a learning rule: what is read, how, and what is refused in which words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_rules import random_rule, random_term, series

from neuromorph.errors import LearningRuleError, NetworkError
from neuromorph.learning import Factor, LearningRule, Term
from neuromorph.learning.parse import parse_series

X1, Y2, W, T = Factor("x1"), Factor("y2"), Factor("w"), Factor("t")

# --- what is read

READ: dict[str, tuple[Term, ...]] = {
    "x0": (Term(1, 0, "x0", None, ()),),
    "-y0": (Term(-1, 0, "y0", None, ()),),
    "+u3": (Term(1, 0, "u", 3, ()),),
    "x1*y0": (Term(1, 0, "y0", None, (X1,)),),
    "2^-1*x1*y0 - 2^-5*w*u0": (Term(1, -1, "y0", None, (X1,)), Term(-1, -5, "u", 0, (W,))),
    "dw = x0*y2": (Term(1, 0, "x0", None, (Y2,)),),
    "  x1 *\ty0\n": (Term(1, 0, "y0", None, (X1,)),),
    "u0*x1 + u0*w": (Term(1, 0, "u", 0, (X1,)), Term(1, 0, "u", 0, (W,))),
    # constants, in one normal form
    "3*x0": (Term(3, 0, "x0", None, ()),),
    "8*x0": (Term(4, 1, "x0", None, ()),),
    "-8*x0": (Term(-4, 1, "x0", None, ()),),
    "96*x0": (Term(6, 4, "x0", None, ()),),
    "-8*2^8*x0": (Term(-8, 8, "x0", None, ()),),
    "7*2^8*x0": (Term(7, 8, "x0", None, ()),),
    "2^-7*x0": (Term(1, -7, "x0", None, ()),),
    "2^+3*x0": (Term(1, 3, "x0", None, ()),),
    "2^-9*2^3*x0*3": (Term(3, -6, "x0", None, ()),),
    "x0*w*2^2": (Term(1, 2, "x0", None, (W,)),),
    "0*x0": (Term(0, 0, "x0", None, ()),),
    # the first condition is the condition, others are factors
    "x0*y0*x1": (Term(1, 0, "x0", None, (X1, Factor("y0"))),),
    "y0*x0*x1": (Term(1, 0, "y0", None, (X1, Factor("x0"))),),
    "u2*x0*y0": (Term(1, 0, "u", 2, (Factor("x0"), Factor("y0"))),),
    # shifted factors and signs
    "x0*(x1+3)": (Term(1, 0, "x0", None, (Factor("x1", 3),)),),
    "x0*(x1 - 128)": (Term(1, 0, "x0", None, (Factor("x1", -128),)),),
    "x0*(w+2^8)": (Term(1, 0, "x0", None, (Factor("w", 256),)),),
    "x0*(t)": (Term(1, 0, "x0", None, (T,)),),
    "y0*sgn(t-100)": (Term(1, 0, "y0", None, (Factor("t", -100, sign=True),)),),
    "y0*sgn(w)*w - x0*(w-1)": (
        Term(1, 0, "y0", None, (Factor("w", 0, sign=True), W)),
        Term(-1, 0, "x0", None, (Factor("w", -1),))),
    "": (),
    "dw=": (),
}


@pytest.mark.parametrize("text", READ)
def test_what_is_read(text: str) -> None:
    assert parse_series("dw", text) == READ[text]


@given(st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_the_canonical_text_is_read_back_as_the_same_terms(seed: int) -> None:
    rng = np.random.default_rng(seed)
    terms = tuple(random_term(rng, rate=seed % 10) for _ in range(seed % 4 + 1))
    assert parse_series("dt", series(terms)) == terms


@given(st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_spaces_and_the_target_change_nothing(seed: int) -> None:
    rule = random_rule(np.random.default_rng(seed))
    for target, text in (("dw", rule.dw), ("dt", rule.dt)):
        assert parse_series(target, text.replace(" ", "")) == parse_series(target, text)
        assert parse_series(target, f"{target} = {text}") == parse_series(target, text)


@given(st.text("xywtdu0123459^*+-() sgn=.;", max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    """And what is read, is within the widths of the learning engine."""
    try:
        terms = parse_series("dw", text)
    except LearningRuleError:
        return
    for term in terms:
        assert -8 <= term.mantissa <= 7
        assert -7 <= term.exponent <= 8
        assert term.width <= 27
    assert parse_series("dw", series(terms)) == terms


# --- what is refused

RUN = "dw: Loihi cannot run the term "
REFUSED = {
    "x1": RUN + "'x1': a product needs a condition: x0, y0 or u0 … u9; expected m*2^e times",
    "x0 + w": RUN + "'+w': a product needs a condition",
    "x0+": "dw: this is no product; found +; expected m*2^e times x0, y0 or u0 … u9",
    "x0*sgn(w": "dw: this is no product; found (w",
    "((x0*w))": "dw: this is no product; found ((x0*w))",
    "x0 -- x1": RUN + "'--x1': a term has one sign",
    "+-x0": RUN + "'+-x0': a term has one sign",
    "x0**x1": RUN + "'x0**x1': '' is not a factor",
    "x0*q": RUN + "'x0*q': 'q' is not a factor",
    "x0*x3": RUN + "'x0*x3': 'x3' is not a factor",
    "x0*1.5": RUN + "'x0*1.5': '1.5' is not a factor",
    "x0*x1^2": RUN + "'x0*x1^2': 'x1^2' is not a factor",
    "2^x0": RUN + "'2^x0': '2^x0' is not a factor",
    "x0*2^": RUN + "'x0*2^': '2^' is not a factor",
    "x0*(x0+1)": RUN + "'x0*(x0+1)': '(x0+1)' is not a factor",
    "x0*(1+w)": RUN + "'x0*(1+w)': '(1+w)' is not a factor",
    "x0*()": RUN + "'x0*()': '()' is not a factor",
    "x0;import os": RUN + "'x0;importos': 'x0;importos' is not a factor",
    "x0*__import__": RUN + "'x0*__import__': '__import__' is not a factor",
    "x0*\u0663": RUN + "'x0*\u0663': '\u0663' is not a factor",
    "u\u0663": RUN + "'u\u0663': 'u\u0663' is not a factor",
    "u12": RUN + "'u12': 'u12' is not a factor",
    "x0*sgn(x1)": RUN + "'x0*sgn(x1)': sgn() takes the weight or the tag",
    "x0*d": RUN + "'x0*d': delays are not learned here",
    "x0*(d+1)": RUN + "'x0*(d+1)': delays are not learned here",
    "x0*sgn(d)": RUN + "'x0*sgn(d)': delays are not learned here",
    "x0*y0*u0": RUN + "'x0*y0*u0': u_k must be a product's first condition, and its only one",
    "u0*u0": RUN + "'u0*u0': u_k must be a product's first condition, and its only one",
    "9*x0": RUN + "'9*x0': the constant 9*2^0 is not m*2^e with m from -8 to 7 and e from -7 to 8",
    "-18*x0": "the constant -9*2^1 is not",
    "8*2^8*x0": "the constant 8*2^8 is not",
    "2^9*x0": "the constant 1*2^9 is not",
    "2^-8*x0": "the constant 1*2^-8 is not",
    "x0*w*w*w*y0": RUN + "'x0*w*w*w*y0': its factors have 28 bits; a product holds 27",
    "x0*(x1+128)": RUN + "'x0*(x1+128)': (x1+128) exceeds 7 bits",
    "x0*(y3-129)": RUN + "'x0*(y3-129)': (y3-129) exceeds 7 bits",
    "x0*(w+512)": RUN + "'x0*(w+512)': (w+512) exceeds 9 bits",
    "x0*sgn(t-513)": RUN + "'x0*sgn(t-513)': sgn(t-513) exceeds 9 bits",
    "x0*(t+2^999999999)": "exceeds 9 bits",
    "dt = x0": RUN + "'dt=x0': 'dt=x0' is not a factor",
    "x0+" * 334 + "x0": "dw: a rule is a short text; found 1004 characters; expected at most 1000",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_and_why(text: str) -> None:
    with pytest.raises(LearningRuleError) as caught:
        parse_series("dw", text)
    assert REFUSED[text] in str(caught.value)


def test_a_wide_product_is_allowed_up_to_its_last_bit() -> None:
    assert parse_series("dw", "x0*w*w*w")[0].width == 27


UNSOUND: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "dw, dt: a rule must change the weight or the tag"),
    "blank": ({"dw": " ", "dt": "dt="}, "dw, dt: a rule must change the weight or the tag"),
    "two rates": ({"dw": "u1*w + u2*t"}, "dw, dt: one rule has one u_k; found u1, u2"),
    "two rates in two texts": ({"dw": "u1*w", "dt": "u0*t"},
                               "dw, dt: one rule has one u_k; found u0, u1"),
    "no text": ({"dw": 3}, "dw: a rule is a text; found int"),
    "bytes": ({"dw": "x0", "dt": b"x0"}, "dt: a rule is a text; found bytes"),
    "a tag's term": ({"dw": "x0", "dt": "x1"}, "dt: Loihi cannot run the term 'x1'"),
    "impulse": ({"dw": "x0", "x1_impulse": 127.5},
                "x1_impulse: a trace has 7 bits: this impulse would saturate it; found 127.5"),
    "impulse below": ({"dw": "x0", "y3_impulse": -1}, "y3_impulse: a trace has 7 bits"),
    "impulse nan": ({"dw": "x0", "x2_impulse": float("nan")}, "x2_impulse: a trace has 7 bits"),
    "impulse text": ({"dw": "x0", "x2_impulse": "3"},
                     "x2_impulse: this must be a number; found '3'"),
    "tau": ({"dw": "x0", "y1_tau": -1},
            "y1_tau: a time constant must not be negative; found -1"),
    "tau nan": ({"dw": "x0", "y2_tau": float("nan")}, "y2_tau: a time constant must not be"),
    "tau text": ({"dw": "x0", "y2_tau": "long"}, "y2_tau: this must be a number; found 'long'"),
    "payload": ({"dw": "x0", "payload": "add"},
                "payload: unknown use of the payload; found add; expected impulse or overwrite"),
    "two uses of x1": ({"dw": "x0", "payload": "overwrite", "x1_impulse": 5},
                       "x1_impulse: a payload that overwrites x1 leaves it no impulse; found 5"),
    "sign": ({"dw": "x0", "sign": "both"},
             "sign: unknown sign; found both; expected mixed, excitatory or inhibitory"),
    "epoch": ({"dw": "x0", "epoch": 0}, "epoch: the epoch is out of range; found 0; expected 1 to"),
    "epoch above": ({"dw": "x0", "epoch": 64}, "epoch: the epoch is out of range; found 64"),
    "epoch fraction": ({"dw": "x0", "epoch": 1.5}, "epoch: the epoch is out of range; found 1.5"),
    "epoch bool": ({"dw": "x0", "epoch": True}, "epoch: the epoch is out of range; found True"),
    "seed": ({"dw": "x0", "seed": -1}, "seed: a seed is a whole number of at least 0; found -1"),
    "seed fraction": ({"dw": "x0", "seed": 0.5}, "seed: a seed is a whole number of at least 0"),
}


@pytest.mark.parametrize("case", UNSOUND)
def test_an_unsound_rule_is_refused_at_once(case: str) -> None:
    changes, text = UNSOUND[case]
    with pytest.raises(NetworkError) as caught:
        LearningRule(**changes)
    assert text in str(caught.value)


def test_the_last_allowed_value_is_allowed() -> None:
    rule = LearningRule(dw="u9*w", x1_impulse=127, x2_tau=0, y1_tau=float("inf"), epoch=63, seed=0)
    assert (rule.decimation, rule.keeps("x2"), rule.keeps("y1")) == (9, 0.0, 1.0)


def test_numbers_of_numpy_are_numbers() -> None:
    rule = LearningRule(dt="x0", epoch=np.int64(2), x1_tau=np.float32(3), seed=np.int32(1))
    assert rule.keeps("x1") == pytest.approx(np.exp(-1 / 3))
