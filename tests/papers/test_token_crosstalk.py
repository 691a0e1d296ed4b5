"""Slots that mix: formulas against random heads, and trained heads' tolerance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from examples.papers import minilm
from examples.papers import token_crosstalk as script
from neuromorph.errors import UsageError
from neuromorph.papers.token_crosstalk import mixed, mixing, spread, unmixed, value_cosine

SEEDS = 8


@pytest.mark.parametrize("slots", script.SIZES)
@pytest.mark.parametrize("strength", script.STRENGTHS)
def test_values_that_mix_turn_an_answer_as_far_as_the_formula_says(
    slots: int, strength: float
) -> None:
    found = script.over_seeds(script.values_mixed, slots, strength, SEEDS)
    assert found == pytest.approx(value_cosine(strength), abs=0.01)
    assert found < 0.999


@pytest.mark.parametrize("slots", script.SIZES)
def test_scores_are_as_noisy_as_the_formula_says(slots: int) -> None:
    found = script.over_seeds(script.scores_mixed, slots, 0.2, SEEDS)
    assert found == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize("slots", script.SIZES)
@pytest.mark.parametrize("strength", [0.2, 0.5, 1.0])
def test_centred_keys_mix_less_harmfully(slots: int, strength: float) -> None:
    raw, centred = script.over_seeds(script.keys_mixed, slots, strength, SEEDS)
    assert centred >= raw


@pytest.mark.parametrize("slots", script.SIZES)
def test_mixing_that_is_known_can_be_undone(slots: int) -> None:
    error, cosine = script.over_seeds(script.undone, slots, 0.2, SEEDS)
    assert error < 1e-10
    assert 0.999 <= cosine < 1  # 8 bits round


def test_rows_mix_with_others_and_not_with_themselves() -> None:
    rng = np.random.default_rng(0)
    rows, gains = rng.standard_normal((50, 3)), mixing(50, rng)
    assert (np.diag(gains) == 0).all()
    assert gains.std() == pytest.approx(1 / np.sqrt(50), rel=0.05)
    np.testing.assert_array_equal(mixed(rows, gains, 0), rows)
    np.testing.assert_allclose(mixed(rows, gains, 0.3, rows[0])[:, 0],
                               rows[:, 0] + 0.3 * gains @ (rows[:, 0] - rows[0, 0]))


def test_sinks_with_small_values_make_answers_tender() -> None:
    values = np.random.default_rng(0).standard_normal((64, 8))
    even = np.full((1, 64), 1 / 64)
    values[0] *= 0.05
    sink = np.array([[0.99, *np.full(63, 0.01 / 63)]])
    assert spread(sink, values)[0] > 20 * spread(even, values)[0]


@pytest.mark.parametrize("strength", [0.5, -0.1, float("nan")])
def test_what_may_have_no_inverse_is_refused(strength: float) -> None:
    with pytest.raises(UsageError, match="may have no inverse"):
        unmixed(np.zeros((2, 1)), np.zeros((2, 2)), strength)


@pytest.mark.hf
@pytest.mark.skipif(minilm.why_not() is not None, reason=str(minilm.why_not()))
def test_heads_of_minilm_tolerate_keys_that_mix_better_than_values() -> None:
    found: Any = script.real_heads(0.1)
    assert found.shape == (72, 4)
    keys, centred, values, _ = np.median(found, axis=0)
    assert keys >= 0.995
    assert centred >= 0.997
    assert values >= 0.96
    assert spearmanr(found[:, 2], found[:, 3])[0] >= 0.9
