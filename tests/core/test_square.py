"""`Square`: six rungs of a square, against exact fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_timed import BACKENDS, FLOATS, kernel_of, told

from neuromorph.errors import NetworkError
from neuromorph.neurons.square import RUNGS, Square

MOST = 2**23 - 1
EDGES = np.array([0, 1, -1, 3, -2, 2**11, 2**14 + 1, 2**17, -(2**20) + 7, MOST, -MOST])


def rungs_of(value: int, shift: int, limit: int = MOST) -> list[int]:
    """R^2 / 2^(shift - 6 k), halves rounded up."""
    return [min(floor(Fraction(value * value, 2**(shift - 6 * k)) + Fraction(1, 2)), limit)
            for k in range(RUNGS)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_sends_six_rungs_and_is_silent_otherwise(backend: str) -> None:
    model = Square(shift=34, period=9, at=3)
    found = told(model, {3: EDGES, 5: EDGES[::-1], 12: EDGES[::-1]}, 22, backend=backend)
    sent = found.spikes("n")
    expected = np.array([rungs_of(int(one), 34) for one in EDGES]).T
    assert np.array_equal(sent[3:9], expected)
    assert np.array_equal(sent[12:18], expected[:, ::-1])
    assert not np.delete(sent, np.r_[3:9, 12:18], axis=0).any()
    assert np.array_equal(found.traces[next(p for p in found.traces if p.variable == "kept")][3],
                          EDGES)


@given(st.integers(-MOST, MOST), st.integers(30, 47), st.integers(0, 5))
@settings(max_examples=300, deadline=None)
def test_each_rung_is_the_rounded_square(value: int, shift: int, k: int) -> None:
    model, arrives = Square(shift=shift, period=7, at=0), value if k == 0 else 9
    assert kernel_of(model, {"kept": value}, arrives, k) == (
        {"kept": value}, rungs_of(value, shift)[k])
    kept, sent = model.step_fixed({"kept": np.array([value])}, {"a_in": np.array([arrives])}, k)
    assert (kept["kept"], sent) == (value, rungs_of(value, shift)[k])


def test_a_rung_is_64_times_the_one_before_within_33() -> None:
    """What lets a sum of squares be watched: S_k+1 <= 64 S_k + 32.5 n."""
    values = np.concatenate([np.arange(2**17), np.random.default_rng(0).integers(0, MOST, 50_000)])
    found = [Square().step_fixed({"kept": values}, {"a_in": values}, k)[1] for k in range(RUNGS)]
    for before, after in pairwise(found):
        free = after < MOST
        error = after[free] - 64 * before[free]
        assert error.min() == -32
        assert 31 <= error.max() <= 32


@pytest.mark.parametrize("backend", FLOATS)
def test_floats_are_the_square_itself(backend: str) -> None:
    values = np.array([0.5, -3.25, 1000.0])
    sent = told(Square(shift=33, period=7, at=1), {1: values}, 8, backend=backend,
                domain="float").spikes("n")
    assert np.allclose(sent[1:7], values**2 / 2.0**(33 - 6 * np.arange(6)[:, None]), rtol=1e-12)


def test_a_sum_that_saturates_is_counted_in_its_step_only() -> None:
    arrives = {1: np.array([MOST + 1, -MOST - 1, MOST]), 2: np.array([MOST + 9] * 3)}
    model = Square(period=7, at=1)
    zero = {"kept": np.zeros(3, np.int64)}
    assert [model.overflows(zero, zero, {"a_in": arrives[t]}, t) for t in (1, 2)] == [2, 0]
    assert model.step_fixed(zero, {"a_in": arrives[1]}, 1)[0]["kept"].tolist() == [
        MOST, -MOST, MOST]


@pytest.mark.parametrize(("model", "words"), [
    (Square(period=5), "period is out of range"), (Square(shift=29), "shift is out of range"),
    (Square(shift=48), "shift is out of range"), (Square(period=8, at=8), "acts at a step")])
def test_what_is_no_square_is_refused(model: Square, words: str) -> None:
    with pytest.raises(NetworkError, match=words):
        model.check("n", 1, "fixed")
