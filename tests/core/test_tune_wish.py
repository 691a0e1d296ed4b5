"""What shall be kept: as people type it, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorph.api.tuning.wish import METRICS, parse_keep, shortfall
from neuromorph.errors import UsageError

FOUND: dict[str, Any] = {"kl": 0.02, "perplexity_ratio": 1.01, "top1": 0.95, "cosine": None,
                         "cosine_by_layer": [1.0, 0.97, 0.99]}


@pytest.mark.parametrize(("text", "told"), [
    ("kl<=0.01", ["kl<=0.01"]), (" KL <= 1e-2 ", ["kl<=0.01"]), ("kl<=0", ["kl<=0"]),
    ("top1>=.95,kl<=.1", ["top1>=0.95", "kl<=0.1"]), ("hidden>=0.9", ["hidden>=0.9"]),
    ("perplexity-ratio<=1.02", ["perplexity_ratio<=1.02"]), ("score>=1", ["score>=1"]),
])
def test_it_is_read(text: str, told: list[str]) -> None:
    assert [str(wish) for wish in parse_keep(text)] == told


@pytest.mark.parametrize(("text", "said"), [
    ("", "cannot be read"), ("kl", "cannot be read"), ("kl<=", "cannot be read"),
    ("<=0.01", "cannot be read"), ("kl<=0.01,", "cannot be read"),
    ("kl<=0.01 0.02", "cannot be"),
    ("kll<=0.01", "Did you mean 'kl'"), ("cosin>=0.9", "Did you mean 'cosine'"),
    ("kl>=0.01", "kl<=NUMBER"), ("top1<=0.9", "top1>=NUMBER"), ("kl<0.01", "kl<=NUMBER"),
    ("kl=0.01", "kl<=NUMBER"), ("kl<=nan", "at least 0"), ("kl<=inf", "at least 0"),
    ("kl<=-1", "at least 0"), ("kl<=two", "at least 0"), ("perplexity_ratio<=0.9", "at least 1"),
    ("top1>=1.01", "-1 to 1"), ("cosine>=-2", "-1 to 1"), ("kl<=0.1,kl<=0.2", "two limits"),
])
def test_it_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_keep(text)
    assert said in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        wishes = parse_keep(text)
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert all(math.isfinite(wish.limit) for wish in wishes)


def test_the_shortfall_is_in_parts_of_what_is_allowed() -> None:
    assert shortfall(parse_keep("kl<=0.01"), FOUND) == pytest.approx(1.0)
    assert shortfall(parse_keep("kl<=0.04"), FOUND) == pytest.approx(-0.5)
    assert shortfall(parse_keep("top1>=0.9"), FOUND) == pytest.approx(-0.5)
    assert shortfall(parse_keep("hidden>=0.98"), FOUND) == pytest.approx(0.5)
    assert shortfall(parse_keep("kl<=0.04,hidden>=0.98"), FOUND) == pytest.approx(0.5)
    assert shortfall(parse_keep("kl<=0"), FOUND) > 1e9


def test_a_metric_that_this_model_has_not_is_named() -> None:
    with pytest.raises(UsageError, match="found cosine; expected kl or perplexity_ratio or top1"):
        shortfall(parse_keep("cosine>=0.9"), FOUND)
    with pytest.raises(UsageError, match="hidden"):
        shortfall(parse_keep("hidden>=0.9"), {**FOUND, "cosine_by_layer": []})


def test_metrics_have_their_best() -> None:
    for metric in METRICS.values():
        assert shortfall(parse_keep(f"{metric.name}{metric.sense}{metric.best:g}"), {
            **FOUND, metric.name: metric.best, "cosine_by_layer": [1.0]}) <= 0
