"""`Scale`, and the RMS norm that it ends: against a closed form that knows no steps."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_timed import BACKENDS, FLOATS, WITH_LAVA, kernel_of, rounded, told

from neuromorph import backends
from neuromorph.compile.ranges.prove import prove_ranges_of
from neuromorph.errors import NetworkError
from neuromorph.network import (
    Network,
    Population,
    Port,
    Probe,
    Projection,
    Schedule,
    Source,
    verify,
)
from neuromorph.network.credit import credit
from neuromorph.neurons.ladder import ladder
from neuromorph.neurons.rsqrt import Rsqrt, inverse_root_payload
from neuromorph.neurons.scale import Scale
from neuromorph.neurons.square import Square

MOST = 2**23 - 1
Ints = NDArray[np.int64]


@given(st.integers(-2**24, 2**24), st.integers(-2**24, 2**24), st.integers(1, 47),
       st.integers(0, 2**16 - 1), st.integers(1, 40), st.sampled_from([1, 127, 8191, MOST]))
@settings(max_examples=500, deadline=None)
def test_it_is_its_equation(
    kept: int, factor: int, shift: int, fold: int, fold_shift: int, limit: int
) -> None:
    model = Scale(shift, fold, fold_shift, limit, period=4, keep_at=1, at=3)
    state, silent = kernel_of(model, {"kept": 5}, kept, 1)
    assert silent == 0
    R, Y = (max(-MOST, min(MOST, one)) for one in (kept, factor))
    share = max(-MOST, min(MOST, rounded(Fraction(R * Y, 2**shift))))
    expected = max(-limit, min(limit, rounded(Fraction(share * fold, 2**fold_shift))))
    assert (state["kept"], kernel_of(model, state, factor, 3)[1]) == (R, expected)
    arrays = {"kept": np.array([R])}
    assert model.step_fixed(arrays, {"a_in": np.array([factor])}, 3)[1] == expected
    cut = (abs(factor) > MOST or abs(rounded(Fraction(R * Y, 2**shift))) > MOST
           or abs(rounded(Fraction(share * fold, 2**fold_shift))) > limit)
    assert model.overflows(arrays, arrays, {"a_in": np.array([factor])}, 3) == cut
    assert model.overflows(arrays, arrays, {"a_in": np.array([kept])}, 1) == (abs(kept) > MOST)
    assert model.overflows(arrays, arrays, {"a_in": np.array([kept])}, 2) == 0


@given(st.integers(1, 47), st.integers(0, 2**16 - 1), st.integers(1, 40),
       st.sampled_from([1, 127, 8191, MOST]))
@settings(max_examples=300, deadline=None)
def test_what_is_proved_is_not_cut_off_and_one_more_is(
    shift: int, fold: int, fold_shift: int, limit: int
) -> None:
    model = Scale(shift, fold, fold_shift, limit)
    register = model.registers(1)[1]
    room = register.highest if register.shift == 0 else 0
    for most in (room, -room):
        kept = {"kept": np.array([room])}
        assert model.overflows(kept, kept, {"a_in": np.array([most])}, 1) == 0
    if room < MOST:
        more = {"kept": np.array([room + 1])}
        assert model.overflows(more, more, {"a_in": np.array([room + 1])}, 1) == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_speaks_in_its_step_only(backend: str) -> None:
    fold = np.array([2, 3, 65535])
    model = Scale(4, fold, np.array([1, 1, 16]), 100, period=5, keep_at=4, at=2)
    numbers = np.array([5, -6, 40])
    done = told(model, {4: numbers, 5: numbers, 7: np.array([10, 10, 16])}, 12, backend=backend)
    assert done.spikes("n")[7].tolist() == [3, -6, 40]
    assert not np.delete(done.spikes("n"), 7, axis=0).any()


@pytest.mark.parametrize("backend", FLOATS)
def test_floats_are_not_rounded(backend: str) -> None:
    model = Scale(4, 3.5, 1, 100, period=5, keep_at=2, at=4)
    arrives = {2: np.array([2.25, -1e3]), 4: np.array([10.5, 8.0])}
    sent = told(model, arrives, 6, backend=backend, domain="float").spikes("n")
    assert sent[4] == pytest.approx([2.25 * 10.5 * 3.5 / 32, -100])


def test_two_inputs_in_one_step_are_refused() -> None:
    with pytest.raises(NetworkError, match=r"steps are the same.*keep_at = at = 1"):
        Scale(keep_at=1, at=1).check("n", 1, "fixed")
    with pytest.raises(NetworkError, match="acts at a step that its period does not have"):
        Scale(keep_at=2, at=1).check("n", 1, "fixed")


# --- a norm of three populations and a sum


def an_rms_norm(size: int, least: float, factor: int, shift: int, scale: Scale) -> Network:
    """x at 0; its rungs at 1 ... 6, the factor at 7, what is scaled at 8, in a period of 10."""
    found, each = ladder(size, least), np.eye(size, dtype=np.int32)
    return verify(Network("norm", "fixed", (
        Population("x", size, Source(24)),
        Population("square", size, Square(found.shift, period=10, at=1)),
        Population("rsqrt", 1, Rsqrt(found.threshold, found.least, found.least_shift, factor,
                                     shift, period=10, at=7)),
        Population("scale", size, scale)), (
        Projection("keep", "x", "square", each, graded=True),
        Projection("keep_too", "x", "scale", each, graded=True),
        Projection("sum", "square", "rsqrt", np.ones((1, size), np.int32), graded=True),
        Projection("factor", "rsqrt", "scale", np.ones((size, 1), np.int32), graded=True)),
        Schedule(10), inputs=(Port("x", "x", size, 24, -MOST, MOST, (0,)),)))


def normed(x: Ints, least: float, factor: int, shift: int, scale: Scale) -> Ints:
    """The same of one vector, in closed form: the finest sum of squares that fits."""
    found, size = ladder(len(x), least), len(x)
    exact = [int(v)**2 for v in x]
    for k in range(6):
        total = sum(min((v + (1 << found.shift - 6 * k - 1)) >> (found.shift - 6 * k), MOST)
                    for v in exact) + rounded(Fraction(found.least) * Fraction(2)**(
                        6 * k - found.least_shift))
        if total >= (MOST - 33 * size) // 64:
            break
    y = min(int(inverse_root_payload(np.array([total]), np.array([k]), factor, shift)[0]), MOST)
    fold, places = np.broadcast_to(scale.fold, size), np.broadcast_to(scale.fold_shift, size)
    shares = [rounded(Fraction(int(v) * y, 2**scale.shift)) for v in x]
    return np.array([max(-scale.limit, min(scale.limit, rounded(Fraction(
        max(-MOST, min(MOST, s)) * int(f), 2**int(p)))))
        for s, f, p in zip(shares, fold, places, strict=True)])


def some_vectors(rng: np.random.Generator, size: int) -> Ints:
    """Of all lengths: nothing, tiny, usual, one massive element, the largest there is."""
    usual = [np.rint(rng.normal(0, width, size)) for width in (0.7, 30, 2e3, 2e5, 2e6)]
    massive = np.rint(rng.normal(0, 900, size))
    massive[0] = -MOST
    vectors = [np.zeros(size), *usual, massive, np.full(size, MOST), np.eye(size)[0]]
    return np.clip(np.array(vectors), -MOST, MOST).astype(np.int64)


@pytest.mark.parametrize("size", [5, 64, 250])
@pytest.mark.parametrize("backend", ["reference", "fast", WITH_LAVA])
def test_an_rms_norm_is_its_closed_form(backend: str, size: int) -> None:
    if backend == "lava" and size > 5:
        pytest.skip("once is enough")
    rng = np.random.default_rng(size)
    vectors, least = some_vectors(rng, size), size * 40.0
    # ||x|| of 100 or more gets a factor below 2^23; the norm's payloads a length of 3000.
    scale = Scale(22, rng.integers(2**14, 2**15, size), 14, 8191, period=10, keep_at=1, at=8)
    places = ladder(size).shift
    wanted = 3000.0 * 2**22 / 2.0**(places / 2)
    shift = int(np.floor(np.log2(65535 / wanted))) + 26
    factor = round(wanted * 2.0**(shift - 26))
    network = an_rms_norm(size, least, factor, shift, scale)
    train = np.zeros((10 * len(vectors), size), np.int64)
    train[::10] = vectors
    done = backends.get(backend).run(network, {"x": train}, [Probe("scale")], len(train))
    sent = done.spikes("scale")
    closed = np.array([normed(x, least, factor, shift, scale) for x in vectors])
    assert np.array_equal(sent[8::10], closed)
    assert not np.delete(sent, np.s_[8::10], axis=0).any()
    long = np.linalg.norm(vectors.astype(float), axis=1) > 1000
    exact = vectors[long] / np.sqrt((vectors[long].astype(float)**2).sum(axis=1) + least)[:, None]
    folded = exact * 3000 * np.broadcast_to(scale.fold, size) / 2**14
    assert np.abs(closed[long] - folded).max() < 1.5 + 1e-3 * sqrt(size) * 3000
    assert closed[long].any()


def test_it_is_known_when_each_of_a_norm_speaks() -> None:
    """So R and Y never add up to one sum, though both may be as wide as a payload."""
    scale = Scale(22, 2, 1, 8191, period=10, keep_at=1, at=8)
    known = credit(an_rms_norm(9, 0.0, 1, 1, scale)).promises
    assert {name: promise.steps for name, promise in known.items()} == {
        "x": {0}, "square": set(range(1, 7)), "rsqrt": {7}, "scale": {8}}
    sums = {bound.where: bound for bound in prove_ranges_of(
        an_rms_norm(9, 0.0, 1, 1, scale)).bounds if bound.accumulator == "sum"}
    assert sums["scale"].status == "proved"
    assert (sums["scale"].low, sums["scale"].high) == (-MOST, MOST)
