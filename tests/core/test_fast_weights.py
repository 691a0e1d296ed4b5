"""Learning rules for fast weights: each against its own equation and what it is known for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from neuromorph.papers.fast_weights import (
    bcm,
    decaying_hebb,
    delta,
    delta_sweep,
    gated_delta,
    hebb,
    multiplicative,
    oja,
)


def unit(seed: int, *shape: int) -> Any:
    drawn = np.random.default_rng(seed).standard_normal(shape)
    return drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)


@pytest.fixture
def some() -> tuple[Any, Any, Any]:
    """Weights (3, 5), a key of norm 1, a value."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((3, 5)), unit(1, 5), rng.standard_normal(3)


# --- associations


def test_hebb_adds_the_outer_product(some: tuple[Any, Any, Any]) -> None:
    weights, key, value = some
    np.testing.assert_array_equal(hebb(weights, key, value), weights + value[:, None] * key)


@pytest.mark.parametrize("keep", [0.0, 0.5, 1.0])
def test_what_was_learned_fades(some: tuple[Any, Any, Any], keep: float) -> None:
    weights, key, value = some
    for _ in range(3):
        weights = decaying_hebb(weights, key, value, keep=keep)
    total = keep**3 * some[0] + (1 + keep + keep**2) * value[:, None] * key
    np.testing.assert_allclose(weights, total)


def test_after_the_delta_rule_the_key_answers_with_its_value(some: tuple[Any, Any, Any]) -> None:
    weights, key, value = some
    learned = delta(weights, key, value)
    np.testing.assert_allclose(learned @ key, value)
    np.testing.assert_allclose(delta(learned, key, value), learned)
    half = delta(weights, key, value, rate=0.5)
    np.testing.assert_allclose(half @ key, (weights @ key + value) / 2)


def test_a_pass_of_the_delta_rule_is_a_sweep() -> None:
    rng = np.random.default_rng(9)
    keys, values = rng.standard_normal((20, 24)), rng.standard_normal((20, 5))
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    weights, left = np.zeros((5, 24)), values
    for _ in range(3):
        for key, value in zip(keys, values, strict=True):
            weights = delta(weights, key, value)
        left = delta_sweep(keys) @ left
        np.testing.assert_allclose(values - keys @ weights.T, left, atol=1e-12)
    assert np.abs(left).max() > 1e-3  # not exact yet
    np.testing.assert_allclose(delta_sweep(np.eye(6)), 0, atol=1e-15)


def test_the_delta_rule_leaves_what_is_at_right_angles(some: tuple[Any, Any, Any]) -> None:
    weights, key, value = some
    other = np.linalg.qr(np.stack([key, unit(2, 5)], axis=1))[0][:, 1]
    np.testing.assert_allclose(delta(weights, key, value) @ other, weights @ other)


@pytest.mark.parametrize(("keep", "rate"), [(0.9, 0.3), (0.5, 1.0), (1.0, 0.0)])
def test_gated_delta_is_its_equation(
    some: tuple[Any, Any, Any], keep: float, rate: float
) -> None:
    weights, key, value = some
    expected = (keep * weights @ (np.eye(5) - rate * np.outer(key, key))
                + rate * np.outer(value, key))
    np.testing.assert_allclose(gated_delta(weights, key, value, keep=keep, rate=rate), expected)


def error_after(rule: Any, passes: int, seed: int) -> float:
    """Relative error of recall of 16 pairs in 64 dimensions."""
    keys, values = unit(seed, 16, 64), unit(100 + seed, 16, 64)
    weights = np.zeros((64, 64))
    for key, value in [*zip(keys, values, strict=True)] * passes:
        weights = rule(weights, key, value)
    return float(np.linalg.norm(keys @ weights.T - values) / np.linalg.norm(values))


def test_hebb_confuses_what_the_delta_rule_tells_apart() -> None:
    confused = [error_after(hebb, 1, seed) for seed in range(50)]
    assert np.mean(np.square(confused)) == pytest.approx(15 / 64, rel=0.05)
    assert error_after(delta, 20, 0) < 1e-4


# --- coincidences


def test_oja_finds_the_leading_components() -> None:
    rng = np.random.default_rng(5)
    axes = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    data = (rng.standard_normal((4000, 6)) * [3, 2, 0.3, 0.3, 0.3, 0.3]) @ axes.T
    weights = 0.1 * rng.standard_normal((2, 6))
    for inputs in data:
        weights = oja(weights, inputs, rate=0.005)
    np.testing.assert_allclose(weights @ weights.T, np.eye(2), atol=0.05)
    assert np.linalg.norm(weights @ axes[:, :2]) ** 2 == pytest.approx(2, abs=0.05)


def test_bcm_becomes_selective() -> None:
    """One of two inputs wins; theta settles at the mean of y^2, here 2^2 / 2."""
    rng = np.random.default_rng(6)
    inputs = np.array([[1.0, 0.2], [0.2, 1.0]])
    weights, threshold = np.array([[0.5, 0.4]]), np.ones(1)
    for n in rng.integers(0, 2, 20_000):
        weights, threshold = bcm(weights, threshold, inputs[n], rate=0.002, threshold_rate=0.02)
    answers = inputs @ weights[0]
    assert answers == pytest.approx([2.0, 0.0], abs=0.25)
    assert threshold[0] == pytest.approx(2.0, abs=0.6)


def test_bcm_weakens_below_the_threshold_and_strengthens_above() -> None:
    inputs = np.array([1.0, 0.0])
    for threshold, sign in ((2.0, -1), (0.5, 1)):
        learned, moved = bcm(np.ones((1, 2)), np.array([threshold]), inputs, rate=0.1,
                             threshold_rate=0.5)
        assert np.sign(learned - 1).tolist() == [[sign, 0]]
        assert moved[0] == pytest.approx((threshold + 1) / 2)


# --- Dale's law


def test_no_sign_ever_flips_and_a_step_adds_to_the_logarithm() -> None:
    rng = np.random.default_rng(7)
    first = weights = rng.standard_normal(500)
    steps = rng.standard_normal((300, 500))
    for gradient in steps:
        weights = multiplicative(weights, gradient, rate=0.1)
    np.testing.assert_array_equal(np.sign(weights), np.sign(first))
    np.testing.assert_allclose(np.log(np.abs(weights / first)), -0.1 * steps.sum(axis=0),
                               atol=1e-10)


def test_an_additive_step_does_flip_signs() -> None:
    rng = np.random.default_rng(8)
    first = rng.standard_normal(500)
    assert (np.sign(first - 0.1 * rng.standard_normal((300, 500)).sum(axis=0))
            != np.sign(first)).any()


@pytest.mark.parametrize("growth", [0.01, 0.25, 1.0])
def test_coincidences_are_counted_in_the_exponent(growth: float) -> None:
    weight = np.ones(1)
    for count in range(1, 30):
        weight = multiplicative(weight, -np.ones(1), rate=math.log1p(growth))
        assert weight[0] == pytest.approx(math.exp(count * math.log1p(growth)), rel=1e-13)
