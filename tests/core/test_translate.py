"""Calibration: which codes come out, how much is lost, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorph.circuits.latency_attention import prove_ranges
from neuromorph.errors import CalibrationError, RangeProofError, UsageError
from neuromorph.network import verify
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import (
    HeadFidelity,
    LayerCode,
    Sample,
    TranslateOptions,
    calibrate_layer,
    measure_fidelity,
)
from neuromorph.translate.fidelity import float_attention

GRADED = TranslateOptions()
LN2 = math.log(2)


def binary(step_nats: float) -> TranslateOptions:
    return TranslateOptions(spikes="binary", step_nats=step_nats)


def gaussian(seed: int = 0, *, heads: int = 2, kv_heads: int = 2, tokens: int = 48, size: int = 16,
             std: float = 2.0, causal: bool = True) -> Sample:
    """Logits of a standard deviation of ``std``, as trained models have them."""
    rng = np.random.default_rng(seed)
    mask = np.ones((tokens, tokens), bool)
    return Sample(rng.normal(size=(heads, tokens, size)) * std / math.sqrt(size),
                  rng.normal(size=(kv_heads, tokens, size)),
                  rng.normal(size=(kv_heads, tokens, size)), np.tril(mask) if causal else mask)


def fidelity(options: TranslateOptions, *samples: Sample) -> list[HeadFidelity]:
    """Calibrate on the samples, run them all, compare with float attention."""
    code = calibrate_layer(samples, options)
    runs = [SpikingLayer(code).run_sample(sample) for sample in samples]
    return measure_fidelity("layer", code, samples, runs)


def cosine(options: TranslateOptions, *samples: Sample) -> float:
    return float(np.mean([head.cosine for head in fidelity(options, *samples)]))


def decoded_logits(code: LayerCode, sample: Sample, head: int) -> Any:
    """What the integer products stand for, in nats."""
    queries, _ = code.encode_queries(sample.queries)
    keys, _ = code.encode_keys(sample.keys)
    kv = head // code.group
    return (queries[head] * code.query_scale[head]) @ (keys[kv] * code.key_scale[kv]).T


# --- fidelity


@pytest.mark.parametrize(("options", "least"), [
    (GRADED, 0.999), (binary(LN2 / 2), 0.995), (binary(LN2), 0.985),
])
@pytest.mark.parametrize("causal", [True, False], ids=["causal", "full"])
def test_spikes_come_close_to_softmax(
    options: TranslateOptions, least: float, causal: bool
) -> None:
    assert cosine(options, gaussian(1, causal=causal), gaussian(2, causal=causal)) > least


def test_data_that_calibration_has_not_seen_fares_as_well() -> None:
    code = calibrate_layer([gaussian(s) for s in range(4)], GRADED)
    fresh = gaussian(99)
    heads = measure_fidelity("layer", code, [fresh], [SpikingLayer(code).run_sample(fresh)])
    assert min(head.cosine for head in heads) > 0.998


@pytest.mark.parametrize(("size", "std"), [(4, 1.0), (16, 2.0), (64, 2.0), (128, 1.0), (64, 4.0)])
def test_logits_are_right_to_a_tenth_of_a_nat(size: int, std: float) -> None:
    sample = gaussian(3, size=size, std=std)
    code = calibrate_layer([sample], GRADED)
    for h in range(2):
        error = decoded_logits(code, sample, h) - sample.logits(h, code.key_centre[h])
        assert np.sqrt(np.mean(error[sample.mask] ** 2)) < 0.1


def test_shorter_steps_are_closer_to_softmax() -> None:
    samples = gaussian(4), gaussian(5)
    by_step = [cosine(binary(step), *samples) for step in (1.4, LN2, LN2 / 2, LN2 / 4, LN2 / 8)]
    assert by_step == sorted(by_step)


def test_payloads_are_worth_several_shorter_steps() -> None:
    samples = gaussian(4), gaussian(5)
    assert cosine(GRADED, *samples) > cosine(binary(LN2 / 4), *samples)


def test_a_wider_window_loses_less() -> None:
    samples = gaussian(6), gaussian(7)
    narrow, wide = (fidelity(replace(binary(LN2 / 2), window_nats=nats), *samples)
                    for nats in (1.0, 6.0))
    assert wide[0].kl < narrow[0].kl / 2
    assert wide[0].steps > narrow[0].steps


# --- invariances


@pytest.mark.parametrize("options", [GRADED, binary(LN2)], ids=["graded", "binary"])
def test_what_all_keys_share_does_not_matter(options: TranslateOptions) -> None:
    """Softmax ignores it, and calibration takes it out before it rounds."""
    sample = gaussian(8)
    shifted = replace(sample, keys=sample.keys + np.random.default_rng(8).normal(size=16) * 50)
    here, there = calibrate_layer([sample], options), calibrate_layer([shifted], options)
    np.testing.assert_allclose(here.key_scale, there.key_scale, rtol=1e-9)
    a, b = SpikingLayer(here).run_sample(sample), SpikingLayer(there).run_sample(shifted)
    np.testing.assert_allclose(a.weights(here.step_nats), b.weights(there.step_nats), atol=0.05)
    assert np.mean(a.times == b.times) > 0.999


def test_what_all_values_share_comes_back() -> None:
    sample = gaussian(9)
    shifted = replace(sample, values=sample.values + 100)
    here, there = (SpikingLayer(calibrate_layer([s], GRADED)) for s in (sample, shifted))
    difference = (there.code.decode(there.run_sample(shifted))
                  - here.code.decode(here.run_sample(sample)))
    np.testing.assert_allclose(difference, 100, atol=1e-3)


def test_query_heads_share_keys_in_groups() -> None:
    """Grouped-query attention is multi-head attention with the keys written out."""
    grouped = gaussian(10, heads=4, kv_heads=2)
    written = replace(grouped, keys=np.repeat(grouped.keys, 2, axis=0),
                      values=np.repeat(grouped.values, 2, axis=0))
    code = calibrate_layer([grouped], GRADED)
    assert (code.group, len(code.heads)) == (2, 4)
    assert code.key_scale.shape == (2, 16)
    for one, other in zip(fidelity(GRADED, grouped), fidelity(GRADED, written), strict=True):
        assert one.cosine > 0.999
        assert one.cosine == pytest.approx(other.cosine, abs=5e-4)


def test_a_channel_of_large_keys_and_small_queries_costs_nothing() -> None:
    """Codes are balanced: only the product's range matters."""
    plain = gaussian(11)
    skew = np.geomspace(1e-3, 1e3, 16)
    skewed = replace(plain, queries=plain.queries / skew, keys=plain.keys * skew)
    assert cosine(GRADED, skewed) > 0.999
    assert cosine(GRADED, skewed) == pytest.approx(cosine(GRADED, plain), abs=5e-4)


# --- data of every kind


def outlier_channel(sample: Sample) -> Sample:
    """One channel of queries and keys twelve times as large as the others."""
    boost = np.ones(16)
    boost[3] = 12
    return replace(sample, queries=sample.queries * boost, keys=sample.keys * boost)


def one_outlier(sample: Sample, size: float) -> Sample:
    queries, keys, values = sample.queries.copy(), sample.keys.copy(), sample.values.copy()
    queries[0, 5, 2] = keys[1, 7, 4] = values[1, 9, 1] = size
    return replace(sample, queries=queries, keys=keys, values=values)


def times(sample: Sample, factor: float) -> Sample:
    return replace(sample, queries=sample.queries * factor, keys=sample.keys * factor,
                   values=sample.values * factor)


def padded(sample: Sample) -> Sample:
    """The last tokens are padding: nobody looks at them, they look nowhere."""
    mask = sample.mask.copy()
    mask[40:], mask[:, 40:] = False, False
    return replace(sample, mask=mask)


def narrow(sample: Sample, dtype: type) -> Sample:
    return Sample(sample.queries.astype(dtype), sample.keys.astype(dtype),
                  sample.values.astype(dtype), sample.mask)


KINDS: dict[str, Sample] = {
    "gaussian": gaussian(),
    "float32": narrow(gaussian(), np.float32),
    "float16": narrow(gaussian(), np.float16),
    "outlier channel": outlier_channel(gaussian()),
    "one large outlier": one_outlier(gaussian(), 1e2),
    "zero queries": replace(gaussian(), queries=np.zeros((2, 48, 16))),
    "zero keys": replace(gaussian(), keys=np.zeros((2, 48, 16))),
    "zero values": replace(gaussian(), values=np.zeros((2, 48, 16))),
    "equal keys": replace(gaussian(), keys=np.full((2, 48, 16), 3.0)),
    "equal values": replace(gaussian(), values=np.full((2, 48, 16), -3.0)),
    "dead channels": replace(gaussian(), keys=gaussian().keys * (np.arange(16) % 2)),
    "all zero": times(gaussian(), 0.0),
    "denormal": times(gaussian(), 1e-310),
    "float32 denormal": narrow(times(gaussian(), 1e-40), np.float32),
    "one token": gaussian(tokens=1),
    "one channel": gaussian(size=1),
    "padded": padded(gaussian()),
}


@pytest.mark.parametrize("options", [GRADED, binary(LN2 / 2)], ids=["graded", "binary"])
@pytest.mark.parametrize("kind", KINDS)
def test_any_finite_data_becomes_codes_within_their_limits(
    kind: str, options: TranslateOptions
) -> None:
    sample = KINDS[kind]
    code = calibrate_layer([sample], options)
    for head in code.heads:
        assert prove_ranges(head) is head
    coded = (code.encode_queries(sample.queries), code.encode_keys(sample.keys),
             code.encode_values(sample.values))
    head = code.heads[0]
    for (codes, clipped), limit in zip(
            coded, (head.query_limit, head.key_limit, head.value_limit), strict=True):
        assert clipped == 0
        assert np.abs(codes).max() <= limit
    for network in code.networks(sample):
        verify(network)
    for measured in fidelity(options, sample):
        assert math.isfinite(measured.cosine)
        assert math.isfinite(measured.kl)


@pytest.mark.parametrize("kind", [
    "gaussian", "float32", "float16", "zero queries", "zero keys", "zero values", "equal keys",
    "equal values", "dead channels", "all zero", "one token", "one channel", "padded",
])
def test_harmless_data_is_reproduced(kind: str) -> None:
    assert cosine(GRADED, KINDS[kind]) > 0.998


@pytest.mark.parametrize("size", [1e4, 1e10, 1e30])
def test_an_absurd_outlier_is_clipped_and_counted(size: float) -> None:
    """Its logit of thousands of nats fits no code; it must not break anything."""
    sample = one_outlier(gaussian(), size)
    layer = SpikingLayer(calibrate_layer([sample], GRADED))
    attended = layer.run_sample(sample)
    assert np.isfinite(layer.code.decode(attended)).all()
    codes, clipped = layer.code.encode_queries(sample.queries)
    assert np.abs(codes).max() <= layer.code.heads[0].query_limit
    assert layer.tally.clipped >= clipped > 0


def test_padding_gets_no_context_and_no_say() -> None:
    sample = padded(gaussian(12))
    code = calibrate_layer([sample], GRADED)
    context = code.decode(SpikingLayer(code).run_sample(sample))[0]
    noise = replace(sample, keys=sample.keys.copy(), values=sample.values.copy())
    noise.keys[:, 40:], noise.values[:, 40:] = 1e3, -1e3
    np.testing.assert_array_equal(
        context, code.decode(SpikingLayer(code).run_sample(noise))[0])
    assert not context[:, 40:].any()


def test_a_causal_row_attends_as_if_the_rest_did_not_exist() -> None:
    sample = gaussian(13)
    layer = SpikingLayer(calibrate_layer([sample], GRADED))
    short = Sample(sample.queries[:, :9], sample.keys[:, :9], sample.values[:, :9],
                   sample.mask[:9, :9])
    whole, start = layer.run_sample(sample), layer.run_sample(short)
    np.testing.assert_array_equal(whole.control[:, :, :9], start.control)
    np.testing.assert_array_equal(whole.normaliser[:, :, :9], start.normaliser)


@given(st.integers(0, 2**32), st.sampled_from([1, 2, 5, 16]), st.floats(0.01, 8),
       st.sampled_from([GRADED, binary(0.2), binary(2.0)]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_calibration_sample_is_clipped(
    seed: int, size: int, std: float, options: TranslateOptions
) -> None:
    sample = gaussian(seed, tokens=8, size=size, std=std)
    layer = SpikingLayer(calibrate_layer([sample], options))
    layer.run_sample(sample)
    assert layer.tally.clipped == 0


@pytest.mark.parametrize("spikes", ["binary", "graded"])
@pytest.mark.parametrize("slots", [48, 49, 1024, 8192, 32_768])
def test_a_context_of_any_length_makes_a_sound_circuit_or_is_refused(
    spikes: Any, slots: int
) -> None:
    # Fails for 32768 graded slots: value_shift is 9, and no synapse has an exponent of -9.
    sample = gaussian()
    try:
        code = calibrate_layer([sample], TranslateOptions(spikes=spikes, slots=slots))
    except RangeProofError:
        assert slots == 32_768
        return
    assert {head.slots for head in code.heads} == {slots}
    for network in code.networks(sample):
        verify(network)


@pytest.mark.parametrize("size", [512, 576, 1024])
def test_keys_of_any_size_make_a_sound_circuit_or_are_refused(size: int) -> None:
    # Fails above 517: key_shift is 9, and no synapse has an exponent of -9.
    sample = gaussian(tokens=4, size=size)
    try:
        code = calibrate_layer([sample], GRADED)
    except RangeProofError:
        assert size > 512
        return
    for network in code.networks(sample):
        verify(network)


@pytest.mark.parametrize("slots", [48, 1024, 16_384])
def test_a_query_far_below_the_window_still_sees_its_only_key(slots: int) -> None:
    # Fails for 16384: a payload of 1, shifted by 8, is nothing, and `decode` takes the row for
    # a masked one.
    rng = np.random.default_rng(14)
    keys = rng.normal(size=(2, 48, 16))
    keys[:, 0] = 10
    strong = Sample(np.ones((2, 48, 16)), keys, rng.normal(size=(2, 48, 16)), np.eye(48) > 0)
    layer = SpikingLayer(calibrate_layer([strong], TranslateOptions(slots=slots)))
    weak = replace(strong, queries=-strong.queries)
    context = layer.code.decode(layer.run_sample(weak))[0]
    span = np.abs(strong.values).max()
    np.testing.assert_allclose(context[:, 0], strong.values[:, 0], atol=0.1 * span)


# --- what float attention is


def test_float_attention_is_softmax() -> None:
    sample = gaussian(15, tokens=6)
    weights, context = float_attention(sample)
    logits = np.where(sample.mask, sample.queries[1] @ sample.keys[1].T, -np.inf)
    exps = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(weights[1], exps / exps.sum(axis=1, keepdims=True), atol=1e-12)
    np.testing.assert_allclose(context[1], weights[1] @ sample.values[1], atol=1e-12)


# --- what is refused


def broken(**changes: Any) -> list[Sample]:
    return [replace(gaussian(tokens=6), **changes)]


def with_value(name: str, value: float) -> list[Sample]:
    array = getattr(gaussian(tokens=6), name)
    array[0, 2, 1] = value
    return broken(**{name: array})


@pytest.mark.parametrize(("samples", "text"), [
    ([], "layer 3: there is no calibration data"),
    (with_value("queries", np.nan), "the queries hold NaN or infinity"),
    (with_value("keys", np.inf), "the keys hold NaN or infinity"),
    (with_value("values", -np.inf), "the values hold NaN or infinity"),
    (broken(queries=np.zeros((2, 6, 15))), "queries and keys do not fit each other"),
    (broken(queries=np.zeros((6, 16))), "queries and keys do not fit each other"),
    (broken(queries=np.zeros((3, 6, 16))), "heads do not divide into key-value groups"),
    (broken(values=np.zeros((2, 5, 16))), "heads do not divide into key-value groups"),
    (broken(mask=np.ones((6, 5), bool)), "the mask does not fit, or hides everything"),
    (broken(mask=np.zeros((6, 6), bool)), "the mask does not fit, or hides everything"),
    ([gaussian(), gaussian(heads=4)], "samples differ in heads or sizes"),
    ([gaussian(), gaussian(size=8)], "samples differ in heads or sizes"),
])
def test_unusable_calibration_data_is_refused(samples: list[Sample], text: str) -> None:
    with pytest.raises(CalibrationError, match=text):
        calibrate_layer(samples, GRADED, "layer 3")


def test_finite_data_whose_products_overflow_is_refused() -> None:
    # Fails: a bare OverflowError or RuntimeWarning from the depths of calibration.
    with pytest.raises(CalibrationError):
        calibrate_layer([times(gaussian(), 1e200)], GRADED)


@pytest.mark.parametrize("changes", [
    {"step_nats": 0.009}, {"step_nats": 2.1}, {"step_nats": math.nan}, {"step_nats": "ln 2"},
    {"window_nats": 0.9}, {"window_nats": 31.0}, {"margin_nats": -0.1}, {"margin_nats": 11.0},
    {"headroom": 0.99}, {"headroom": 4.1}, {"low_quantile": -0.01}, {"low_quantile": 0.21},
    {"slots": 0}, {"slots": 32_769},
])
def test_options_out_of_range_are_refused_by_name(changes: dict[str, Any]) -> None:
    (name, value), = changes.items()
    with pytest.raises(UsageError, match=f"{name} is out of range; found {value}"):
        TranslateOptions(spikes="binary", **changes)


@pytest.mark.parametrize("changes", [
    {"step_nats": 0.01}, {"step_nats": 2.0}, {"window_nats": 1}, {"window_nats": 30},
    {"margin_nats": 0}, {"headroom": 1}, {"low_quantile": 0.2}, {"slots": 1}, {"slots": 32_768},
])
def test_options_at_the_ends_of_their_ranges_are_taken(changes: dict[str, Any]) -> None:
    (name, value), = changes.items()
    assert getattr(TranslateOptions(spikes="binary", **changes), name) == value


def test_an_unknown_kind_of_spikes_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown kind of spikes; found ternary"):
        TranslateOptions(spikes="ternary")  # type: ignore[arg-type]


def test_graded_payloads_bind_the_step_to_ln_2() -> None:
    with pytest.raises(UsageError, match="a step is ln 2"):
        TranslateOptions(spikes="graded", step_nats=0.35)


@pytest.mark.parametrize("step", [0.01, 0.2, LN2, 2.0])
def test_the_exact_step_is_what_the_decay_register_does(step: float) -> None:
    options = binary(step)
    assert options.exact_step_nats == pytest.approx(step, rel=0.02)
    assert math.exp(-options.exact_step_nats) == pytest.approx(1 - options.control_decay / 4096)
