"""Ellwood 2024: small experiments give their frozen numbers; formulas agree with what is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ellwood_closed_form import match_score

from examples.papers import ellwood_published as published
from examples.papers.ellwood import digital_rows, jitter_rows, key_rows, main_rows, reported
from examples.papers.ellwood_control import control, grown_scores
from examples.papers.ellwood_episode import MATCHED, draw_episode, play
from examples.papers.ellwood_figures import draw_kernel, draw_roc, draw_success
from examples.papers.ellwood_keys import (
    KeyCode,
    any_false_match,
    false_match_bound,
    shortest_key,
    simulated_errors,
    tail,
)
from examples.papers.ellwood_measure import Effort, measure, measure_match
from examples.papers.ellwood_model import Setup, match
from examples.papers.ellwood_noise import DIGITAL, MEASURED
from examples.papers.ellwood_roc import auc, curve, true_positives
from neuromorph.dynamics.coincidence import THRESHOLDS
from neuromorph.papers.trains import matched_train, renewal_trains

SMALL = Effort(300, (0,))

# --- the match window


def test_scores_of_many_trials_are_those_of_each() -> None:
    """The list of near pairs against every pair: only what lies beyond its reach is missing."""
    setup = Setup(1000.0, DIGITAL, axons=5)
    matching = match(setup, 120, np.random.default_rng(0))  # more than one chunk
    rng = np.random.default_rng(0)
    post = renewal_trains(rng, (100,), 1000.0)
    others = renewal_trains(rng, (100, 4), 1000.0)
    expected = match_score(others, post[:, None], until=1000.0)
    np.testing.assert_allclose(matching.scores[:100, 1:], expected, atol=1e-3)
    np.testing.assert_allclose(matching.matched[:100],
                               match_score(matched_train(post), post, until=1000.0), atol=1e-3)
    assert matching.scores.shape == (120, 5)


def test_noise_free_limits_and_two_matches() -> None:
    rows = {r.quantity: r for r in digital_rows(SMALL)}
    assert all(r.ok is not False for name, r in rows.items() if name.startswith("2.0 s"))
    areas = [rows[f"{window} s: AUC"].ours for window in THRESHOLDS]
    assert 0.8 < areas[0] < areas[1] < areas[2]


def test_jitter_costs_what_it_costs_in_the_paper() -> None:
    found = {j: measure_match(Setup(1000.0, jitter=j), Effort(800, (0,))) for j in (1.0, 2.0)}
    assert found[1.0].auc > found[2.0].auc
    areas = [r for r in jitter_rows(found) if r.quantity.endswith("AUC")]
    assert [r.ok for r in areas] == [True, True]


def test_frozen_numbers_of_a_small_experiment() -> None:
    found = measure(Setup(1000.0), SMALL, threshold=THRESHOLDS[1.0])
    numbers = [found.auc, found.true_positives(0.1), found.threshold, found.success,
               found.spurious, found.success_with(6)]
    np.testing.assert_allclose(numbers, FROZEN, atol=5e-4)


FROZEN = [0.8953, 0.78, 1.0430, 0.6727, 0.0265, 0.8581]


def test_roc_by_hand() -> None:
    positive, negative = np.array([1.0, 3.0, 5.0]), np.array([0.0, 1.0, 2.0, 4.0])
    assert auc(positive, negative) == pytest.approx((1.5 + 3 + 4) / 12)
    assert true_positives(positive, negative, 0.0) == pytest.approx(1 / 3)
    false, true = curve(positive, negative)
    assert (np.diff(true) >= 0).all()
    assert (false[0], true[-1]) == (0, 1)


# --- the control window


def test_a_potentiated_axon_hands_its_value_on() -> None:
    matching = match(Setup(2000.0, DIGITAL, axons=3), 50, np.random.default_rng(0))
    sure = control(matching, 0.05, np.random.default_rng(1), efficacy=1.0)
    assert (sure.success[sure.counts > 1] == 1).all()
    shut = control(matching, 1e9, np.random.default_rng(1))
    assert (shut.success == 0).all()
    assert (shut.spurious == 0).all()


def test_the_delayed_copy_costs_early_value_spikes() -> None:
    """A score just above threshold passes it only when the copy has caught up."""
    matching = match(Setup(1000.0, DIGITAL, axons=2), 400, np.random.default_rng(0))
    near = matching.matched * 0.9
    chosen = int(np.argmax(matching.counts == 6))
    found = control(matching, float(near[chosen]), np.random.default_rng(1), efficacy=1.0,
                    level=1.0)
    assert 0 < found.success[chosen] < 1


def test_a_higher_level_opens_fewer_gates() -> None:
    matching = match(Setup(1000.0, DIGITAL, axons=2), 200, np.random.default_rng(0))
    success = [np.nanmean(control(matching, 1.0, np.random.default_rng(1), level=level).success)
               for level in (1.0, 1.08, 2.0)]
    assert success[0] > success[1] > success[2]


def test_scores_go_on_growing_in_the_control_window() -> None:
    """With learning off nothing changes there; with it on, axons join and none drops out."""
    matching = match(Setup(1000.0, DIGITAL), 100, np.random.default_rng(0))
    off, on = (control(matching, 0.8, np.random.default_rng(1), learning=learning)
               for learning in (False, True))
    assert on.spurious.mean() > 1.02 * off.spurious.mean()
    assert (on.success >= off.success).sum() == np.isfinite(on.success).sum()


def test_learning_takes_only_what_comes_after() -> None:
    """Two axons; the other's value follows the matched one's by 7 ms at first, never before it."""
    matching = match(Setup(1000.0, DIGITAL, axons=2), 1, np.random.default_rng(0))
    kept = matching.synapse == 0
    alone = replace(matching, synapse=matching.synapse[kept], weight=matching.weight[kept],
                    time=matching.time[kept])
    values = np.array([[[100.0, 300.0], [93.0, 307.0]]])
    fired = np.zeros(values.shape, np.bool_)
    fired[0, 0] = True
    grown = grown_scores(alone, values, np.ones(values.shape), fired)
    assert grown.time[kept.sum():].tolist() == [1600.0]
    assert grown.weight[-1] == pytest.approx(float(alone.setup.kernel(np.array(7.0))))
    assert grown.synapse[-1] == 1


def test_the_output_of_two_matches_is_the_union_of_their_values() -> None:
    matching = match(Setup(2000.0, DIGITAL, axons=2, matches=2), 60, np.random.default_rng(0))
    np.testing.assert_array_equal(matching.scores[:, 0], matching.scores[:, 1])
    found = control(matching, 0.5, np.random.default_rng(1), efficacy=1.0)
    assert found.spurious.max() == 0
    assert (found.success[found.counts > 5] == 1).all()


def test_an_episode_ends_with_the_matched_value() -> None:
    episode = play(np.random.default_rng(2))
    later = np.arange(len(episode.output)) > 1500
    assert episode.output.sum() == 7
    assert not episode.output[~later].any()
    assert episode.axons[episode.output, MATCHED].all()
    assert int(np.argmax(episode.copy[-1])) == MATCHED


# --- binary keys


@pytest.mark.parametrize(("rate", "size"), published.KEY_SIZES.items())
def test_how_many_spikes_and_bins_a_key_needs(rate: float, size: tuple[int, int]) -> None:
    code = shortest_key(rate)
    assert (code.spikes, code.bins) == size
    assert tail(code.spikes, rate, code.threshold) <= false_match_bound(code)
    assert tail(code.spikes, 0.9, code.threshold) >= 0.99


def test_false_matches_by_hand_and_drawn() -> None:
    code = KeyCode(6, 24, 0.25, 4)
    chance = tail(6, 0.25, 4)
    assert chance == pytest.approx((15 * 3**2 + 6 * 3 + 1) / 4**6)
    assert any_false_match(chance, 1) == pytest.approx(chance)
    share, _, missed = simulated_errors(code, 100, np.random.default_rng(0))
    assert share == pytest.approx(chance, abs=3 * math.sqrt(chance / 102_300))
    assert missed < 0.06


# --- rows and pictures


def test_rows_of_keys() -> None:
    assert all(r.ok for r in key_rows(Effort(60, (0,))) if "formula" not in r.quantity)


def test_what_is_only_reported_is_not_judged_but_counted() -> None:
    found = {window: measure(Setup(1000 * window, MEASURED, axons=10), Effort(60, (0,)))
             for window in THRESHOLDS}
    judged = list(main_rows("A", found, SMALL))
    rows = reported("A", found, SMALL)
    assert [r.ours for r in rows[: len(judged)]] == [r.ours for r in judged]
    assert not [r for r in rows if r.ok is not None or r.why]
    assert rows[-1].ours >= sum(r.ok is False for r in judged) > 0


@pytest.mark.parametrize("draw", [draw_kernel, draw_episode])
def test_pictures_are_drawn(draw: Callable[[Path], None], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    draw(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_pictures_of_measurements_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = {window: measure(Setup(1000 * window, axons=10), Effort(50, (0,)))
             for window in THRESHOLDS}
    draw_roc(found, {1.0: found[1.0], 2.0: found[0.5]}, tmp_path / "roc.png")
    draw_success(found, tmp_path / "success.png")
    assert {p.name for p in tmp_path.iterdir()} == {"roc.png", "success.png"}
