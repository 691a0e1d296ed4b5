"""`KeySide` and `ValueSide`: one side of a signed code each, over all codes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_timed import BACKENDS, FLOATS, kernel_of, rounded, told

from neuromorph.errors import NetworkError
from neuromorph.neurons.key_side import KeySide
from neuromorph.neurons.value_side import ValueSide

MOST = 2**23 - 1
EDGES = np.array([0, 1, -1, 126, -126, 127, -127, 128, -300, MOST, -MOST])


@pytest.mark.parametrize("off", [0, 1])
def test_both_sides_of_every_key_speak(off: int) -> None:
    keys = np.arange(-140, 141)
    model = KeySide(off, period=5, at=3)
    sent = model.step_fixed({}, {"a_in": keys}, 8)[1]
    sides = [max(1, min(254, 2 * max(0, int(-k if off else k)))) for k in keys]
    assert sent.tolist() == sides
    assert [kernel_of(model, {}, int(k), 3)[1] for k in keys] == sides
    assert sent.min() == 1
    assert [kernel_of(model, {}, int(k), 4)[1] for k in keys] == [0] * len(keys)
    assert [kernel_of(model, {}, one, 3)[1] for one in (2**30, -2**30)] == [[254, 1], [1, 254]][off]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_side_speaks_though_no_key_arrives(backend: str) -> None:
    model = KeySide(np.arange(len(EDGES)) % 2, period=4, at=2)
    done = told(model, {2: EDGES, 3: EDGES}, 12, backend=backend).spikes("n")
    assert done[2].tolist() == [max(1, min(254, 2 * int(k) * (-1)**n))
                                for n, k in enumerate(EDGES)]
    assert (done[[6, 10]] == 1).all()
    assert not np.delete(done, [2, 6, 10], axis=0).any()


@given(st.integers(-2**24, 2**24), st.integers(0, 1), st.integers(-MOST, MOST) | st.just(0),
       st.integers(0, 2**16 - 1), st.integers(1, 40), st.sampled_from([1, 127, 255, MOST]))
@settings(max_examples=500, deadline=None)
def test_a_value_is_rectified(
    value: int, off: int, centre: int, multiplier: int, shift: int, limit: int
) -> None:
    model = ValueSide(off, centre, multiplier, shift, limit, period=20, at=19)
    left = max(-MOST, min(MOST, value)) - centre
    code = rounded(Fraction(max(-MOST, min(MOST, left)) * multiplier, 2**shift))
    expected = min(max(-code if off else code, 0), limit)
    a_in = {"a_in": np.array([value])}
    assert kernel_of(model, {}, value, 39)[1] == expected
    assert model.step_fixed({}, a_in, 19)[1] == expected
    assert kernel_of(model, {}, value, 18)[1] == 0
    assert model.overflows({}, {}, a_in, 19) == (abs(value) > MOST or abs(left) > MOST)
    assert model.overflows({}, {}, a_in, 18) == 0
    room = model.registers(1)[0].highest
    if abs(centre) < MOST:
        assert model.overflows({}, {}, {"a_in": np.array([room])}, 19) == 0
        assert model.overflows({}, {}, {"a_in": np.array([-room])}, 19) == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_sides_of_a_value_are_apart(backend: str) -> None:
    both = np.repeat([0, 1], len(EDGES))
    model = ValueSide(both, 3, 2**14, 15, 127, period=6, at=4)
    done = told(model, {4: np.r_[EDGES, EDGES], 5: np.r_[EDGES, EDGES]}, 8, backend=backend)
    on, off = np.split(done.spikes("n")[4].astype(int), 2)
    exact = [max(-127, min(127, rounded(Fraction(max(-MOST, int(e) - 3), 2)))) for e in EDGES]
    assert (on - off).tolist() == exact
    assert not (on * off).any()
    assert not np.delete(done.spikes("n"), 4, axis=0).any()


@pytest.mark.parametrize("backend", FLOATS)
def test_floats(backend: str) -> None:
    values = np.array([0.25, -7.5, 0.0])
    for model, expected in ((KeySide(1, 10, 3, 1), [1, 10, 1]), (KeySide(0, 10.5, 3, 1), [1, 1, 1]),
                            (ValueSide(1, 0.5, 3.0, 1, 8.5, 3, 1), [0.375, 8.5, 0.75])):
        sent = told(model, {1: values}, 3, backend=backend, domain="float").spikes("n")
        assert sent[1] == pytest.approx(expected)
        assert not sent[[0, 2]].any()


@pytest.mark.parametrize("model", [KeySide(2), ValueSide(-1)])
def test_there_are_two_sides(model: Any) -> None:
    with pytest.raises(NetworkError, match="off is out of range"):
        model.check("n", 1, "fixed")
