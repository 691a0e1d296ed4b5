"""Ellwood's synapse: kernel as published, step form equal to closed form, trains as described."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ellwood_closed_form import match_score
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.papers.ellwood_model import tabulated_kernel
from neuromorph.dynamics.coincidence import (
    ELLWOOD_KERNEL,
    PRODUCT_KERNEL,
    CoincidenceKernel,
    copy_response,
    potentiation_gain,
    potentiation_gate,
    rest,
    step_match,
)
from neuromorph.errors import UsageError
from neuromorph.papers.trains import DEAD_TIME, matched_train, renewal_trains, to_steps

# --- the kernel


def test_the_kernel_follows_the_table() -> None:
    lags, table = tabulated_kernel()
    assert lags.tolist() == list(range(41))
    difference = ELLWOOD_KERNEL(lags) - table
    assert np.abs(difference).max() < 0.034  # the table's value at 2 ms, inside the kernel's delay
    assert np.sqrt((difference**2).mean()) < 0.011
    assert np.abs(PRODUCT_KERNEL(lags) - table).max() < 0.007


def test_the_kernel_by_hand() -> None:
    assert ELLWOOD_KERNEL(7.0) == pytest.approx(0.2455, abs=5e-5)
    assert ELLWOOD_KERNEL(ELLWOOD_KERNEL.peak_lag) >= ELLWOOD_KERNEL(np.arange(0, 40, 0.001)).max()
    assert not ELLWOOD_KERNEL(np.array([-1e6, -7.0, 0.0, 1.0, 2.24, np.nan])).any()


@pytest.mark.parametrize("wrong", [{"fast": 9.0}, {"fast": 0.0}, {"delay": -1.0}, {"scale": 0.0},
                                   {"slow": math.inf}, {"delay": math.nan}])
def test_what_is_no_kernel_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="no coincidence kernel"):
        CoincidenceKernel(**wrong)


# --- step form and closed form

STEPS, AXONS = 60, 4
kernels = st.builds(CoincidenceKernel, scale=st.floats(0.1, 2), delay=st.floats(0, 6),
                    slow=st.floats(4, 20), fast=st.floats(0.5, 3.9))


def times_of(spikes: Any, step: float) -> Any:
    """Spike times by train, (trains, STEPS), NaN where there is none."""
    return np.where(spikes.T > 0, np.arange(len(spikes)) * step, np.nan)


def stepped(pre: Any, post: Any, kernel: CoincidenceKernel, step: float) -> Any:
    delay = kernel.delay_steps(step)
    arrived = np.concatenate([np.zeros((delay, AXONS)), pre])[: len(pre)]
    state = rest((AXONS,))
    for before, after in zip(arrived, post, strict=True):
        state = step_match(state, before, after, kernel=kernel, step=step)
    return state


@given(kernels, st.sampled_from([0.5, 1.0, 2.0]), st.integers(0, 2**32))
@settings(max_examples=80, deadline=None)
def test_the_step_form_is_the_closed_form(
    kernel: CoincidenceKernel, step: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    pre, post = rng.random((STEPS, AXONS)) < 0.2, rng.random((STEPS, 1)) < 0.2
    state = stepped(pre, post, kernel, step)
    until = (STEPS - 1) * step
    closed = match_score(times_of(pre, step), times_of(post, step), until=until, kernel=kernel)
    np.testing.assert_allclose(state.score, closed, rtol=0, atol=1e-9)


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_the_delayed_copy_is_its_closed_form(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pre, post = rng.random((STEPS, AXONS)) < 0.2, rng.random((STEPS, 1)) < 0.2
    state = stepped(pre, post, ELLWOOD_KERNEL, 1.0)
    before, after = times_of(pre, 1.0)[..., None], times_of(post, 1.0)[:, None]
    responses = ELLWOOD_KERNEL(after - before) * copy_response(STEPS - 1 - after)
    np.testing.assert_allclose(state.copy, np.nansum(responses, axis=(1, 2)), rtol=0, atol=1e-9)


def test_coincidences_after_the_end_do_not_count() -> None:
    pre, post = np.array([0.0]), np.array([7.0, 12.0])
    first, second = (float(ELLWOOD_KERNEL(lag)) for lag in (7.0, 12.0))
    assert float(match_score(pre, post, until=7.0)) == pytest.approx(first)
    assert float(match_score(pre, post, until=20_007.0)) == pytest.approx(
        (first + second * math.exp(5 / 20_000)) / math.e)


def test_the_gate_is_half_open_at_its_threshold() -> None:
    alpha = potentiation_gate(np.array([0.0, 0.9, 1.0, 1.1, 1e6]) * 0.7675, 0.7675)
    np.testing.assert_allclose(alpha, [2.06e-9, 0.1192, 0.5, 0.8808, 1.0], atol=1e-4)
    np.testing.assert_allclose(potentiation_gain(np.array([0.0, 0.5, 1.0])), [1, 4.5, 8])
    with pytest.raises(UsageError, match="threshold must be positive"):
        potentiation_gate(alpha, 0.0)


def test_a_step_must_have_a_length() -> None:
    assert [ELLWOOD_KERNEL.delay_steps(step) for step in (1.0, 0.5, 3.0)] == [3, 5, 1]
    assert replace(ELLWOOD_KERNEL, delay=2.0).delay_steps() == 3  # K(2) is 0
    with pytest.raises(UsageError, match="step must be positive"):
        step_match(rest((1,)), np.zeros(1), 0, step=0.0)


# --- trains


def test_trains_are_renewal_trains() -> None:
    times = renewal_trains(np.random.default_rng(0), (500,), 20_000.0)
    gaps = np.diff(times)
    gaps = gaps[np.isfinite(gaps)]
    assert gaps.min() >= DEAD_TIME
    assert gaps.mean() == pytest.approx(1000 / 6, rel=0.01)
    assert gaps.std() == pytest.approx(1000 / 6 - DEAD_TIME, rel=0.02)
    assert np.nanmin(times) >= 0
    assert np.nanmax(times) <= 20_000
    assert np.isfinite(times[:, -1]).any()


def test_trains_repeat_with_their_seed() -> None:
    one, two = (renewal_trains(np.random.default_rng(3), (2, 5), 700.0) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.shape[:2] == (2, 5)


def test_a_matched_train_meets_the_soma_at_the_synapse() -> None:
    post, delay = np.array([100.0, 180.0, np.nan]), 3.0
    pre = matched_train(post, spine_delay=delay)
    np.testing.assert_array_equal((post + delay - pre)[:2], [7.0, 7.0])
    shaken = matched_train(np.zeros(4000), jitter=2.0, rng=np.random.default_rng(0))
    assert shaken.std() == pytest.approx(2.0, rel=0.05)
    for wrong in ({"jitter": -1.0, "rng": np.random.default_rng(0)}, {"jitter": 1.0}):
        with pytest.raises(UsageError, match="jitter"):
            matched_train(post, **wrong)


def test_steps_hold_every_spike() -> None:
    times = np.array([[-7.0, 0.0, 3.9], [2.0, np.nan, np.nan]])
    steps = to_steps(times, 14, start=-10.0)
    assert steps.dtype == np.uint8
    assert [np.flatnonzero(train).tolist() for train in steps.T] == [[3, 10, 13], [12]]


@pytest.mark.parametrize(("times", "text"), [
    ([[-0.1]], "outside"), ([[10.0]], "outside"), ([[1.2, 1.9]], "two spikes"),
])
def test_spikes_that_do_not_fit_steps_are_refused(times: Any, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        to_steps(np.array(times), 10)


@pytest.mark.parametrize(("window", "wrong", "text"), [
    (0.0, {}, "window"), (math.inf, {}, "window"), (100.0, {"rate": 20.0}, "no such train"),
    (100.0, {"rate": 0.0}, "no such train"), (100.0, {"dead_time": -1.0}, "no such train"),
])
def test_impossible_trains_are_refused(window: float, wrong: Any, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        renewal_trains(np.random.default_rng(0), (1,), window, **wrong)
