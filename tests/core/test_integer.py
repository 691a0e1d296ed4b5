"""Loihi's integer arithmetic against exact fractions, edges first."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorph.numerics import SIGNED_8, decay, limits, quantise, saturate, shift, wrap

HALF = 2**23
quick = settings(max_examples=150, deadline=None)


def edgy(low: int, high: int, *edges: int) -> st.SearchStrategy[int]:
    return st.sampled_from([low, high, *edges]) | st.integers(low, high)


states = edgy(-HALF, HALF, -HALF + 1, HALF - 1, -1, 0, 1, 4095, -4095, 4096, -4097)
wide = edgy(-(2**40), 2**40, HALF, HALF + 1, -HALF, -HALF - 1, 2 * HALF, 3 * HALF, -3 * HALF)
rates = edgy(0, 4096, 1, 2047, 2048, 2049, 4095)


def one(function: Any, value: int, *args: int) -> int:
    """A function on arrays, of one number."""
    result = function(np.array([value]), *args)
    assert result.dtype == np.int64
    return int(result[0])


# --- decay


@given(states, rates)
@quick
def test_decay_truncates_the_exact_product_towards_zero(state: int, rate: int) -> None:
    exact = Fraction(state * (4096 - rate), 4096)
    assert one(decay, state, rate) == math.trunc(exact)


@pytest.mark.parametrize(("state", "rate", "after"), [
    (3, 2048, 1), (-3, 2048, -1), (1, 1, 0), (-1, 1, 0), (1, 0, 1), (-7, 4096, 0),
    (HALF - 1, 1, 8386559), (-HALF + 1, 1, -8386559), (4096, 4095, 1), (4095, 4095, 0),
])
def test_decay_of_known_values(state: int, rate: int, after: int) -> None:
    assert one(decay, state, rate) == after


@given(states, rates)
@quick
def test_decay_treats_both_signs_alike(state: int, rate: int) -> None:
    assert one(decay, -state, rate) == -one(decay, state, rate)


@given(states, st.integers(1, 4096))
@quick
def test_whatever_decays_reaches_zero(state: int, rate: int) -> None:
    """Truncation takes at least one unit a step, so nothing is left for ever."""
    after = one(decay, state, rate)
    assert after == 0 if state == 0 else abs(after) < abs(state)


def test_decay_of_narrow_integers_does_not_overflow() -> None:
    assert one(decay, np.int32(HALF - 1), 1) == 8386559


# --- wrap and saturate


@given(wide)
@quick
def test_wrap_gives_the_congruent_value_in_24_bits(value: int) -> None:
    wrapped = one(wrap, value)
    assert -HALF < wrapped <= HALF
    assert (wrapped - value) % 2**24 == 0


@pytest.mark.parametrize(("value", "wrapped"), [
    (HALF, HALF), (HALF + 1, -HALF + 1), (-HALF, HALF), (-HALF + 1, -HALF + 1),
    (-HALF - 1, HALF - 1), (2 * HALF, 0), (0, 0),
])
def test_wrap_at_its_edges(value: int, wrapped: int) -> None:
    assert one(wrap, value) == wrapped


@given(wide)
@quick
def test_saturate_is_a_symmetric_clip(value: int) -> None:
    assert one(saturate, value) == max(-limits.STATE_MAX, min(limits.STATE_MAX, value))


def test_the_current_can_hold_one_value_that_the_potential_cannot() -> None:
    assert one(wrap, HALF) == HALF
    assert one(saturate, HALF) == HALF - 1


# --- shift


@given(wide, st.integers(limits.EXPONENT_MIN, limits.EXPONENT_MAX))
@quick
def test_shift_multiplies_by_a_power_of_two_and_rounds_down(value: int, exponent: int) -> None:
    assert one(shift, value, exponent) == math.floor(value * Fraction(2) ** exponent)


def test_shift_of_narrow_integers_does_not_overflow() -> None:
    assert one(shift, np.int32(2**30), 7) == 2**37


# --- quantise

reals = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12).map(np.array)
scales = st.floats(1e-3, 1e3)
code_limits = st.sampled_from([1, 126, SIGNED_8])


@given(reals, scales, code_limits)
@quick
def test_codes_are_the_nearest_whole_steps_within_the_limit(
    values: Any, scale: float, limit: int
) -> None:
    codes, _ = quantise(values, scale, limit)
    nearest = np.abs(codes * scale - values) <= scale * (0.5 + 1e-9) + 1e-9
    beyond = (np.abs(codes) == limit) & (np.sign(codes) == np.sign(values))
    assert codes.dtype == np.int32
    assert np.abs(codes).max() <= limit
    assert (nearest | beyond).all()


@given(reals, scales, code_limits)
@quick
def test_values_beyond_the_limit_are_counted(values: Any, scale: float, limit: int) -> None:
    beyond = sum(round(float(value) / scale) not in range(-limit, limit + 1) for value in values)
    assert quantise(values, scale, limit)[1] == beyond


@given(st.lists(st.integers(-SIGNED_8, SIGNED_8), min_size=1).map(np.array), scales)
@quick
def test_codes_survive_a_round_trip(codes: Any, scale: float) -> None:
    again, clipped = quantise(codes * scale, scale)
    np.testing.assert_array_equal(again, codes)
    assert clipped == 0


def test_every_channel_may_have_its_own_scale() -> None:
    codes, clipped = quantise(np.array([[1.0, 10.0], [2.0, 2000.0]]), np.array([0.5, 10.0]))
    assert codes.tolist() == [[2, 1], [4, SIGNED_8]]
    assert clipped == 1
