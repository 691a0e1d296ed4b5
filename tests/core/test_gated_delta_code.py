"""The gated delta rule in floats, and its way into codes and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_gated_delta import layer

from neuromorph.circuits.gated_delta import Rounding, remember
from neuromorph.dynamics.gated_delta import DeltaSample, gated_delta_rule
from neuromorph.errors import CalibrationError, UsageError
from neuromorph.papers import fast_weights
from neuromorph.translate.delta_code import calibrate_delta, carried
from neuromorph.translate.turns import balanced_turn, turn


def cosine(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float((one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other))


def spoken(sample: DeltaSample, calibration: DeltaSample, rounding: Rounding = "random") -> Any:
    code = calibrate_delta([calibration], rounding)
    codes, _, _ = code.encode(sample)
    return code.decode(remember(code.numbers, codes).answers)


@given(st.integers(0, 2**16), st.booleans())
@settings(max_examples=20, deadline=None)
def test_a_sequence_is_token_by_token(seed: int, forgets_key: bool) -> None:
    sample = layer(np.random.default_rng(seed), 6, 4, forgets_key=forgets_key)
    memory = np.zeros((4, 4))
    done = gated_delta_rule(sample)
    for t in range(6):
        key, value, keep, rate = (getattr(sample, name)[t] for name in ("keys", "values", "keep",
                                                                        "rate"))
        memory = (fast_weights.gated_delta(memory, key, value, keep=keep, rate=rate)
                  if forgets_key else
                  fast_weights.decaying_hebb(memory, key, rate * value, keep=keep))
        np.testing.assert_allclose(done.outputs[t], memory @ sample.queries[t], atol=1e-12)
    np.testing.assert_allclose(done.memory, memory, atol=1e-12)


def test_a_sequence_goes_on_from_a_memory() -> None:
    sample = layer(np.random.default_rng(1), 8, 4, side_by_side=(2,))
    fields = ("queries", "keys", "values", "keep", "rate")
    first, second = (DeltaSample(*(getattr(sample, name)[:, part] for name in fields))
                     for part in (slice(0, 3), slice(3, 8)))
    went_on = gated_delta_rule(second, gated_delta_rule(first).memory)
    np.testing.assert_allclose(went_on.outputs, gated_delta_rule(sample).outputs[:, 3:])


@pytest.mark.parametrize(("rounding", "keep", "forgets_key", "least"), [
    ("random", 0.5, True, 0.999), ("random", 0.99, True, 0.998), ("random", 1.0, True, 0.998),
    ("random", 0.99, False, 0.998), ("whole", 0.5, True, 0.97), ("whole", 1.0, True, 0.95),
])
def test_codes_say_what_floats_say(
    rounding: Rounding, keep: float, forgets_key: bool, least: float
) -> None:
    """On a sequence that calibration has not seen."""
    rng = np.random.default_rng(2)
    seen, new = (layer(rng, 128, 32, keep=keep, forgets_key=forgets_key) for _ in range(2))
    answers = spoken(new, seen, rounding)
    assert cosine(answers, gated_delta_rule(new).outputs) > least


def test_the_scale_is_right_and_not_only_the_direction() -> None:
    rng = np.random.default_rng(3)
    sample = layer(rng, 64, 16)
    exact = gated_delta_rule(sample).outputs
    answers = spoken(sample, sample)
    assert np.linalg.norm(answers - exact) < 0.05 * np.linalg.norm(exact)
    assert (answers * exact).sum() / (exact * exact).sum() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.997, 0.9999])
def test_what_is_kept_never_strays_from_what_should_be(keep: float) -> None:
    """Fractions of gates are carried over: at every token half a unit, and no more."""
    sample = layer(np.random.default_rng(4), 400, 4, keep=keep)
    code = calibrate_delta([sample])
    codes, _, _ = code.encode(sample)
    kept = np.cumsum(np.log1p(-codes.forgets * code.numbers.forget_unit))
    wanted = np.cumsum(np.log(sample.keep))
    strays = np.abs(np.expm1(kept - wanted)) if keep > 0.9 else np.abs(np.expm1(kept - wanted)[:3])
    assert strays.max() < code.numbers.forget_unit
    rounded = np.rint((1 - sample.keep) / code.numbers.forget_unit)
    alone = np.cumsum(np.log1p(-rounded * code.numbers.forget_unit))
    if keep == 0.9999:
        assert np.abs(np.expm1(alone - wanted)).max() > 10 * strays.max()


def test_codes_that_are_too_loud_are_counted() -> None:
    rng = np.random.default_rng(5)
    seen = layer(rng, 32, 8)
    code = calibrate_delta([seen])
    assert code.encode(seen)[1] == 0
    loud = replace(seen, keys=3 * seen.keys)
    assert code.encode(loud)[1] > 10


@pytest.mark.parametrize(("change", "text"), [
    (lambda s: [], "nothing to calibrate on"),
    (lambda s: [replace(s, values=0 * s.values)], "the memory holds nothing, or is not asked"),
    (lambda s: [replace(s, queries=0 * s.queries)], "the memory holds nothing, or is not asked"),
])
def test_what_cannot_be_calibrated_is_refused(change: Any, text: str) -> None:
    with pytest.raises(CalibrationError, match=text):
        calibrate_delta(change(layer(np.random.default_rng(6), 8, 4)))


@pytest.mark.parametrize(("change", "text"), [
    ({"keep": np.zeros(8)}, "gated delta, keep: .*found 0.0; expected above 0 to 1"),
    ({"rate": np.full(8, 2.5)}, "gated delta, rate: .*found 2.5; expected 0 to 2"),
    ({"keep": np.full(8, np.nan)}, "gated delta, keep: .*found nan"),
    ({"keys": np.ones((8, 3))}, "does not fit together"),
    ({"values": np.ones((7, 4))}, "does not fit together"),
])
def test_samples_that_make_no_sense_are_refused(change: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        replace(layer(np.random.default_rng(7), 8, 4), **change)


def test_gates_go_on_owing_where_a_sequence_is_cut() -> None:
    sample = layer(np.random.default_rng(8), 60, 4, keep=0.9995)
    whole, _, end = carried(sample.keep, 2.0**-10)
    parts, owed = [], None
    for t in range(60):
        codes, _, owed = carried(sample.keep[t : t + 1], 2.0**-10, owed)
        parts.append(int(codes[0]))
    assert parts == whole.tolist()
    assert owed == pytest.approx(end)
    assert sum(parts) > 0


def test_a_gate_that_forgets_nearly_all_owes_nothing() -> None:
    codes, kept, owed = carried(np.array([1e-30, 1.0]), 2.0**-7)
    assert codes.tolist() == [127, 0]
    assert kept.tolist() == [2.0**-7, 1.0]
    assert owed == 0


@pytest.mark.parametrize("size", [1, 2, 16, 128])
def test_turns_keep_lengths_and_turned_keys_sum_to_nothing(size: int) -> None:
    keys, values = balanced_turn(size), turn(size)
    assert keys.shape == (size + 1, size)
    np.testing.assert_allclose(keys.T @ keys, np.eye(size), atol=1e-12)
    np.testing.assert_allclose(keys.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(values @ values.T, np.eye(size), atol=1e-12)
    np.testing.assert_array_equal(keys, balanced_turn(size))


def test_what_all_weights_of_a_neuron_share_is_not_seen() -> None:
    """Weights that are all lower by 20, as rounding down makes them, answer alike."""
    sample = layer(np.random.default_rng(9), 64, 16)
    code = calibrate_delta([sample])
    codes, _, _ = code.encode(sample)
    held = remember(code.numbers, codes).weights
    np.testing.assert_allclose(code.memory(held - 20), code.memory(held), atol=1e-9)
    one = replace(codes, **{name: getattr(codes, name)[:1] for name in
                            ("reads", "writes", "queries", "values", "forgets")})
    answers = [code.decode(remember(code.numbers, one, weights).answers)
               for weights in (held - 20, held)]
    assert np.linalg.norm(answers[0] - answers[1]) < 0.03 * np.linalg.norm(answers[1])


def test_outliers_are_spread() -> None:
    """One dimension of keys and of values is ten times as large as all others."""
    rng = np.random.default_rng(10)
    seen, new = layer(rng, 64, 32), layer(rng, 64, 32)
    loud = np.where(np.arange(32) == 3, 10.0, 1.0)

    def with_outlier(sample: DeltaSample) -> DeltaSample:
        keys = sample.keys * loud
        keys /= np.linalg.norm(keys, axis=-1, keepdims=True)
        return replace(sample, keys=keys, queries=sample.queries / loud,
                       values=sample.values * loud)

    exact = gated_delta_rule(with_outlier(new)).outputs
    answers = spoken(with_outlier(new), with_outlier(seen))
    assert cosine(answers, exact) > 0.995


def test_a_memory_comes_back_from_its_weights() -> None:
    code = calibrate_delta([layer(np.random.default_rng(11), 64, 16)])
    memory = gated_delta_rule(layer(np.random.default_rng(12), 64, 16)).memory
    np.testing.assert_allclose(code.memory(code.weights(memory)), memory, atol=2 / code.weight)
