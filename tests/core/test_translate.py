"""Calibrated spiking attention: how close it comes to softmax, and what it does not depend on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_samples import GRADED, LN2, binary, cosine, fidelity, gaussian

from neuromorph.runtime import SpikingLayer
from neuromorph.translate import (
    HeadFidelity,
    LayerCode,
    Sample,
    TranslateOptions,
    calibrate_layer,
    measure_fidelity,
    worst_first,
)
from neuromorph.translate.fidelity import float_attention


def decoded_logits(code: LayerCode, sample: Sample, head: int) -> Any:
    """What the integer products stand for, in nats."""
    queries, _ = code.encode_queries(sample.queries)
    keys, _ = code.encode_keys(sample.keys)
    kv = head // code.group
    return (queries[head] * code.query_scale[head]) @ (keys[kv] * code.key_scale[kv]).T


# --- fidelity


def test_the_cosine_of_values_whose_squares_leave_single_precision() -> None:
    sample = gaussian()
    scaled = replace(sample, values=sample.values * 1e30)
    assert cosine(GRADED, scaled) == pytest.approx(cosine(GRADED, sample), abs=1e-6)


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


@pytest.mark.parametrize("causal", [True, False], ids=["causal", "full"])
def test_payloads_stand_for_the_last_octaves_of_the_window(causal: bool) -> None:
    """A graded window that reaches five halvings further is as long as a binary one."""
    plain = replace(binary(LN2), window_nats=6.0)
    graded = replace(GRADED, window_nats=6.0)
    further = replace(GRADED, window_nats=6.0 + 5 * LN2)
    sample = gaussian(4, causal=causal)
    plain_windows, short, equal = ([head.window for head in calibrate_layer([sample], o).heads]
                                   for o in (plain, graded, further))
    np.testing.assert_allclose(equal, plain_windows, atol=1)
    np.testing.assert_allclose(np.subtract(plain_windows, short), 5, atol=1)


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


# --- what float attention is


def test_float_attention_is_softmax() -> None:
    sample = gaussian(15, tokens=6)
    weights, context = float_attention(sample)
    logits = np.where(sample.mask, sample.queries[1] @ sample.keys[1].T, -np.inf)
    exps = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(weights[1], exps / exps.sum(axis=1, keepdims=True), atol=1e-12)
    np.testing.assert_allclose(context[1], weights[1] @ sample.values[1], atol=1e-12)


def test_the_worst_head_by_cosine_and_the_worst_by_kl_come_first() -> None:
    nan = float("nan")
    heads = [HeadFidelity("layer", h, cosine, kl, 0, 10, 1.0, 20) for h, (cosine, kl) in enumerate(
        [(0.99, 0.01), (0.9, 0.02), (0.999, 0.3), (nan, nan), (0.95, 0.1)])]
    assert [head.head for head in worst_first(heads)] == [1, 2, 4, 0, 3]
    assert worst_first([]) == []
