"""`Rotary`: pairs that turn by an angle, against the rotation and exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_timed import BACKENDS, FLOATS, kernel_of, rounded, told

from neuromorph.errors import NetworkError
from neuromorph.neurons.rotary import Rotary
from neuromorph.numerics.interval import Interval

MOST = 2**23 - 1
sums = st.integers(-2**24, 2**24) | st.sampled_from([0, MOST, -MOST, 2**15, -2**15])
STEPS = {"period": 9, "own_at": 1, "partner_at": 2, "cos_at": 4, "at": 5}


def sat(value: int, most: int = MOST) -> int:
    return max(-most, min(most, value))


@given(sums, sums, sums, sums, st.integers(0, 1), st.integers(-MOST, MOST),
       st.integers(0, 2**16 - 1), st.integers(1, 40), st.sampled_from([126, 127, MOST]))
@settings(max_examples=500, deadline=None)
def test_it_is_its_equation(
    own: int, partner: int, cos: int, sin: int, second: int, centre: int, multiplier: int,
    shift: int, limit: int,
) -> None:
    model = Rotary(second, centre, multiplier, shift, limit, **STEPS)
    arrives = {1: own, 2: partner, 3: 77, 4: cos, 5: sin, 6: 78}
    one = dict.fromkeys(model.words, 0)
    arrays = {word: np.zeros(1, np.int64) for word in model.words}
    sent, cut = {}, {}
    for t, arrived in arrives.items():
        one, sent[t] = kernel_of(model, one, arrived, t)
        before = arrays
        arrays, expected = model.step_fixed(before, {"a_in": np.array([arrived])}, t)
        assert sent[t] == expected[0]
        cut[t] = model.overflows(before, arrays, {"a_in": np.array([arrived])}, t)
    x, p, c, s = map(sat, (own, partner, cos, sin))
    assert one == {"own": x, "partner": p, "cos": c}
    assert {word: int(values[0]) for word, values in arrays.items()} == one
    turned = floor(Fraction(x * c + (p * s if second else -p * s), 2**15)) - centre
    code = sat(rounded(Fraction(sat(turned) * multiplier, 2**shift)), limit)
    assert sent == {1: 0, 2: 0, 3: 0, 4: 0, 5: code, 6: 0}
    assert cut == {t: int(t in (1, 2, 4, 5) and (
        abs(arrived) > MOST or (t == 5 and abs(turned) > MOST))) for t, arrived in arrives.items()}


@given(st.integers(-MOST, MOST), st.integers(0, 1), st.integers(0, 15))
@settings(max_examples=300, deadline=None)
def test_what_is_proved_fits(centre: int, second: int, signs: int) -> None:
    model = Rotary(second, centre, **STEPS)
    register = model.registers(1)[1]
    room = register.highest if register.shift == 0 else 0
    values = [room if signs >> n & 1 else -room for n in range(4)]
    after = {word: np.array([value]) for word, value in zip(model.words, values, strict=False)}
    assert model.overflows(after, after, {"a_in": np.array(values[3:])}, 5) == 0
    sent = model.step_fixed(after, {"a_in": np.array(values[3:])}, 5)[1]
    most = Interval(np.array([-room]), np.array([room]))
    low, high = model.payloads(1, {"a_in": most})
    assert low <= sent <= high


@pytest.mark.parametrize("backend", BACKENDS)
def test_pairs_turn(backend: str) -> None:
    """Codes of 8 bits of pairs of 16: within half a code, and what a floor of 15 bits leaves."""
    rng = np.random.default_rng(1)
    angle = rng.uniform(0, 2 * np.pi, 6)
    x, y = rng.integers(-30_000, 30_000, (2, 6))
    c, s = np.rint(np.cos(angle) * 2**15), np.rint(np.sin(angle) * 2**15)
    own, partner = np.r_[x, y], np.r_[y, x]
    centre = rng.integers(-5000, 5000, 12)
    model = Rotary(np.repeat([0, 1], 6), centre, 2**16 // 400, 16, 126, **STEPS)
    arrives = {1: own, 2: partner, 4: np.r_[c, c], 5: np.r_[s, s], 10: own, 11: partner,
               13: np.r_[c, c], 14: -np.r_[s, s]}
    done = told(model, arrives, 20, backend=backend)
    for step, sign in ((5, 1), (14, -1)):
        turned = np.r_[x * np.cos(angle) - sign * y * np.sin(angle),
                       y * np.cos(angle) + sign * x * np.sin(angle)]
        exact = np.clip((turned - centre) * (2**16 // 400) / 2**16, -126, 126)
        assert np.abs(done.spikes("n")[step] - exact).max() < 0.51
    assert not np.delete(done.spikes("n"), [5, 14], axis=0).any()


@pytest.mark.parametrize("backend", FLOATS)
def test_floats_are_not_rounded(backend: str) -> None:
    model = Rotary([0, 1], [0.5, -0.5], 3.0, 1, 1e6, **STEPS)
    arrives = {1: np.array([1.5, -2.0]), 2: np.array([-2.0, 1.5]), 4: np.full(2, 0.6 * 2**15),
               5: np.full(2, 0.8 * 2**15)}
    sent = told(model, arrives, 6, backend=backend, domain="float").spikes("n")
    assert sent[5] == pytest.approx([(0.9 + 1.6 - 0.5) * 1.5, (-1.2 + 1.2 + 0.5) * 1.5])


def test_four_inputs_in_four_steps() -> None:
    with pytest.raises(NetworkError, match=r"steps are the same.*partner_at = cos_at = 1"):
        Rotary(cos_at=1).check("n", 1, "fixed")
    with pytest.raises(NetworkError, match="second is out of range"):
        Rotary(second=2).check("n", 1, "fixed")
