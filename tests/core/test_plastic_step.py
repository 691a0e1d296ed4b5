"""One plastic projection, step by step, without a network around it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_rules import random_rule

from neuromorph.learning import (
    LearningRule,
    Plastic,
    make_draws,
    rest,
    step_plastic_fixed,
    step_plastic_float,
)
from neuromorph.learning.arithmetic import WEIGHT_BOUNDS

Array = NDArray[Any]


def run(
    rule: LearningRule, pre: Any, post: Any, *, weights: Any = 0, third: Array | None = None,
    domain: str = "fixed",
) -> list[Plastic]:
    """States after each step; pre has shape (steps, pre), post (steps, post)."""
    pre, post = np.atleast_2d(pre), np.atleast_2d(post)
    state = rest(np.broadcast_to(weights, (post.shape[1], pre.shape[1])), domain)
    draws, states = make_draws(rule.seed, len(pre), rule.epoch), []
    for step, (sent, fired) in enumerate(zip(pre, post, strict=True)):
        now = None if third is None else third[step]
        state = (step_plastic_fixed(rule, state, sent, fired, now, step=step, draws=draws)
                 if domain == "fixed"
                 else step_plastic_float(rule, state, sent, fired, now, step=step))
        states.append(state)
    return states


def column(*values: float) -> Array:
    """One neuron's train, shape (steps, 1)."""
    return np.array(values)[:, None]


def weight(states: list[Plastic]) -> list[Any]:
    """The weight of the one synapse after each step."""
    return [state.weights.item() for state in states]


# --- bounds


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_nothing_leaves_its_bits(seed: int) -> None:
    """Weights 8 bits and a sign, tags 9 bits, traces 7 bits, whatever the rule and the spikes."""
    rng = np.random.default_rng(seed)
    graded, modulated = bool(rng.integers(2)), bool(rng.integers(2))
    rule = random_rule(rng, graded=graded, modulated=modulated)
    low, high = WEIGHT_BOUNDS[rule.sign]
    pre = rng.integers(-300 if graded else 0, 300 if graded else 2, (25, 3))
    third = rng.integers(0, 128, (25, 3, 2)) if modulated else None
    states = run(rule, pre * rng.integers(0, 2, pre.shape), rng.integers(0, 2, (25, 2)),
                 third=third, weights=rng.integers(low // 2, high // 2 + 1, (2, 3)))
    for state in states:
        assert low <= state.weights.min() <= state.weights.max() <= high
        assert state.tags.min() >= -257
        assert state.tags.max() <= 255
        assert min(state.x.min(), state.y.min()) >= 0
        assert max(state.x[1].max(), state.y.max()) <= 127
        assert state.x[0].max() <= (255 if rule.epoch > 1 else 127)  # a payload has 8 bits at first
        assert {a.dtype.kind for a in state} == {"i"}


@pytest.mark.parametrize(("text", "sign", "ends"), [
    ("7*2^4*x0", "mixed", 255), ("-7*2^4*x0", "mixed", -256),
    ("7*2^4*x0", "inhibitory", 0), ("-7*2^4*x0", "inhibitory", -255),
    ("7*2^4*x0", "excitatory", 255), ("-7*2^4*x0", "excitatory", 0),
])
def test_a_weight_stops_at_its_bound(text: str, sign: Any, ends: int) -> None:
    states = run(LearningRule(dw=text, sign=sign), np.ones((40, 1), int), np.zeros((40, 1), int))
    assert weight(states)[-1] == ends


@pytest.mark.parametrize(("text", "ends"), [("7*2^4*x0", {255}), ("-7*2^4*x0", {-257, -256})])
def test_a_tag_stops_at_its_bound(text: str, ends: set[int]) -> None:
    """At the lower end the sum is one below -2^15, and rounds to -256 or, rarely, to -257."""
    states = run(LearningRule(dt=text), np.ones((40, 1), int), np.zeros((40, 1), int))
    assert {state.tags.item() for state in states[20:]} <= ends


@given(st.integers(0, 2**32), st.sampled_from(["excitatory", "inhibitory"]))
@settings(max_examples=30, deadline=None)
def test_no_sign_flips_in_floats_either(seed: int, sign: Any) -> None:
    rng = np.random.default_rng(seed)
    rule = LearningRule(dw="2^-1*x1*y0 - 2^-1*y1*x0 - x0*y0*w", x1_impulse=1, x1_tau=3,
                        y1_impulse=2, y1_tau=2, sign=sign, epoch=int(rng.integers(1, 4)))
    pre, post = rng.integers(0, 2, (2, 30, 3))
    for state in run(rule, pre, post, domain="float"):
        assert (state.weights * (1 if sign == "excitatory" else -1) >= 0).all()


def test_trace_and_impulse_saturate_together() -> None:
    rule = LearningRule(dw="u0*w", x1_impulse=100)
    states = run(rule, column(1, 1, 0), column(0, 0, 0))
    assert [state.x[0].item() for state in states] == [100, 127, 127]


# --- payloads


@pytest.mark.parametrize(("payload", "trace"), [
    (254, 127), (1, 0), (2, 1), (3, 2), (5, 2), (7, 4), (256, 127), (510, 127), (512, 0),
    (-2, 127),
])
def test_a_payload_overwrites_the_trace_with_its_half(payload: int, trace: int) -> None:
    """Rounded to even, in 8 bits without a sign, and then 7: payloads are 0 to 254."""
    rule = LearningRule(dw="u0*w", payload="overwrite")
    states = run(rule, column(60, 0, payload, 0), column(0, 0, 0, 0))
    assert [state.x[0].item() for state in states] == [30, 30, trace, trace]
    floats = run(rule, column(60, 0, payload), column(0, 0, 0), domain="float")
    assert floats[-1].x[0].item() == payload / 2


def test_a_pair_of_spikes_writes_a_key() -> None:
    """The write of match-and-control: dw = 2 x1 y0 - w y0 leaves 2 round(p / 2) in the synapse."""
    rule = LearningRule(dw="2^1*x1*y0 - w*y0", payload="overwrite")
    keys = np.array([[10, 200, 1], [254, 2, 60]])
    pre = np.array([keys[0], [0, 0, 0], keys[1], [0, 0, 0]])
    post = np.array([[0, 0], [1, 0], [0, 0], [0, 1]])
    states = run(rule, pre, post, weights=np.array([[4, 4, 4], [0, -8, 100]]))
    np.testing.assert_array_equal(states[-1].weights, 2 * np.rint(keys / 2))


def test_a_plain_spike_does_not_overwrite() -> None:
    rule = LearningRule(dw="u0*w", x1_impulse=7)
    assert run(rule, column(90), column(0))[0].x[0].item() == 7


# --- time


@pytest.mark.parametrize(("rate", "epoch", "changes"), [
    (0, 1, range(24)), (1, 1, range(1, 24, 2)), (2, 1, range(3, 24, 4)),
    (0, 3, range(2, 24, 3)), (1, 3, range(5, 24, 6)), (2, 3, (11, 23)), (3, 3, (23,)), (9, 1, ()),
])
def test_u_k_is_every_2_to_the_k_epochs(rate: int, epoch: int, changes: Any) -> None:
    silent = np.zeros((24, 1), int)
    states = run(LearningRule(dw=f"u{rate}", epoch=epoch), silent, silent)
    assert np.flatnonzero(np.diff([0, *weight(states)])).tolist() == list(changes)
    assert weight(states)[-1] == len(changes)


def test_weight_and_tag_are_both_from_the_values_before() -> None:
    states = run(LearningRule(dw="u0*t", dt="u0*w"), np.zeros((4, 1), int), np.zeros((4, 1), int),
                 weights=1)
    assert [(s.weights.item(), s.tags.item()) for s in states] == [(1, 1), (2, 2), (4, 4), (8, 8)]


def test_a_trace_under_a_spike_has_its_value_at_that_spike() -> None:
    """Not that at the epoch's end: y0 in step 2 sees x1 two steps after its spike."""
    rule = LearningRule(dw="y0*x1", x1_impulse=64, x1_tau=1 / math.log(2), epoch=4)
    states = run(rule, column(1, 0, 0, 0), column(0, 0, 1, 0), domain="float")
    assert weight(states) == pytest.approx([0, 0, 0, 16])
    assert states[-1].x[0].item() == pytest.approx(8)


def test_third_factors_take_the_place_of_the_traces() -> None:
    rule = LearningRule(dw="u0*y1 - u0*y2 + x0*y3")
    third = np.array([[[5], [0], [9]], [[0], [2], [9]], [[0], [0], [0]]])
    states = run(rule, column(0, 1, 1), column(1, 1, 1), third=third)
    assert weight(states) == [5, 12, 12]


# --- integers against floats


@pytest.mark.parametrize("seed", range(10))
def test_integers_equal_floats_where_nothing_is_rounded(seed: int) -> None:
    """Whole impulses, traces that stay or go at once, whole multiples, no saturation."""
    rng = np.random.default_rng(seed)
    rule = LearningRule(dw="x1*y0 - 3*x0 + 2^1*u1*y1", dt="y2*x0 - u1*(t-2)", epoch=1 + seed % 3,
                        x1_impulse=1, y1_impulse=3, y1_tau=0, y2_impulse=2, y2_tau=0)
    pre, post = rng.integers(0, 2, (2, 10, 3))
    fixed, floating = (run(rule, pre, post, domain=d)[-1] for d in ("fixed", "float"))
    np.testing.assert_array_equal(fixed.weights, floating.weights)
    np.testing.assert_array_equal(fixed.tags, floating.tags)
    assert 0 < np.abs(fixed.weights).max() < 255


def test_rounding_of_weights_is_fair() -> None:
    """An eighth at each of 800 spikes: 100, within four standard deviations of the draws."""
    ones, quiet = np.ones((800, 1), int), np.zeros((800, 1), int)
    gained = weight(run(LearningRule(dw="2^-3*x0"), ones, quiet))[-1]
    assert abs(gained - 100) < 4 * math.sqrt(800 * 0.125 * 0.875)
    assert weight(run(LearningRule(dw="2^-3*x0"), ones, quiet, domain="float"))[-1] == 100


def test_rounding_of_fading_traces_is_fair() -> None:
    """The mean of 40 fading traces is the exponential, to half a unit of its 100."""
    train = np.tile(column(1, *[0] * 23), (40, 1))
    rule = LearningRule(dw="x0", x1_impulse=100, x1_tau=4)
    fixed, exact = (np.reshape([s.x[0].item() for s in run(rule, train, 0 * train, domain=d)],
                               (40, 24)) for d in ("fixed", "float"))
    np.testing.assert_allclose(fixed.mean(axis=0), exact[-1], atol=0.5)
    np.testing.assert_allclose(exact[0], 100 * np.exp(-np.arange(24) / 4))


@pytest.mark.parametrize(("impulse", "mean"), [(3.25, 3.5), (3.5, 4), (3.75, 4), (3, 3)])
def test_a_fraction_of_an_impulse_counts_double(impulse: float, mean: float) -> None:
    """As in lava-nc, which holds 8 bits of it against a draw of 7."""
    ones = np.ones((400, 1), int)
    rule = LearningRule(dw="x0", x1_impulse=impulse, x1_tau=0)
    got = np.mean([s.x[0].item() for s in run(rule, ones, ones)])
    assert abs(got - mean) < 4 * math.sqrt(0.25 / 400)


def test_a_seed_makes_learning_reproducible_and_another_changes_it() -> None:
    train = np.ones((30, 1), int)

    def learned(seed: int) -> list[Any]:
        return weight(run(LearningRule(dw="2^-2*x0*x1", x1_impulse=3.2, x1_tau=4, seed=seed),
                          train, train))

    assert learned(1) == learned(1) != learned(2)
