"""Calibration on data of every kind: its codes keep their limits, its circuits are sound."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_samples import GRADED, LN2, binary, cosine, fidelity, gaussian, times

from neuromorph.circuits.latency_attention import prove_ranges
from neuromorph.errors import RangeProofError
from neuromorph.network import verify
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import LayerCode, Sample, TranslateOptions, calibrate_layer


def outlier_channel(sample: Sample) -> Sample:
    """One channel of queries and keys twelve times as large as the others."""
    boost = np.ones(16)
    boost[3] = 12
    return replace(sample, queries=sample.queries * boost, keys=sample.keys * boost)


def one_outlier(sample: Sample, size: float) -> Sample:
    queries, keys, values = sample.queries.copy(), sample.keys.copy(), sample.values.copy()
    queries[0, 5, 2] = keys[1, 7, 4] = values[1, 9, 1] = size
    return replace(sample, queries=queries, keys=keys, values=values)


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
    sample = gaussian(tokens=4, size=size)
    try:
        code = calibrate_layer([sample], GRADED)
    except RangeProofError:
        assert size > 512
        return
    for network in code.networks(sample):
        verify(network)


def far_below_the_window(slots: int) -> tuple[Sample, np.ndarray, LayerCode]:
    """A layer calibrated on strong matches, asked by queries whose only key matches badly."""
    rng = np.random.default_rng(14)
    keys = rng.normal(size=(2, 48, 16))
    keys[:, 0] = 10
    strong = Sample(np.ones((2, 48, 16)), keys, rng.normal(size=(2, 48, 16)), np.eye(48) > 0)
    layer = SpikingLayer(calibrate_layer([strong], TranslateOptions(slots=slots)))
    weak = replace(strong, queries=-strong.queries)
    return strong, layer.code.decode(layer.run_sample(weak))[0], layer.code


@pytest.mark.parametrize("slots", [48, 1024])
def test_a_query_far_below_the_window_still_sees_its_only_key(slots: int) -> None:
    strong, context, _ = far_below_the_window(slots)
    span = np.abs(strong.values).max()
    np.testing.assert_allclose(context[:, 0], strong.values[:, 0], atol=0.1 * span)


def test_where_accumulators_leave_a_faint_spike_no_bit_the_answer_is_the_mean_value() -> None:
    _, context, code = far_below_the_window(16_384)
    np.testing.assert_allclose(context[:, 0], code.value_centre, rtol=1e-6)
