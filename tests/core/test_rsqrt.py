"""`Rsqrt` and `Root`: their error over all sums, and the ladder that they climb."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_timed import BACKENDS, FLOATS, kernel_of, told

from neuromorph.errors import NetworkError
from neuromorph.neurons.ladder import ladder
from neuromorph.neurons.rsqrt import (
    Root,
    Rsqrt,
    inverse_root_payload,
    lift,
    lift_one,
    root_payload,
)
from neuromorph.neurons.square import RUNGS, rung
from neuromorph.numerics.scalar import inverse_root

MOST = 2**23 - 1
SUMS = np.unique(np.concatenate([np.arange(1, 300), MOST - np.arange(300), *(
    2**k + np.arange(-2, 3) for k in range(9, 23))]))


# --- the arithmetic


def test_the_inverse_root_is_within_its_error_for_every_sum() -> None:
    """All sums, by the 23 bits of 1/2 up to 2 that are left once they are lifted."""
    x = np.arange(1 << 21, 1 << 23, dtype=np.int64)
    y = inverse_root(x)
    error = y / 2**15 * np.sqrt(x / 2**22) - 1
    assert -2.5e-5 < error.min() < -2.4e-5
    assert 4.5e-5 < error.max() < 4.6e-5
    assert y.max() < 1 << 16
    root = root_payload(x, np.zeros(1, int)) >> 5
    error = root / 2**15 / np.sqrt(x / 2**22) - 1
    assert error.min() > -4.7e-5
    assert error.max() < 6.8e-5


def test_arrays_are_lifted_as_numbers_are() -> None:
    assert lift(SUMS).tolist() == [lift_one(int(one)) for one in SUMS]
    lifted = SUMS << (2 * lift(SUMS))
    assert lifted.min() >= 1 << 21
    assert lifted.max() < 1 << 23
    assert [inverse_root(int(one)) for one in lifted] == inverse_root(lifted).tolist()


@given(st.integers(1, MOST), st.integers(0, 5), st.integers(1, 2**16 - 1), st.integers(1, 47))
@settings(max_examples=400, deadline=None)
def test_a_payload_is_the_scaled_inverse_root(
    kept: int, k: int, multiplier: int, shift: int
) -> None:
    found = int(inverse_root_payload(np.array([kept]), np.array([k]), multiplier, shift)[0])
    exact = multiplier * 2.0**(26 - shift) / sqrt(kept / 64**k)
    assert -2.5e-5 * exact - 0.5 <= found - exact <= 4.6e-5 * exact + 0.5


@given(st.integers(1, MOST), st.integers(0, 5))
@settings(max_examples=300, deadline=None)
def test_a_root_is_a_root(kept: int, k: int) -> None:
    payload = int(root_payload(np.array([kept]), np.array([k]))[0])
    assert payload < 1 << 21
    exact = 2.0**30 * sqrt(kept / 64**k)
    assert -4.7e-5 <= (payload >> 5) * 2.0**(payload & 31) / exact - 1 <= 6.8e-5


# --- the neuron against its kernel, step by step


@given(st.sampled_from([Rsqrt, Root]), st.lists(st.integers(-9, 2**25), min_size=8, max_size=8),
       st.integers(0, 8), st.floats(0, 2.0**52))
@settings(max_examples=200, deadline=None)
def test_the_kernel_climbs_as_the_arrays_do(
    kind: type[Rsqrt | Root], arrives: list[int], at: int, least: float
) -> None:
    found = ladder(700, least)
    model = kind(found.threshold, found.least, found.least_shift, period=9, at=at)
    one, all_ = {"v": 0, "rung": 0}, {"v": np.zeros(1, np.int64), "rung": np.zeros(1, np.int64)}
    for t, arrived in enumerate([*arrives, *arrives]):
        one, sent = kernel_of(model, one, arrived, t)
        all_, expected = model.step_fixed(all_, {"a_in": np.array([arrived])}, t)
        assert (one["v"], one["rung"], sent) == (all_["v"][0], all_["rung"][0], expected[0])


# --- the ladder


def climbed(values: NDArray[np.int64], least: float = 0.0) -> tuple[int, int, float]:
    """The kept sum, its rung, and the sum of squares itself, in units of the first rung."""
    found = ladder(len(values), least)
    kept, k = 0, 0
    for step in range(RUNGS):
        if step == 0 or kept < found.threshold:
            kept = int(rung(values, found.shift - 6 * step, MOST).sum()) + round(
                Fraction(found.least) * Fraction(2)**(6 * step - found.least_shift))
            k = step
    exact = sum(int(v)**2 for v in values) + least
    return kept, k, exact / 2.0**found.shift


@pytest.mark.parametrize("size", [1, 16, 576, 1023, 1024, 4096, 50_000])
def test_no_kept_sum_leaves_24_bits(size: int) -> None:
    """The largest there is, and all on either side of the threshold of a rung."""
    found = ladder(size)
    everywhere = np.full(size, MOST)
    assert climbed(everywhere)[0] <= MOST
    for k in range(5):
        scale = sqrt(found.threshold * 2.0**(found.shift - 6 * k) / size)
        for factor in (0.999, 0.9999, 1, 1.0001, 1.001):
            values = np.full(size, min(int(scale * factor), MOST))
            assert climbed(values)[0] <= MOST
            one = np.zeros(size, np.int64)
            one[0] = min(int(scale * factor * sqrt(size)), MOST)
            assert climbed(one)[0] <= MOST


def test_a_threshold_that_is_too_high_is_caught() -> None:
    """Planted: rounding makes 64 S of every neuron 32 more at the most, which has to fit."""
    size = 576
    below = np.full(size, 118)  # 118 ^2 / 2^27 rounds to 0, and to 0.007 of the next
    found = ladder(size)
    assert 64 * (found.threshold - 1) + 32.5 * (size + 1) <= MOST
    assert 64 * (MOST // 64 - 1) + 32.5 * (size + 1) > MOST
    assert climbed(below)[0] <= MOST


@pytest.mark.parametrize("seed", range(6))
def test_the_sum_is_within_what_rounding_makes_of_it(seed: int) -> None:
    """sqrt(1 + n / 2 / T) of BLOCK's proof of a norm, unless the vector is tiny."""
    rng = np.random.default_rng(seed)
    size = int(rng.choice([16, 576, 1023, 1536]))
    found = ladder(size)
    for width in np.geomspace(10, 2**21, 12):
        values = np.rint(rng.normal(0, width, size)).astype(np.int64)
        values = np.clip(values * (rng.random(size) < rng.random()), -MOST, MOST)
        kept, k, exact = climbed(values, 2.0**9)
        assert abs(kept / 64**k - exact) <= (size + 1) / 2 / 64**k
        if k < RUNGS - 1:
            assert abs(kept / 64**k / exact - 1) <= (size + 1) / 2 / found.threshold


@given(st.integers(1, 100_000), st.floats(2.0**-40, 2.0**56))
@settings(max_examples=200, deadline=None)
def test_what_is_added_is_kept_to_22_bits(size: int, least: float) -> None:
    found = ladder(size, least)
    wanted = least / 2.0**found.shift
    assert found.least <= MOST
    if found.least < MOST and found.least_shift < 53:
        assert found.least / 2.0**found.least_shift == pytest.approx(wanted, rel=2.0**-22)


def test_so_many_squares_that_no_threshold_is_left_are_refused() -> None:
    assert ladder(254_198).threshold == 1
    with pytest.raises(NetworkError, match=r"so many squares.*at most 254198"):
        ladder(254_199)


# --- networks


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("beyond", [0, 2**23 + 5, 2**24 + 7, 2**22, 1])
def test_what_comes_after_the_kept_sum_is_ignored(backend: str, beyond: int) -> None:
    """Wrapped, saturated or exact: the same integers."""
    found = ladder(576, 1e6)
    model = Rsqrt(found.threshold, found.least, found.least_shift, multiplier=50_000, shift=30,
                  period=11, at=7)
    later = np.array([[min(beyond, MOST)] * 3] * 3)
    arrives = {2: [3, 0, found.threshold], 3: [200, 0, 5], 4: [found.threshold + 9, 0, 7],
               5: later[0], 6: later[1], 7: later[2]}
    arrives = {step: np.array(numbers) for step, numbers in arrives.items()}
    arrives[5][1], arrives[6][1], arrives[7][1] = 0, 0, 0
    done = told(model, arrives, 11, backend=backend)
    totals = np.array([found.threshold + 9, 0, found.threshold]) + [
        round(found.least * 2.0**(6 * k - found.least_shift)) for k in (2, 5, 0)]
    expected = inverse_root_payload(totals, np.array([2, 5, 0]), 50_000, 30)
    assert done.spikes("n")[7].tolist() == np.minimum(expected, MOST).tolist()
    assert not np.delete(done.spikes("n"), 7, axis=0).any()
    assert expected.all()


@pytest.mark.parametrize("backend", FLOATS)
def test_floats_are_the_inverse_root_itself(backend: str) -> None:
    values = {2: np.array([5.5, 2e6]), 3: np.array([350.0, 9.0])}
    sent = told(Rsqrt(100, multiplier=3.5, shift=20, period=8, at=7), values, 8,
                backend=backend, domain="float").spikes("n")
    assert sent[7] == pytest.approx(3.5 * 2.0**6 / np.sqrt([350 / 64, 2e6]))
    sent = told(Root(100, period=8, at=7), values, 8, backend=backend, domain="float").spikes("n")
    assert sent[7] == pytest.approx(2.0**30 * np.sqrt([350 / 64, 2e6]))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_root_is_sent_beside(backend: str) -> None:
    values = {2: np.array([5, 2**20, 0]), 3: np.array([350, 9, 0])}
    sent = told(Root(100, period=8, at=7), values, 8, backend=backend).spikes("n")
    assert sent[7].tolist() == root_payload(np.array([350, 2**20, 0]), np.array([1, 0, 0])).tolist()
    assert sent[7][2] == 0


def test_a_kept_sum_that_saturates_is_counted_and_an_ignored_one_is_not() -> None:
    model = Rsqrt(100, period=8, at=7)
    state = {"v": np.array([0, 99, 100]), "rung": np.array([0, 1, 1])}
    assert model.overflows(state, state, {"a_in": np.array([MOST + 1] * 3)}, 5) == 2
    assert model.overflows(state, state, {"a_in": np.array([MOST + 1] * 3)}, 1) == 0


def test_vectors_that_are_too_short_get_the_largest_factor() -> None:
    model = Rsqrt(100, multiplier=2**16 - 1, shift=1, period=6, at=5)
    state = {"v": np.array([1]), "rung": np.array([0])}
    after, sent = model.step_fixed(state, {"a_in": np.array([1])}, 5)
    assert sent.tolist() == [MOST]
    assert model.overflows(state, after, {"a_in": np.array([1])}, 5) == 1
    assert [register.name for register in model.registers(1)] == ["sum", "payload"]
    long, sent = model.step_fixed(state, {"a_in": np.array([2**20])}, 0)
    assert model.overflows(state, long, {"a_in": np.array([2**20])}, 0) == 0
    small = Rsqrt(1000, 1000, 30, multiplier=1, shift=30)
    assert [register.name for register in small.registers(1)] == ["sum"]
    assert small.widest(1).high[0] == small.largest == round(2**-4 / sqrt(1000 / 2**30))
