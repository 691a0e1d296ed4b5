"""`Residual` and `UnitResidual`: what is carried on and added, against exact fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_timed import BACKENDS, FLOATS, kernel_of, rounded, told

from neuromorph.errors import NetworkError
from neuromorph.neurons.residual import Residual
from neuromorph.neurons.rsqrt import ROOT_LARGEST, root_payload
from neuromorph.neurons.unit_residual import UnitResidual

MOST = 2**23 - 1
sums = st.integers(-2**24, 2**24) | st.sampled_from([0, 1, -1, MOST, -MOST, 2**23, -2**23])
factors = st.integers(0, 2**16 - 1)
places = st.integers(1, 40)
biases = st.integers(-1000, 1000)


def sat(value: int, most: int = MOST) -> int:
    return max(-most, min(most, value))


def scaled(value: int, multiplier: int, shift: int) -> int:
    return rounded(Fraction(sat(value) * multiplier, 2**shift))


def run_of(
    model: Any, arrives: list[int], words: tuple[str, ...]
) -> tuple[dict[str, int], int, int]:
    """Some steps by the kernel and by the arrays, alike: the state, the last sent, overflows."""
    one = dict.fromkeys(words, 0)
    all_ = {word: np.zeros(1, np.int64) for word in words}
    cut = sent = 0
    for t, arrived in enumerate(arrives):
        one, sent = kernel_of(model, one, arrived, t)
        before = all_
        all_, expected = model.step_fixed(all_, {"a_in": np.array([arrived])}, t)
        assert ({word: int(all_[word][0]) for word in words}, int(expected[0])) == (one, sent)
        cut += model.overflows(before, all_, {"a_in": np.array([arrived])}, t)
    return one, sent, cut


@given(st.lists(sums, min_size=4, max_size=4), factors, places, factors, places, biases,
       st.sampled_from([1000, 2**15 - 1, MOST]))
@settings(max_examples=500, deadline=None)
def test_it_is_its_equation(
    arrives: list[int], carry: int, carry_shift: int, multiplier: int, shift: int, bias: int,
    limit: int,
) -> None:
    model = Residual(carry, carry_shift, multiplier, shift, bias, limit, 7, 0, 3)
    state, sent, cut = run_of(model, arrives, model.words)
    stages = [scaled(arrives[0], carry, carry_shift) + bias]
    for arrived in arrives[1:]:
        stages.append(sat(stages[-1]) + scaled(arrived, multiplier, shift))
    assert state["v"] == sat(stages[-1])
    assert sent == sat(state["v"], limit)
    lost = [abs(stage) > MOST or abs(arrived) > MOST or (n == 3 and abs(sat(stage)) > limit)
            for n, (stage, arrived) in enumerate(zip(stages, arrives, strict=True))]
    assert cut == sum(lost)


@given(factors, places, factors, places, biases, st.sampled_from([1000, MOST]),
       st.integers(1, 5), st.integers(0, 2**5 - 1))
@settings(max_examples=300, deadline=None)
def test_what_is_proved_is_not_cut_off(
    carry: int, carry_shift: int, multiplier: int, shift: int, bias: int, limit: int, parts: int,
    signs: int,
) -> None:
    model = Residual(carry, carry_shift, multiplier, shift, bias, limit, parts + 1, 0, parts)
    register = model.registers(1)[1]
    room = register.highest if register.shift == 0 else 0
    for sign in (1, -1):
        arrives = [sign * room, *(room if signs >> n & 1 else -room for n in range(parts))]
        assert run_of(model, arrives, model.words)[2] == 0
        assert run_of(model, [sign * room] * (parts + 1), model.words)[2] == 0


@pytest.mark.parametrize(("places", "value", "expected"), [
    (3, 5, 40), (-2, 6, 2), (-2, -6, -2), (14, 700, MOST), (0, -9, -9)])
def test_what_was_is_shifted_either_way(places: int, value: int, expected: int) -> None:
    """A left shift saturates; a right one rounds halves away from zero."""
    carry, shift = (2 << places, 1) if places >= 0 else (1, -places)
    model = Residual(carry, shift, period=3, keep_at=0, at=1)
    assert kernel_of(model, {"v": 3}, value, 0)[0]["v"] == expected


@pytest.mark.parametrize("backend", BACKENDS)
def test_parts_are_added_step_by_step(backend: str) -> None:
    """Around the end of a period; what comes outside of its steps is not heard."""
    bias = np.array([7, 0, -7])
    model = Residual(carry=4, multiplier=3, shift=np.array([1, 2, 3]), bias=bias, period=6,
                     keep_at=4, at=1)
    first, parts = np.array([100, -50, 3]), np.array([[8, 9, -3], [1, -20, 5], [40, 2, 2**20]])
    arrives = {4: first, 5: parts[0], 6: parts[1], 7: parts[2], 8: parts[0], 9: parts[1],
               10: first}
    done = told(model, arrives, 16, backend=backend)
    added = [[scaled(int(v), 3, s) for v, s in zip(part, (1, 2, 3), strict=True)] for part in parts]
    assert done.spikes("n")[7].tolist() == (2 * first + bias + np.sum(added, axis=0)).tolist()
    assert done.spikes("n")[13].tolist() == (2 * first + bias).tolist()
    silent = np.delete(done.spikes("n"), [1, 7, 13], axis=0)
    assert not silent.any()


@pytest.mark.parametrize("backend", FLOATS)
def test_floats_are_not_rounded(backend: str) -> None:
    model = Residual(carry=3.5, multiplier=0.25, shift=2, bias=0.125, limit=50, period=5,
                     keep_at=2, at=4)
    arrives = {2: np.array([1.5, 100]), 3: np.array([3.0, 0.0]), 4: np.array([-8.0, 0.0])}
    sent = told(model, arrives, 6, backend=backend, domain="float").spikes("n")
    assert sent[4] == pytest.approx([1.5 * 3.5 / 2 + 0.125 - 5 / 16, 50])
    unit = UnitResidual(carry=2, multiplier=3.0, shift=20, period=5, keep_at=1, root_at=2, at=4)
    arrives = {1: np.array([1.5, -2.0]), 2: np.array([2.0**32, 2.0**31]),
               3: np.array([4.0, 0.5]), 4: np.array([0.0, 1.0])}
    sent = told(unit, arrives, 6, backend=backend, domain="float").spikes("n")
    assert sent[4] == pytest.approx([1.5 + 4 * 3 * 2.0**-3, -2 + 1.5 * 3 * 2.0**-4])


# --- times a norm


@given(sums, st.integers(1, MOST), st.integers(0, 5), st.lists(sums, min_size=2, max_size=2),
       factors, st.integers(18, 47), biases, st.sampled_from([1000, MOST]))
@settings(max_examples=500, deadline=None)
def test_a_norm_is_multiplied_back(
    first: int, kept: int, k: int, parts: list[int], multiplier: int, shift: int, bias: int,
    limit: int,
) -> None:
    payload = int(root_payload(np.array([kept]), np.array([k]))[0])
    model = UnitResidual(2, 1, multiplier, shift, bias, limit, 6, 0, 1, 3)
    state, sent, _ = run_of(model, [first, payload, *parts], model.words)
    root, exponent = payload >> 5, payload & 31
    v = sat(sat(first) + bias)
    for part in parts:
        small = sat(scaled(part, multiplier, 15))
        assert abs(small * root) < 2**39
        v = sat(v + sat(rounded(Fraction(small * root) / Fraction(2)**(shift - exponent))))
    assert (state, sent) == ({"v": v, "root": payload}, sat(v, limit))


def test_a_unit_vector_and_its_norm_are_the_vector() -> None:
    """sum w (h / |a|) |a| is sum w a: within what 13 bits of h and 16 of the norm leave."""
    rng = np.random.default_rng(2)
    for size in (3e2, 3e3, 3e4):
        a = np.rint(rng.normal(0, size, 200))
        weights = rng.integers(-127, 128, 200)
        square = float((a**2).sum())
        kept, k = next((int(square / 2**(33 - 6 * k)), k) for k in range(6)
                       if square / 2**(33 - 6 * k) > 131_000 or k == 5)
        payload = int(root_payload(np.array([kept]), np.array([k]))[0])
        unit = np.rint(a / np.sqrt(square) * 4555)
        # root 2^E = 2^30 |a| / 2^16.5: times m / 2^15 / 2^shift it is |a| / 4555 / 2^4
        shift = 31
        multiplier = round(2**15 * 2.0**(shift - 30 + 16.5 - 4) / 4555)
        model = UnitResidual(multiplier=multiplier, shift=shift, period=4, at=2)
        _, sent, cut = run_of(model, [1000, payload, int(weights @ unit)], model.words)
        exact = 1000 + weights @ a / 16
        assert cut == 0
        assert abs(sent - exact) < 1 + 3e-3 * 73 * np.sqrt(square) / 16


@given(st.lists(sums, min_size=4, max_size=4))
@settings(max_examples=300, deadline=None)
def test_what_is_no_norm_is_counted(arrives: list[int]) -> None:
    model = UnitResidual(period=4, at=3)
    state, _, cut = run_of(model, arrives, model.words)
    assert 0 <= state["root"] <= ROOT_LARGEST
    assert (cut > 0) >= (arrives[1] > ROOT_LARGEST)


@given(factors, places, factors, st.integers(18, 47), biases, st.sampled_from([1000, MOST]),
       st.integers(0, 2**6))
@settings(max_examples=300, deadline=None)
def test_what_is_proved_of_a_norm_is_not_cut_off(
    carry: int, carry_shift: int, multiplier: int, shift: int, bias: int, limit: int, less: int
) -> None:
    model = UnitResidual(carry, carry_shift, multiplier, shift, bias, limit, 4, 0, 1, 3)
    register = model.registers(1)[1]
    room = register.highest if register.shift == 0 else 0
    for norm in (room, max(room - less, 0), min(room, 31), 0):
        for sign in (1, -1):
            arrives = [sign * room, norm, sign * room, sign * room]
            assert run_of(model, arrives, model.words)[2] == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_norm_comes_in_a_step_of_its_own(backend: str) -> None:
    norms = root_payload(np.array([2**20, 9, 777]), np.array([0, 5, 3]))
    model = UnitResidual(multiplier=20_000, shift=np.array([30, 20, 28]), period=7, keep_at=5,
                         root_at=0, at=2)
    first, part = np.array([5, -6, 7]), np.array([300, -4000, 2**20])
    arrives = {5: first, 6: part, 7: norms, 8: part, 9: part}
    done = told(model, arrives, 12, backend=backend)
    added = [scaled(int(p), 20_000, 15) * int(n >> 5) / 2.0**(int(s) - int(n & 31))
             for p, n, s in zip(part, norms, (30, 20, 28), strict=True)]
    assert done.spikes("n")[9] == pytest.approx(first + 2 * np.array(added), abs=1)
    assert not np.delete(done.spikes("n"), [2, 9], axis=0).any()


@pytest.mark.parametrize(("model", "words"), [
    (Residual(keep_at=1, at=1), "steps are the same"),
    (Residual(bias=128, limit=127), "a bias is beyond what is sent; found 128"),
    (Residual(carry=2**16), "carry is out of range"),
    (UnitResidual(shift=17), "shift is out of range"),
    (UnitResidual(keep_at=0, root_at=2, at=1), "the norm arrives after what is multiplied by it"),
    (UnitResidual(keep_at=0, root_at=1, at=1), "steps are the same.*root_at = at = 1"),
])
def test_what_is_no_stream_is_refused(model: Any, words: str) -> None:
    with pytest.raises(NetworkError, match=words):
        model.check("n", 1, "fixed")
