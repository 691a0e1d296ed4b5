"""Step functions: when a neuron fires, what it keeps, and how floats and integers agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuromorph.neurons.cuba_lif import LIFState, step_lif_fixed, step_lif_float
from neuromorph.neurons.latency_match import latency_payload, step_latency
from neuromorph.neurons.readout import step_readout_fixed, step_readout_float
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.numerics.synapse import accumulate_fixed, accumulate_float

SIZE, STEPS = 5, 20
NEVER = 131_071
quick = settings(max_examples=80, deadline=None)
decays = st.sampled_from([0, 1, 2048, 4095, 4096]) | st.integers(0, 4096)


def integers(low: int, high: int) -> st.SearchStrategy[NDArray[np.int64]]:
    return st.lists(st.integers(low, high), min_size=SIZE, max_size=SIZE).map(np.array)


def trains(low: int, high: int) -> st.SearchStrategy[NDArray[np.int64]]:
    return st.integers(0, 2**32).map(
        lambda seed: np.random.default_rng(seed).integers(low, high + 1, (STEPS, SIZE)))


def rest(dtype: Any = np.int64) -> LIFState:
    return LIFState(np.zeros(SIZE, dtype), np.zeros(SIZE, dtype))


LATENCY = {"vth": 100, "base": 128, "span": 20_000, "gain": 13_107, "gain_shift": 16}


# --- leaky integrate-and-fire


@given(integers(-STATE_MAX, STATE_MAX), integers(-STATE_MAX, STATE_MAX),
       integers(-(2**20), 2**20), decays, decays, st.integers(0, 131_071))
@quick
def test_lif_state_stays_in_24_bits(u: Any, v: Any, a_in: Any, du: int, dv: int, vth: int) -> None:
    state, spikes = step_lif_fixed(LIFState(u, v), a_in, du=du, dv=dv, vth=vth)
    assert (np.abs(state.u) <= 2**23).all()
    assert (np.abs(state.v) <= STATE_MAX).all()
    assert (state.v[spikes] == 0).all()
    assert (state.v[~spikes] <= vth << 6).all()


@pytest.mark.parametrize(("a_in", "fires"), [(99, False), (100, False), (101, True)])
def test_lif_fires_above_its_threshold_not_at_it(a_in: int, fires: bool) -> None:
    state, spikes = step_lif_fixed(rest(), np.full(SIZE, a_in), du=4096, dv=0, vth=100)
    assert spikes.all() == fires
    assert (state.v == (0 if fires else a_in << 6)).all()


def test_a_spike_clears_the_potential_and_leaves_the_current() -> None:
    state, spikes = step_lif_fixed(rest(), np.full(SIZE, 50), du=0, dv=0, vth=10)
    assert spikes.all()
    assert (state.u == 50 << 6).all()
    assert (state.v == 0).all()


def test_bias_is_not_aligned() -> None:
    state, _ = step_lif_fixed(rest(), np.zeros(SIZE, np.int64), du=4096, dv=0, vth=5, bias=7)
    assert (state.v == 7).all()


def test_input_beyond_24_bits_wraps_and_comes_back_negative() -> None:
    state, _ = step_lif_fixed(rest(), np.full(SIZE, 131_073), du=4096, dv=0, vth=NEVER)
    assert (state.u == (131_073 << 6) - 2**24).all()


def test_the_potential_saturates_instead() -> None:
    state = rest()
    for _ in range(3):
        state, _ = step_lif_fixed(state, np.full(SIZE, -131_071), du=4096, dv=0, vth=NEVER)
    assert (state.v == -STATE_MAX).all()


@given(integers(-(2**21), 2**21), integers(-(2**21), 2**21), integers(-1000, 1000), decays, decays)
@quick
def test_silent_lif_treats_both_signs_alike(u: Any, v: Any, a_in: Any, du: int, dv: int) -> None:
    plus, _ = step_lif_fixed(LIFState(u, v), a_in, du=du, dv=dv, vth=NEVER)
    minus, _ = step_lif_fixed(LIFState(-u, -v), -a_in, du=du, dv=dv, vth=NEVER)
    np.testing.assert_array_equal(plus.u, -minus.u)
    np.testing.assert_array_equal(plus.v, -minus.v)


@given(trains(-200, 200), st.integers(0, 500), st.integers(-64, 64))
@quick
def test_a_perfect_integrator_is_the_same_in_floats(train: Any, vth: int, bias: int) -> None:
    """Where nothing is truncated, integer and float neurons are one neuron."""
    fixed, floating = rest(), rest(np.float64)
    for a_in in train:
        fixed, here = step_lif_fixed(fixed, a_in, du=4096, dv=0, vth=vth, bias=bias)
        floating, there = step_lif_float(floating, a_in * 64.0, du=1, dv=0, vth=vth * 64.0,
                                         bias=bias)
        np.testing.assert_array_equal(here, there)
        np.testing.assert_array_equal(fixed.v, floating.v)


@given(trains(-50, 50), decays, decays)
@quick
def test_truncation_is_all_that_integers_lose(train: Any, du: int, dv: int) -> None:
    """A decay loses less than one unit a step; the current's losses add up in the potential."""
    fixed, floating = rest(), rest(np.float64)
    for t, a_in in enumerate(train, start=1):
        fixed, _ = step_lif_fixed(fixed, a_in, du=du, dv=dv, vth=NEVER)
        floating, _ = step_lif_float(floating, a_in * 64.0, du=du / 4096, dv=dv / 4096, vth=1e12)
        assert np.abs(fixed.u - floating.u).max() <= t
        assert np.abs(fixed.v - floating.v).max() <= t * (t + 3) / 2


# --- readout


@given(integers(-STATE_MAX, STATE_MAX), integers(-STATE_MAX, STATE_MAX), decays,
       st.integers(0, STATE_MAX - 1))
@quick
def test_readout_holds_24_bits_and_clears_past_its_threshold(
    v: Any, a_in: Any, dv: int, vth: int
) -> None:
    after, spikes = step_readout_fixed(v, a_in, dv=dv, vth=vth)
    assert (np.abs(after) <= STATE_MAX).all()
    assert (after[spikes] == 0).all()
    assert (after[~spikes] <= vth).all()


@pytest.mark.parametrize(("a_in", "fires"), [(100, False), (101, True)])
def test_readout_input_is_not_shifted(a_in: int, fires: bool) -> None:
    after, spikes = step_readout_fixed(np.zeros(1, np.int64), np.array([a_in]), dv=0, vth=100)
    assert spikes.all() == fires
    assert after[0] == (0 if fires else a_in)


@given(trains(-(2**15), 2**15), decays)
@quick
def test_readout_loses_less_than_a_unit_a_step_to_truncation(train: Any, dv: int) -> None:
    fixed, floating = np.zeros(SIZE, np.int64), np.zeros(SIZE)
    for t, a_in in enumerate(train, start=1):
        fixed, _ = step_readout_fixed(fixed, a_in, dv=dv, vth=STATE_MAX - 1)
        floating, _ = step_readout_float(floating, a_in, dv=dv / 4096, vth=1e12)
        assert np.abs(fixed - floating).max() <= t


# --- graded latency neuron


@pytest.mark.parametrize(("a_in", "payload"), [
    (99, 0), (100, 0), (101, 256 - 12), (105, 256 - 63), (110, 256 - 127), (111, 256), (500, 256),
])
def test_latency_payload_says_how_far_it_overshot(a_in: int, payload: int) -> None:
    """A step is 640 units of v; beyond it only a forced spike goes, which counts as on time."""
    v, sent = step_latency(np.zeros(1, np.int64), np.array([a_in]), **LATENCY)
    assert sent[0] == payload
    assert v[0] == (0 if payload else a_in << 6)


@pytest.mark.parametrize(("steps", "payload"), [
    (0, 256), (1, 128), (2, 64), (5, 8), (8, 1), (9, 1), (100, 1),
])
def test_a_spike_out_of_a_negative_potential_is_early_and_fades(steps: int, payload: int) -> None:
    """One unit of v past so many whole steps."""
    v = np.array([(100 << 6) + 640 * steps + 1 - (5000 << 6)])
    assert (v < 0).all()
    _, sent = step_latency(v, np.array([5000]), **LATENCY)
    assert sent[0] in (payload, payload - 1)
    assert sent[0] > 0


@given(trains(-50, 60))
@quick
def test_a_latency_neuron_is_a_perfect_integrator_with_payloads(train: Any) -> None:
    v, lif = np.zeros(SIZE, np.int64), rest()
    for a_in in train:
        v, payload = step_latency(v, a_in, **LATENCY)
        lif, spikes = step_lif_fixed(lif, a_in, du=4096, dv=0, vth=LATENCY["vth"])
        np.testing.assert_array_equal(payload != 0, spikes)
        np.testing.assert_array_equal(v, lif.v)


bases = st.sampled_from([1, 16, 128, 512])


def payloads_of(overshoot: Any, early: bool, base: int, step: int) -> NDArray[np.int64]:
    """Payloads for a step of the ramp, with a gain of 24 bits that is never too large."""
    shift = 24 + step.bit_length() - base.bit_length()
    return latency_payload(overshoot, np.full(overshoot.shape, early), base=base, span=50 * step,
                           gain=(base << shift) // step, gain_shift=shift)


@given(bases, st.integers(1, 5000), st.booleans())
@quick
def test_payloads_fall_from_twice_the_base_to_the_base(base: int, step: int, early: bool) -> None:
    payloads = payloads_of(np.arange(1, step), early, base, step)
    assert (np.diff(payloads) <= 0).all()
    assert ((payloads >= base) & (payloads <= 2 * base)).all()


@given(bases, st.integers(1, 500))
@quick
def test_early_payloads_go_on_falling_and_never_vanish(base: int, step: int) -> None:
    payloads = payloads_of(np.arange(1, 60 * step), True, base, step)
    assert (np.diff(payloads) <= 0).all()
    assert payloads[-1] == 1


@given(bases, st.integers(1, 500))
@quick
def test_forced_payloads_count_as_on_time(base: int, step: int) -> None:
    payloads = payloads_of(np.arange(step + 1, 9 * step), False, base, step)
    assert (payloads == 2 * base).all()


def test_the_lines_are_within_six_percent_of_the_power() -> None:
    """2B - Bf for 2B 2^-f: too large by 6.15 % at most, and right at both ends, every octave."""
    step, base = 64_000, 2**16
    overshoot = np.arange(1, 5 * step)
    ratio = payloads_of(overshoot, True, base, step) / (2 * base * 2.0**(-overshoot / step))
    assert ratio.min() > 0.999
    assert 1.06 < ratio.max() < 1.0625
    assert ratio[step - 1 :: step] == pytest.approx(1, abs=1e-3)


# --- synapses


@given(st.integers(0, 2**32), st.integers(-8, 7))
@quick
def test_the_exponent_shifts_the_sum_and_not_each_product(seed: int, exponent: int) -> None:
    rng = np.random.default_rng(seed)
    weights, spikes = rng.integers(-256, 256, (3, SIZE)), rng.integers(-128, 128, SIZE)
    total = [sum(int(w) * int(s) for w, s in zip(row, spikes, strict=True)) for row in weights]
    expected = [s * 2**exponent if exponent > 0 else s // 2**-exponent for s in total]
    got = accumulate_fixed(weights, spikes, exponent=exponent, graded=True)
    assert got.tolist() == expected


@pytest.mark.parametrize("accumulate", [
    lambda w, s: accumulate_fixed(w, s, exponent=0, graded=False),
    lambda w, s: accumulate_float(w, s, graded=False),
])
def test_on_a_plain_projection_every_payload_counts_one(accumulate: Any) -> None:
    weights = np.array([[1, 10, 100, 1000]])
    assert accumulate(weights, np.array([7, 0, -3, 1])).tolist() == [1101]
