"""Learning and sampling that multiply, against their closed forms; weights as logarithms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from examples.papers.dale_langevin import (
    flips_row,
    regression_rows,
    sampler_rows,
    train,
    walk_row,
)
from examples.papers.dale_langevin_digits import Net
from neuromorph.errors import UsageError
from neuromorph.numerics.log8 import quantise_log8
from neuromorph.papers.dale_langevin import GeometricMotion, egd_log8_step, egd_step


def test_rows_in_closed_form_hold() -> None:
    for found in (*sampler_rows(), *regression_rows(), walk_row()):
        assert found.ok in (True, None), found


@pytest.mark.slow
def test_no_sign_flips_in_ten_thousand_steps() -> None:
    assert flips_row().ok


@pytest.mark.slow
def test_digits_are_learned_by_logarithms_of_8_bits() -> None:
    exact, coded = train("EGD", 0), train("EGD, log8", 0)
    assert coded.accuracy >= 0.955
    assert exact.accuracy - coded.accuracy <= 0.02
    assert exact.flips == coded.flips == 0


def test_a_step_multiplies_and_0_stays_0() -> None:
    weights, slope = np.array([2.0, -2.0, 0.0]), np.array([1.0, 1.0, 5.0])
    assert egd_step(weights, slope, 0.5) == pytest.approx([2 * math.exp(-0.5),
                                                           -2 * math.exp(0.5), 0])


def test_codes_take_the_same_step_on_average() -> None:
    weights, rng = np.array([0.15, -1.0]), np.random.default_rng(0)
    slope = np.array([0.3, 0.3])
    after = [egd_log8_step(quantise_log8(weights), slope, 0.1, rng).codes for _ in range(4000)]
    exact = 16 * np.log2(np.abs(egd_step(quantise_log8(weights).weights, slope, 0.1)))
    assert np.mean(after, axis=0) == pytest.approx(exact, abs=0.04)


def test_a_denoiser_of_one_point_gives_the_target() -> None:
    motion, rng = GeometricMotion(0.3, 0.8), np.random.default_rng(0)
    start = np.exp(rng.standard_normal(9))
    now = motion.diffused(start, 0.7, rng.standard_normal(9))
    assert motion.score_of(np.log(start), now, 0.7) == pytest.approx(
        motion.m_dsm_target(now, start, 0.7))
    assert motion.lognormal_score(now, 1.5, 0.0, 0.7) == pytest.approx(
        motion.m_dsm_target(now, np.full(9, math.exp(1.5)), 0.7))


def test_both_samplers_have_one_drift_of_the_logarithm() -> None:
    """E ln of a small step agrees to first order, by Ito's formula."""
    motion, rng = GeometricMotion(0.3, 0.8), np.random.default_rng(0)
    noise = rng.standard_normal(400_000)
    noise = np.concatenate([noise, -noise])
    now, score, step = np.ones_like(noise), np.full_like(noise, -0.4), 0.01
    means = [np.log(s(now, score, step, noise)).mean() / step
             for s in (motion.dls_step, motion.ums_step)]
    assert means[0] == pytest.approx(-0.3 + 1.5 * 0.64 + 0.64 * -0.4)
    assert means[1] == pytest.approx(means[0], abs=0.02)


def test_the_net_that_denoises_learns_by_its_slope() -> None:
    rng = np.random.default_rng(0)
    net, inputs, wanted = Net((3, 5, 2), rng), rng.standard_normal((4, 3)), np.ones((4, 2))

    def loss() -> float:
        return float(((net.forward(inputs)[-1] - wanted) ** 2).sum())

    before = loss()
    for _ in range(200):
        activity = net.forward(inputs)
        net.learn(activity, 2 * (activity[-1] - wanted))
    assert loss() < 0.2 * before


@pytest.mark.parametrize(("mu", "sigma"), [(0.0, 0.0), (math.nan, 1.0), (0.0, -1.0)])
def test_motions_that_are_none_are_refused(mu: float, sigma: float) -> None:
    with pytest.raises(UsageError, match="no such geometric motion"):
        GeometricMotion(mu, sigma)
