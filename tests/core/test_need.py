"""Learning rates that regulate themselves: the published rules step by step, and our trace."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.papers.need import Net, train
from neuromorph.papers.need import LEAST, ErrorTrace, homeostatic, moved, random_walk

STEP = 0.25
GUESSES = [7, 7, 2, 2, 9, 0, 5, 4, 8, 1] * 3
LABELS = [7, 2, 7, 2, 9, 9, 0, 0, 5, 5] * 3
BETTER = [True, True, False, True, True] * 6
"""Whether what the guess proposes is better than leaving the rate."""

HOMEOSTATIC = [1.25, 1.0, 1.0, 0.75, 1.0, 1.25, 1.0, 1.0, 1.25, 1.5,
               1.75, 1.5, 1.5, 1.25, 1.5, 1.75, 1.5, 1.5, 1.75, 2.0,
               2.25, 2.0, 2.0, 1.75, 2.0, 2.25, 2.0, 2.0, 2.25, 2.5]
"""Worked by hand: the true label moves the rate, where the guess's move would have helped."""

DRAWS = [0.1, 0.9, 0.4] * 10
RANDOM = [1.25, 1.25, 1.5, 1.25, 1.25, 1.5, 1.25, 1.25, 1.5, 1.75,
          1.75, 1.5, 1.75, 1.75, 2.0, 2.25, 2.25, 2.0, 2.25, 2.25,
          2.5, 2.25, 2.25, 2.0, 2.25, 2.25, 2.0, 1.75, 1.75, 2.0]
"""By hand: every third draw is too high, and leaves it."""


def test_the_published_rule_step_by_step() -> None:
    rate, found = 1.0, []
    for guess, label, better in zip(GUESSES, LABELS, BETTER, strict=True):
        proposed = moved(rate, guess, STEP)
        rate = homeostatic(rate, guess, label, STEP,
                           lambda tried, p=proposed, b=better: float((tried == p) == b))
        found.append(rate)
    assert found == HOMEOSTATIC


def test_its_random_control_step_by_step() -> None:
    rate, found = 1.0, []
    for label, draw in zip(LABELS, DRAWS, strict=True):
        rate = random_walk(rate, label, STEP, draw)
        found.append(rate)
    assert found == RANDOM


def test_a_tie_leaves_the_rate() -> None:
    assert homeostatic(1.0, 7, 7, STEP, lambda _: 0.5) == 1.0


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 1)), max_size=50))
def test_no_rate_falls_below_its_least(moves: list[tuple[int, float]]) -> None:
    rate, trace = 0.3, ErrorTrace(0.0)
    for label, error in moves:
        rate = moved(rate, label, STEP)
        assert min(rate, trace.after(error)) >= LEAST


def test_errors_raise_the_rate_thirtyfold_at_most() -> None:
    trace = ErrorTrace(0.01)
    rates = [trace.after(1.0) for _ in range(200)]
    assert rates[0] == pytest.approx(0.01 * (1 + 29 * 0.01))
    assert rates[-1] == pytest.approx(0.3)
    assert [trace.after(0.0) for _ in range(200)][-1] == pytest.approx(0.01)


def test_the_net_s_slopes_are_those_of_its_loss() -> None:
    rng = np.random.default_rng(0)
    net, images, labels = Net.new(rng), rng.random((3, 64)), np.array([1, 5, 9])

    def loss(of: Net) -> float:
        logits = of.forward(images)[-1]
        return float((np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(3), labels]).sum())

    slopes = net.slopes(net.forward(images), labels)
    squares = sum(float((s**2).sum()) for s in (*slopes.weights, *slopes.biases))
    change = loss(net.stepped(slopes, 1e-6)) - loss(net.stepped(slopes, -1e-6))
    assert change / 2e-6 == pytest.approx(-squares, rel=1e-4)


@pytest.mark.slow
def test_a_larger_constant_beats_the_published_rule() -> None:
    found = {kind: train(kind, 16, 24, 0).accuracy for kind in ("fixed", "homeostatic", "random")}
    assert train("fixed", 16, 24, 0, 10).accuracy > max(found.values()) + 0.15
    assert found["random"] > found["homeostatic"]
