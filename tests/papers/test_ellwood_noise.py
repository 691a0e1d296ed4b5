"""The noise of a match score, as it was measured on axons that match nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from examples.papers import ellwood_published as published
from examples.papers.ellwood_model import Setup, interpolated, match
from examples.papers.ellwood_noise import (
    BRANCH,
    BRANCHES,
    CALIBRATED,
    DIGITAL,
    MEASURED,
    Noise,
)

AXONS = BRANCHES * BRANCH
QUIET = replace(MEASURED, rate=0.0)


def factors(noise: Noise, trials: int) -> np.ndarray:
    drawn = noise.of_synapses(np.random.default_rng(0), trials, AXONS, 1000.0)
    return drawn.factor.reshape(trials, AXONS)


def test_an_axon_keeps_its_error_and_shares_it_with_its_neighbours() -> None:
    logs = np.log(factors(QUIET, 4000))
    assert np.exp(logs).mean() == pytest.approx(1, abs=0.005)
    assert logs.std() == pytest.approx(0.17, rel=0.03)
    # Any two axons that are neighbours by number are on one branch 24 times of 25.
    for away, shared in ((1, 0.18), (5, 0.13), (10, 0.09)):
        same = np.corrcoef(logs[:, :-away].ravel(), logs[:, away:].ravel())[0, 1]
        assert 0.44 * same * BRANCH / (BRANCH - away) == pytest.approx(shared, abs=0.02)


@pytest.mark.parametrize(("count", "variance"), [(1, 0.066), (3, 0.040)])
def test_scores_err_as_measured(count: int, variance: float) -> None:
    """The measured ones are of one coincidence and of 2.8."""
    rng = np.random.default_rng(1)
    errors = MEASURED.of_coincidences(rng, (4000 * AXONS, count)).mean(axis=1)
    ratios = factors(QUIET, 4000).ravel() * errors
    assert np.log(ratios).var() == pytest.approx(variance, rel=0.06)


def test_events_strike_a_patch_of_one_branch() -> None:
    noise = replace(MEASURED, rate=1 / BRANCHES, size=0.0)
    drawn = noise.of_synapses(np.random.default_rng(2), 3000, AXONS, 1000.0)
    order = np.lexsort((-drawn.size, drawn.time))
    events = drawn.size[order].reshape(-1, BRANCH)  # each of its own time strikes a whole branch
    assert len(events) / 3000 == pytest.approx(1, abs=0.06)
    np.testing.assert_allclose(events[:, 0], 0.3)
    np.testing.assert_allclose(events[:, 1], 0.3 * np.exp(-1 / 2.3))


def test_events_pass_half_a_threshold_in_some_trials_only() -> None:
    """Measured: in 31 of 200 trials of 1 s."""
    drawn = MEASURED.of_synapses(np.random.default_rng(3), 4000, AXONS, 1000.0)
    struck = np.unique(drawn.synapse[drawn.size > 0.5] // AXONS)
    assert 200 * len(struck) / 4000 == pytest.approx(31, abs=2 * np.sqrt(31))


@pytest.mark.parametrize("noise", [CALIBRATED, MEASURED])
def test_noise_leaves_the_mean_but_for_its_events(noise: Noise) -> None:
    def mean(noise: Noise) -> float:
        setup = Setup(1000.0, noise, interpolated)
        return float(match(setup, 400, np.random.default_rng(1)).scores[:, 1:].mean())

    drawn = noise.of_synapses(np.random.default_rng(4), 4000, AXONS, 1000.0)
    expected = drawn.size.sum() / (4000 * AXONS)
    assert mean(noise) - mean(DIGITAL) == pytest.approx(expected, rel=0.6)


def test_the_rarest_rate_is_judged_by_its_sampling_error() -> None:
    """Drawn again and again from one curve, two rates differ by less than that in 95 % of cases."""
    rng = np.random.default_rng(5)
    scale = (published.TRUE_POSITIVES[1.0][1] - published.TRUE_POSITIVES[1.0][0]) / np.log(5)

    def rate(trials: int) -> float:
        share = rng.beta(0.01 * trials, 0.99 * trials)  # of negatives truly above the threshold
        true = published.TRUE_POSITIVES[1.0][0] + scale * np.log(share / 0.01)
        return float(rng.binomial(trials, np.clip(true, 0, 1)) / trials)

    apart = [abs(rate(published.TRIALS) - rate(4500)) for _ in range(2000)]
    assert np.mean(np.array(apart) < published.rarest_within(1.0, 4500)) == pytest.approx(
        0.95, abs=0.02)
