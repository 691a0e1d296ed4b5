"""`Gate`: its activations over all of 16 bits, and a gate fed by two projections."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import erf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_timed import BACKENDS, FLOATS, WITH_LAVA, kernel_of, rounded, told

from neuromorph import backends
from neuromorph.errors import NetworkError
from neuromorph.network import Network, Population, Probe, Projection, Source, verify
from neuromorph.neurons.gate import (
    GELU,
    GELU_TANH,
    NARROW,
    QUICK_GELU,
    SILU,
    Activation,
    Gate,
    activation,
    activation_float,
    activation_one,
)

Floats = NDArray[np.float64]
MOST = 2**23 - 1
ALL = np.arange(-NARROW, NARROW + 1)
EDGES = [0, 1, -1, 2, -3, 255, -4096, 12_345, NARROW, -NARROW]


def silu(x: Floats) -> Floats:
    return x / (1 + np.exp(-x))


def gelu(x: Floats) -> Floats:
    return x * (1 + np.vectorize(erf)(x / np.sqrt(2))) / 2


def gelu_tanh(x: Floats) -> Floats:
    return x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2


def quick_gelu(x: Floats) -> Floats:
    return x / (1 + np.exp(-1.702 * x))


@pytest.mark.parametrize("unit_bits", range(8, 15))
@pytest.mark.parametrize(("kind", "exact", "units"), [
    (SILU, silu, 1.2), (GELU_TANH, gelu_tanh, 1.0), (QUICK_GELU, quick_gelu, 1.0),
    (GELU, gelu, None)])
def test_an_activation_is_within_its_error_everywhere(
    kind: Activation, exact: Callable[[Floats], Floats], units: float | None, unit_bits: int
) -> None:
    """Of all 65,535 sums. GELU's own error, which no z of two terms undercuts, is 2.8e-4."""
    error = activation(ALL, unit_bits, *kind) - exact(ALL / 2**unit_bits) * 2**unit_bits
    if units is None:
        units = 1.2 if unit_bits <= 11 else 0.7 + 2.8e-4 * 2**unit_bits
    assert 0.5 <= np.abs(error).max() < units


def test_a_wrong_slope_is_seen() -> None:
    """Planted: the bound is not one that anything meets."""
    wrong = activation(ALL, 11, SILU.slope + 50, 0) - silu(ALL / 2**11) * 2**11
    assert np.abs(wrong).max() > 1.2


@pytest.mark.parametrize("kind", [SILU, GELU, GELU_TANH, QUICK_GELU])
def test_activations_of_arrays_are_those_of_numbers(kind: Activation) -> None:
    for unit_bits in (8, 11, 14):
        some = np.r_[ALL[::97], EDGES]
        assert activation(some, unit_bits, *kind).tolist() == [
            activation_one(int(x), unit_bits, *kind) for x in some]
        assert activation(np.zeros(1, int), unit_bits, *kind) == 0
        far = np.array([-NARROW])
        assert abs(activation(far, 8, *kind)[0]) == 0
    real = activation_float(ALL / 2**11, *kind) * 2**11
    assert np.abs(activation(ALL, 11, *kind) - real).max() < 0.8


@pytest.mark.parametrize("kind", [Activation(2**16 - 1, 2**12 - 1), Activation(0, 0)])
def test_the_steepest_and_the_flattest_stay_within_48_bits(kind: Activation) -> None:
    """As integers without end they are the same as in 64 bits."""
    for unit_bits in (8, 14):
        some = np.r_[ALL[::511], EDGES]
        assert activation(some, unit_bits, *kind).tolist() == [
            activation_one(int(x), unit_bits, *kind) for x in some]
        assert (np.abs(activation(ALL, unit_bits, *kind)) <= np.abs(ALL)).all()


def sat(value: int, most: int = MOST) -> int:
    return max(-most, min(most, value))


@given(st.integers(-2**24, 2**24), st.integers(-2**24, 2**24), st.integers(0, 2**16 - 1),
       st.integers(1, 40), st.integers(-NARROW, NARROW), st.integers(0, 2**16 - 1),
       st.integers(1, 40), st.integers(-NARROW, NARROW), st.integers(8, 14),
       st.sampled_from([SILU, GELU]), st.integers(0, 30), st.sampled_from([127, MOST]))
@settings(max_examples=500, deadline=None)
def test_it_is_its_equation(
    gate: int, up: int, multiplier: int, shift: int, bias: int, up_multiplier: int, up_shift: int,
    up_bias: int, unit_bits: int, kind: Activation, product_shift: int, limit: int,
) -> None:
    model = Gate(multiplier, shift, bias, up_multiplier, up_shift, up_bias, unit_bits, *kind,
                 product_shift, limit, period=5, gate_at=4, at=1)
    g, u = (rounded(Fraction(sat(x) * m, 2**s)) + b for x, m, s, b in (
        (gate, multiplier, shift, bias), (up, up_multiplier, up_shift, up_bias)))
    a = activation_one(sat(g, NARROW), unit_bits, *kind)
    product = rounded(Fraction(a * sat(u, NARROW), 2**product_shift))
    state, silent = kernel_of(model, {"gate": 3}, gate, 4)
    assert (state, silent) == ({"gate": a}, 0)
    assert kernel_of(model, state, up, 6) == (state, sat(product, limit))
    before, arrives = {"gate": np.array([3])}, {"a_in": np.array([gate])}
    after, none = model.step_fixed(before, arrives, 4)
    assert (after["gate"], none) == (a, 0)
    assert model.overflows(before, after, arrives, 4) == (abs(gate) > MOST or abs(g) > NARROW)
    arrives = {"a_in": np.array([up])}
    assert model.step_fixed(after, arrives, 6)[1] == sat(product, limit)
    assert model.overflows(after, after, arrives, 6) == (
        abs(up) > MOST or abs(u) > NARROW or abs(product) > limit)
    assert model.overflows(after, after, arrives, 5) == 0


@given(st.integers(0, 2**16 - 1), st.integers(1, 40), st.integers(-NARROW, NARROW),
       st.integers(0, 30), st.sampled_from([127, MOST]), st.sampled_from([SILU, GELU]),
       st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_what_is_proved_is_not_cut_off(
    multiplier: int, shift: int, bias: int, product_shift: int, limit: int, kind: Activation,
    signs: int,
) -> None:
    model = Gate(multiplier, shift, bias, multiplier, shift, 0, 11, *kind, product_shift, limit)
    register = model.registers(1)[1]
    room = register.highest if register.shift == 0 else 0
    gate, up = (np.array([room if signs >> n & 1 else -room]) for n in range(2))
    before = {"gate": np.zeros(1, np.int64)}
    after, _ = model.step_fixed(before, {"a_in": gate}, 0)
    assert model.overflows(before, after, {"a_in": gate}, 0) == 0
    assert model.overflows(after, after, {"a_in": up}, 1) == 0


# --- a gate fed by two projections, the second a step later


def gated(gate: NDArray[np.int64], up: NDArray[np.int64], model: Gate) -> Network:
    """h at 0; the gate's sum at 1, the other at 2, and there the payload; a period of 4."""
    size, width = gate.shape
    return verify(Network("mlp", "fixed", (
        Population("h", width, Source(14)), Population("gate", size, model)), (
        Projection("w_gate", "h", "gate", 2 * gate, graded=True, exponent=-1),
        Projection("w_up", "h", "gate", 2 * up, graded=True, exponent=-1, delay=1))))


@pytest.mark.parametrize("backend", ["reference", "fast", WITH_LAVA])
@pytest.mark.parametrize("kind", [SILU, GELU_TANH])
def test_two_projections_meet_in_a_gate(backend: str, kind: Activation) -> None:
    rng = np.random.default_rng(4)
    size, width, tokens = 7, 12, 9
    weights = rng.integers(-127, 128, (2, size, width))
    h = np.clip(np.rint(rng.normal(0, 900, (tokens, width))), -8191, 8191).astype(np.int64)
    h[3] = 0
    model = Gate(rng.integers(900, 4000, size), 17, rng.integers(-99, 99, size),
                 rng.integers(900, 4000, size), 18, 5, 11, *kind, 9, period=4, gate_at=1, at=2)
    network = gated(*weights, model)
    train = np.zeros((4 * tokens, width), np.int64)
    train[::4] = h
    probes = [Probe("gate"), Probe("gate", "gate")]
    done = backends.get(backend).run(network, {"h": train}, probes, len(train))
    sums = [h @ w.T for w in weights]
    g, u = (np.array([[sat(rounded(Fraction(int(x) * int(m), 2**s)) + int(b), NARROW)
                       for x, m, b in zip(row, of, biases, strict=True)] for row in rows])
            for rows, of, s, biases in (
                (sums[0], model.multiplier, 17, model.bias),
                (sums[1], model.up_multiplier, 18, np.full(size, 5))))
    a = activation(g, 11, *kind)
    expected = [[sat(rounded(Fraction(int(x) * int(y), 2**9))) for x, y in zip(r, q, strict=True)]
                for r, q in zip(a, u, strict=True)]
    sent = done.spikes("gate")
    assert np.array_equal(sent[2::4], expected)
    assert not np.delete(sent, np.s_[2::4], axis=0).any()
    assert np.array_equal(done.traces[probes[1]][1::4], a)
    assert len(np.unique(expected)) > tokens * size // 2
    if backend == "reference":
        cut = np.abs(sums[0] * model.multiplier / 2**17 + model.bias) > NARROW + 0.5
        assert done.overflows["gate"] >= cut.sum()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_plain_activation_needs_no_second_sum(backend: str) -> None:
    model = Gate(up_multiplier=0, up_bias=1 << 11, product_shift=11, slope=GELU.slope,
                 cubic=GELU.cubic, period=3, gate_at=1, at=2)
    values = np.array([*EDGES[:-2], 20_000])
    sent = told(model, {1: values}, 3, backend=backend).spikes("n")
    assert np.array_equal(sent[2], activation(values, 11, *GELU))


@pytest.mark.parametrize("backend", FLOATS)
def test_floats_are_not_rounded(backend: str) -> None:
    model = Gate(3.0, 1, 0.5, 0.25, 1, -1.0, 8, *SILU, 4, 1e9, period=4, gate_at=1, at=3)
    gate, up = np.array([2.0, -300.0, 40_000.0]), np.array([8.0, 16.0, -80.0])
    sent = told(model, {1: gate, 3: up}, 4, backend=backend, domain="float").spikes("n")
    exact = silu((gate * 1.5 + 0.5) / 256) * 256 * (up / 8 - 1) / 16
    assert sent[3] == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize(("model", "words"), [
    (Gate(unit_bits=15), "unit_bits is out of range"), (Gate(bias=2**15), "bias is out of range"),
    (Gate(cubic=2**12), "cubic is out of range"), (Gate(gate_at=1), "steps are the same")])
def test_what_is_no_gate_is_refused(model: Gate, words: str) -> None:
    with pytest.raises(NetworkError, match=words):
        model.check("n", 1, "fixed")
