"""Learning rates that regulate themselves: the published rules step by step, and our trace."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from examples.papers.need import Net, train
from neuromorph import backends
from neuromorph.learning import LearningRule
from neuromorph.network import Network, Population, Projection, Relay, Source
from neuromorph.papers.need import (
    LEAST,
    STATE_MAX,
    ErrorTrace,
    homeostatic,
    integer_trace,
    moved,
    random_walk,
)

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


@given(st.integers(0, STATE_MAX), st.lists(st.integers(0, 10), min_size=1, max_size=60))
def test_the_integer_trace_stays_within_7_bits(state: int, errors: list[int]) -> None:
    for count in errors:
        state = integer_trace(state, count, 10)
        assert 0 <= state <= STATE_MAX


def test_the_integer_trace_follows_the_float_one() -> None:
    rng, state, trace = np.random.default_rng(0), 0, ErrorTrace(1.0)
    for error in np.repeat(rng.random(8), 60):
        state = integer_trace(state, round(100 * error), 100)
        trace.after(float(error))
    assert state / STATE_MAX == pytest.approx(trace.trace, abs=0.15)


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


REGULATED = LearningRule(dw="2^-6*u0*x1*y1*y3 - 2^-6*u0*x1*y2*y3", payload="overwrite")
"""delta, with a rate that is a state: y3, which a host keeps by `integer_trace`."""


def regulated(state: int, backend: str) -> NDArray[np.int64]:
    """What 40 errors of one side teach while the state is so high."""
    network = Network("regulated", "fixed", (
        Population("in", 3, Source(8)),
        *(Population(name, 2, Source(8)) for name in ("more", "less", "need")),
        Population("out", 2, Relay())),
        (Projection("learns", "in", "out", np.zeros((2, 3), np.int32), graded=True,
                    rule=REGULATED, modulators=("more", "less", "need")),))
    steps = 40
    sent = {"in": np.tile([0, 60, 120], (steps, 1)), "more": np.tile([20, 0], (steps, 1)),
            "less": np.tile([0, 20], (steps, 1)), "need": np.full((steps, 2), state)}
    found = backends.get(backend).run(network, sent, [], steps).synapses["learns"][0]
    return found.astype(np.int64)


def test_the_state_scales_learning_as_a_third_factor() -> None:
    silent, low, high = (regulated(state, "reference") for state in (0, 32, 127))
    assert not silent.any()
    assert np.array_equal(high, regulated(127, "fast"))
    assert np.array_equal(low, regulated(32, "fast"))
    assert low[0, 2] > 10
    assert high[0, 2] == pytest.approx(low[0, 2] * 127 / 32, rel=0.25)
    assert high[1, 2] < -40
