"""Hopfield memories in float, against their equations and what is proved of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorph.errors import UsageError
from neuromorph.papers.hopfield import (
    capacity,
    capacity_constant,
    hopfield_energy,
    hopfield_weights,
    largest_norm,
    retrieval_bound,
    separation,
    settle_hopfield,
    step_hopfield,
)
from neuromorph.papers.multitasking import (
    hierarchical_overlaps,
    hierarchical_state,
    spin_overlaps,
    step_multitasking,
)
from neuromorph.papers.spin_memory import dense_energy, sweep_dense

quick = settings(max_examples=40, deadline=None)


@st.composite
def stores(draw: st.DrawFn) -> tuple[Any, Any, float]:
    """Patterns, states and a beta."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    slots, size = draw(st.integers(1, 12)), draw(st.integers(1, 20))
    scale = 10.0 ** draw(st.integers(-2, 2))
    beta = 10.0 ** draw(st.floats(-2, 1)) / scale**2
    return (scale * rng.standard_normal((slots, size)), scale * rng.standard_normal((5, size)),
            beta)


def signs(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).choice([-1.0, 1.0], shape)


# --- the modern network


@given(stores())
@quick
def test_no_step_raises_the_energy(case: tuple[Any, Any, float]) -> None:
    patterns, states, beta = case
    rounding = 1e-12 * (largest_norm(patterns) ** 2 + (states**2).sum(axis=1).max())
    rounding += 1e-12 / beta
    for _ in range(5):
        before, states = states, step_hopfield(patterns, states, beta)
        rise = hopfield_energy(patterns, states, beta) - hopfield_energy(patterns, before, beta)
        assert rise.max() <= rounding
    assert (hopfield_energy(patterns, states, beta) >= -rounding).all()


@given(stores())
@quick
def test_one_step_is_as_near_as_the_bound_says(case: tuple[Any, Any, float]) -> None:
    patterns, states, beta = case
    for index, pattern in enumerate(patterns):
        near = pattern + 0.1 * states
        error = np.linalg.norm(step_hopfield(patterns, near, beta) - pattern, axis=1)
        limit = retrieval_bound(patterns, index, near, beta)
        settled = settle_hopfield(patterns, pattern, beta, max_steps=50)
        assert (error <= limit * (1 + 1e-9) + 1e-12 * largest_norm(patterns)).all()
        assert (retrieval_bound(patterns, index, near, beta, settled) >= limit).all()


def test_the_bound_can_be_missed() -> None:
    """A pattern shrunk behind the bound's back is not retrieved as it promises."""
    patterns = np.eye(8)
    limit = retrieval_bound(patterns, 0, patterns[0], 8.0)
    assert np.linalg.norm(step_hopfield(patterns, 0.2 * patterns[0], 8.0) - patterns[0]) > limit


def test_a_step_is_transformer_attention() -> None:
    rng = np.random.default_rng(0)
    keys, query = rng.standard_normal((7, 16)), rng.standard_normal(16)
    logits = keys @ query / math.sqrt(16)
    weights = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(hopfield_weights(keys, query, 1 / math.sqrt(16)), weights)
    np.testing.assert_allclose(step_hopfield(keys, query, 1 / math.sqrt(16)), weights @ keys)


@pytest.mark.parametrize(("where", "constant"), [
    ((1.0, 3.0, 20, 0.001), 3.1546), ((1.0, 1.0, 75, 0.001), 1.3718)])
def test_the_capacity_constants_of_the_paper(
    where: tuple[float, float, int, float], constant: float
) -> None:
    assert capacity_constant(*where) == pytest.approx(constant, abs=1e-4)
    expected = math.sqrt(where[3]) * capacity_constant(*where) ** ((where[2] - 1) / 4)
    assert capacity(*where) == pytest.approx(expected)


@pytest.mark.parametrize("where", [
    (0.0, 1.0, 20, 0.1), (-1.0, 1.0, 20, 0.1), (1.0, math.inf, 20, 0.1), (1.0, 1e200, 20, 0.1),
    (math.nan, 1.0, 20, 0.1), (1.0, 1.0, 1, 0.1), (1.0, 1.0, 20, 0.0), (1.0, 1.0, 20, 1.0)])
def test_a_capacity_that_is_not_defined(where: tuple[float, float, int, float]) -> None:
    with pytest.raises(UsageError, match="capacity is not defined"):
        capacity_constant(*where)


def test_separation_of_a_twin_and_of_a_pattern_alone() -> None:
    assert separation(np.array([[1.0, 2.0], [1.0, 2.0], [-3.0, 0.0]])).tolist() == [0, 0, 12]
    assert separation(np.ones((1, 3))).tolist() == [math.inf]


# --- spins


@pytest.mark.parametrize("order", [2, 3, 4])
def test_no_sweep_raises_the_dense_energy(order: int) -> None:
    patterns, state = signs(1, 12, 30), signs(2, 30)
    for _ in range(4):
        for i in range(30):
            before, state = state, sweep_dense(patterns, state, order, [i])
            assert dense_energy(patterns, state, order) <= dense_energy(patterns, before, order)
    assert (sweep_dense(patterns, state, order) == state).all()


def test_more_spins_at_once_hold_more_patterns() -> None:
    patterns = signs(3, 40, 50)
    cues = np.where(np.random.default_rng(0).random(patterns.shape) < 0.1, -patterns, patterns)
    kept = {order: np.mean([(sweep_dense(patterns, cue, order) * pattern).mean()
                            for cue, pattern in zip(cues, patterns, strict=True)])
            for order in (2, 4)}
    assert kept[2] < 0.9
    assert kept[4] > 0.99


@pytest.mark.parametrize(("gaps", "stays"), [(0.3, True), (0.45, True), (0.6, False)])
def test_several_patterns_at_once_while_half_is_gaps(gaps: float, stays: bool) -> None:
    rng = np.random.default_rng(4)
    patterns = np.where(rng.random((4, 20_000)) < gaps, 0, rng.choice([-1, 1], (4, 20_000)))
    state = hierarchical_state(patterns)
    np.testing.assert_allclose(spin_overlaps(patterns, state), hierarchical_overlaps(gaps, 4),
                               atol=0.02)
    assert (step_multitasking(patterns, state) == state).all() == stays
