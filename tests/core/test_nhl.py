"""Learning at test time: soft Hebb, its anchor, and channels that keep their mean and spread."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.papers.nhl import digits, judged
from neuromorph.dynamics.homeostasis import Homeostasis
from neuromorph.errors import TensorError, UsageError
from neuromorph.papers.nhl import soft_hebb

UNIT = 1 / 127
"""Of a weight of 8 bits, where the largest is 1."""


def clusters(rng: np.random.Generator, count: int, noise: float = 0.5) -> Any:
    """Two clusters around -1 and 1 of the first axis: centred, its variance 1."""
    found = noise * rng.standard_normal((count, 6))
    found[:, 0] = rng.choice([-1, 1], count)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_soft_hebb_finds_the_means_of_two_clusters(seed: int) -> None:
    """A fresh layer; of data as wide along every axis, some seeds end along another one."""
    rng = np.random.default_rng(seed)
    weights, round_ones = (0.3 * rng.standard_normal((2, 6)) for _ in range(2))
    for step in range(1500):
        rate = 0.05 if step < 1000 else 0.01
        weights = weights + rate * soft_hebb(weights, clusters(rng, 50), tau=0.5)
        round_ones = round_ones + rate * soft_hebb(round_ones, clusters(rng, 50, 1.0), tau=0.5)
    for found in (weights, round_ones):
        assert np.abs(np.linalg.norm(found, axis=1) - 1).max() < 0.02
    assert np.abs(weights[weights[:, 0].argsort()] - [[-1] + 5 * [0], [1] + 5 * [0]]).max() < 0.05


def test_anchored_weights_stay_on_source_data() -> None:
    rng = np.random.default_rng(1)
    weights = rng.uniform(-1, 1, (4, 6))
    source = soft_hebb(weights, clusters(rng, 100_000))
    moved, free = weights, weights
    for _ in range(1000):
        batch = clusters(rng, 50)
        moved = moved + 0.002 * (soft_hebb(moved, batch) - source)
        free = free + 0.002 * soft_hebb(free, batch)
    assert np.abs(moved - weights).max() <= UNIT
    assert np.abs(free - weights).max() > 10 * UNIT


@given(st.floats(0.2, 5), st.floats(-3, 3), st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_channels_come_back_to_their_mean_and_spread(gain: float, shift: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    state = Homeostasis.of(rng.normal(2.0, 3.0, (5000, 4)))
    drifted = gain * rng.normal(2.0, 3.0, (500, 4)) + shift
    for _ in range(60):
        state = state.follow(drifted)
    z = state.apply(drifted)
    assert np.allclose(z.std(axis=0), state.std, rtol=1e-3)
    assert np.allclose(z.mean(axis=0), state.mean, atol=1e-2)


def test_source_data_leave_channels_nearly_alone() -> None:
    rng = np.random.default_rng(2)
    state = Homeostasis.of(rng.normal(size=(20_000, 3)), alpha=0.1)
    for _ in range(50):
        state = state.follow(rng.normal(size=(500, 3)))
    assert np.abs(state.gain - 1).max() < 0.05
    assert np.abs(state.shift).max() < 0.05


def test_a_channel_that_does_not_vary_keeps_its_gain() -> None:
    state = Homeostasis.of(np.tile([[1.0, 2.0]], (5, 1)))
    after = state.follow(np.array([[3.0, 2.0], [3.0, 7.0]]))
    assert after.gain.tolist() == [1, 1]
    assert after.shift[0] == pytest.approx(-0.6)


def test_digits_under_six_corruptions() -> None:
    missed = [one for one in judged(digits(0)) if not one.ok]
    assert not missed


@pytest.mark.parametrize(("wrong", "words"), [
    (np.full((3, 2), np.nan), "6 of 6 numbers"), (np.zeros((3, 3)), "does not fit the channels"),
    (np.array([[np.inf, 0]]), "NaN or infinity"), (np.zeros((0, 2)), "does not fit"),
])
def test_streams_that_are_refused_change_nothing(wrong: Any, words: str) -> None:
    state = Homeostasis.of(np.random.default_rng(0).normal(size=(50, 2)))
    before = replace(state)
    with pytest.raises(TensorError, match=words):
        state.follow(wrong)
    assert np.array_equal(state.gain, before.gain)


@pytest.mark.parametrize("alpha", [0, -0.1, 1.5, np.nan])
def test_shares_that_are_none(alpha: float) -> None:
    with pytest.raises(UsageError, match="no such share"):
        Homeostasis.of(np.zeros((5, 2)), alpha)


@pytest.mark.parametrize(("data", "tau", "error"), [
    (np.zeros((3, 5)), 1.0, TensorError), (np.zeros((0, 4)), 1.0, TensorError),
    (np.full((1, 4), np.nan), 1.0, TensorError), (np.zeros((3, 4)), 0.0, UsageError),
    (np.zeros((3, 4)), float("nan"), UsageError),
])
def test_batches_that_soft_hebb_does_not_take(data: Any, tau: float, error: Any) -> None:
    with pytest.raises(error):
        soft_hebb(np.zeros((2, 4)), data, tau)
