"""Biases that calibration sees: how close attention stays, and what is cut off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_heads import GRADED

from neuromorph.backends import FloatWork, Sight
from neuromorph.circuits.latency_attention.rules import SCORE
from neuromorph.errors import CalibrationError, RangeProofError, TensorError, UnsupportedError
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import (
    HeadFidelity,
    LayerCode,
    Sample,
    TranslateOptions,
    calibrate_layer,
    measure_fidelity,
)
from neuromorph.translate.bias import DEEP, roomy
from neuromorph.translate.feasible import key_shifts, largest_bound
from neuromorph.translate.softcap import kept_without, of_soft_caps

HEADS, TOKENS, SIZE = 4, 64, 16
AGE = np.arange(TOKENS)[:, None] - np.arange(TOKENS)
TABLE = np.random.default_rng(5).normal(scale=2, size=(HEADS, 2 * TOKENS))
BIASES = {
    "relative": TABLE[:, TOKENS + AGE],
    "alibi": -np.array([0.5, 0.25, 0.1, 0.01])[:, None, None] * np.abs(AGE),
    "deep": -np.array([9.0, 4.0, 1.0, 0.1])[:, None, None] * np.abs(AGE),
    "one for all heads": TABLE[:1, TOKENS + AGE],
}


def sample(seed: int, bias: np.ndarray | None) -> Sample:
    rng = np.random.default_rng(seed)
    return Sample(rng.normal(size=(HEADS, TOKENS, SIZE)) / 2, rng.normal(size=(2, TOKENS, SIZE)),
                  rng.normal(size=(2, TOKENS, SIZE)), np.ones((TOKENS, TOKENS), bool), bias)


def fidelity(code: LayerCode, judged: Sample) -> tuple[list[HeadFidelity], SpikingLayer]:
    layer = SpikingLayer(code)
    return measure_fidelity("layer", code, [judged], [layer.run_sample(judged)]), layer


@pytest.mark.parametrize("kind", BIASES)
def test_a_bias_costs_next_to_nothing(kind: str) -> None:
    """ALiBi is a bias like others; one that reaches beyond all scores is cut off there."""
    bias = BIASES[kind]
    code = calibrate_layer([sample(seed, bias) for seed in range(2)], TranslateOptions())
    found, layer = fidelity(code, sample(2, bias))
    assert min(one.cosine for one in found) > 0.998
    assert layer.tally.clipped_share < 0.001
    without = calibrate_layer([sample(seed, None) for seed in range(2)], TranslateOptions())
    ignored, _ = fidelity(without, sample(2, None))
    assert all(not head.bias_limit for head in without.heads)
    assert np.mean([one.cosine for one in found]) > np.mean([o.cosine for o in ignored]) - 0.001


@pytest.mark.parametrize("kind", BIASES)
@pytest.mark.parametrize("target", ["loihi2", "loihi1"])
def test_scores_and_bias_share_the_bound(kind: str, target: str) -> None:
    options = TranslateOptions(spikes="binary", target=target)  # type: ignore[arg-type]
    for head in calibrate_layer([sample(0, BIASES[kind])], options).heads:
        assert head.bias_limit > 0
        assert head.score_bound == SCORE.found(head) <= largest_bound(head)


@pytest.mark.parametrize(("query_limit", "key_limit"), [(7, 127), (20, 20), (127, 20)])
def test_the_shift_is_the_one_of_least_error(query_limit: int, key_limit: int) -> None:
    """Of rounded codes, and of the units in which a score and a bias are counted."""
    draft = replace(GRADED, query_limit=query_limit, key_limit=key_limit, key_size=16)
    step, least, steepest, reach = 0.3, 1e-4, 300, 4.0

    def error(shift: int, ramp: int) -> float:
        nats, unit = 2 * step / (2**shift * ramp), step / ramp
        return nats**2 * 16 * (query_limit**2 + key_limit**2) / (16 * 12) + unit**2 / 6

    errors = []
    for shift in key_shifts(draft):
        shifted = replace(draft, key_shift=shift)
        room = largest_bound(shifted) - SCORE.found(shifted)
        ramp = int(min(steepest, 2 * step / (2**shift * least), step * room / reach))
        errors += [error(shift, ramp)] if ramp >= 1 else []
    head, ramp = roomy(draft, least, steepest, step, reach)
    assert len(errors) > 1
    assert error(head.key_shift, ramp) == min(errors)


@pytest.mark.parametrize("queries", [0.0001, 0.001, 0.003])
def test_a_head_that_hardly_tells_keys_apart_forces_no_spikes(queries: float) -> None:
    """Its scores need few units, and a step of its ramp more of them."""
    bias = TABLE[:, TOKENS + AGE] / 8
    seen = [replace(one, queries=queries * one.queries) for one in (
        sample(0, bias), sample(1, bias))]
    found, layer = fidelity(calibrate_layer(seen, TranslateOptions()), seen[0])
    assert min(one.cosine for one in found) > 0.998
    assert layer.tally.forced == 0


def test_logits_beyond_all_scores_are_refused_in_nats() -> None:
    """Keys that share so much that a query's best match lies a million nats below 0."""
    one = sample(0, BIASES["relative"] - 1e6)
    with pytest.raises(RangeProofError, match=r"farther from 0 than its scores reach.*e\+0. nats"):
        calibrate_layer([one], TranslateOptions())


def test_without_a_bias_nothing_changes() -> None:
    """One of zeros says what none says, but for the centre of the values."""
    none = calibrate_layer([sample(0, None)], TranslateOptions())
    zero = calibrate_layer([sample(0, np.zeros((1, TOKENS, TOKENS)))], TranslateOptions())
    assert zero.heads == none.heads
    np.testing.assert_array_equal(zero.query_scale, none.query_scale)
    assert np.abs(zero.value_centre - none.value_centre).max() <= none.value_scale.max() / 2


def test_what_is_beyond_counts_as_clipped_unless_it_is_deep() -> None:
    code = calibrate_layer([sample(0, BIASES["relative"])], TranslateOptions())
    mask = np.ones((1, 1, 3), bool)
    limit = min(h.bias_limit * code.step_nats / h.ramp for h in code.heads)
    bias = np.array([[[[1e4, -limit - 30, -DEEP - 1e4]]]])
    codes, clipped = code.encode_bias(bias, mask)
    assert codes is not None
    assert clipped == 2 * HEADS
    limits = [head.bias_limit for head in code.heads]
    np.testing.assert_array_equal(codes[0, :, 0], np.array(limits)[:, None] * [1, -1, -1])
    hidden, clipped = code.encode_bias(np.full_like(bias, np.nan), ~mask)
    assert hidden is not None
    assert not hidden.any()
    assert not clipped


def test_a_bias_that_does_not_fit_is_refused() -> None:
    code = calibrate_layer([sample(0, BIASES["relative"])], TranslateOptions())
    mask = np.ones((1, 2, 3), bool)
    with pytest.raises(TensorError, match="bias has the wrong shape"):
        code.encode_bias(np.zeros((1, 3, 2, 3)), mask)
    with pytest.raises(TensorError, match="NaN or infinity where a query may look"):
        code.encode_bias(np.full((1, 1, 2, 3), -np.inf), mask)
    with pytest.raises(CalibrationError, match="bias does not fit"):
        calibrate_layer([sample(0, np.zeros((2, TOKENS, TOKENS)))], TranslateOptions())
    with pytest.raises(CalibrationError, match="bias holds NaN"):
        calibrate_layer([sample(0, np.full((1, TOKENS, TOKENS), np.nan))], TranslateOptions())
    with pytest.raises(CalibrationError, match="bias is too large"):
        calibrate_layer([sample(0, np.full((1, TOKENS, TOKENS), 1e80))], TranslateOptions())


@pytest.mark.slow
def test_floats_with_a_bias_are_answered() -> None:
    """Through the door for floats, as through that for codes."""
    bias = BIASES["relative"]
    code, one = calibrate_layer([sample(0, bias)], TranslateOptions()), sample(1, bias)
    arrays = [a[None].astype(np.float32) for a in (one.queries, one.keys, one.values)]
    work = FloatWork(*arrays, Sight(one.mask[None]), 1.0, bias[None].astype(np.float32))
    found = SpikingLayer(code).answer(work)
    single = replace(one, **dict(zip(("queries", "keys", "values"), (a[0] for a in arrays),
                                     strict=True)), bias=bias.astype(np.float32))
    np.testing.assert_array_equal(found, code.decode(SpikingLayer(code).run_sample(single)))
    nothing = replace(work, bias=np.zeros((1, 1, TOKENS, TOKENS), np.float32))
    np.testing.assert_array_equal(SpikingLayer(code).answer(nothing),
                                  SpikingLayer(code).answer(replace(work, bias=None)))


# --- soft caps


def peaked(cap: float | None) -> Sample:
    one = sample(0, BIASES["relative"])
    return replace(one, queries=2 * one.queries, softcap=cap)


def test_what_a_cap_changes_is_measured() -> None:
    """The tighter, the more; none at all is no cap."""
    logits = peaked(None).logits(0, np.zeros(SIZE)) - BIASES["relative"][0]
    capped = peaked(3.0).logits(0, np.zeros(SIZE)) - BIASES["relative"][0]
    np.testing.assert_allclose(capped, 3 * np.tanh(logits / 3), atol=1e-12)
    kept = [kept_without([peaked(cap)]) for cap in (50.0, 10.0, 3.0)]
    assert all(one is not None for one in kept)
    cosines = [one[0] for one in kept if one is not None]
    assert 0.999 < cosines[0] < 1 - 1e-9
    assert cosines == sorted(cosines, reverse=True)
    assert cosines[2] < 0.99
    assert kept_without([peaked(None)]) is None
    assert of_soft_caps({"layer": [peaked(None)]}) == []
    (said,) = of_soft_caps({"layer": [peaked(50.0)], "other": [peaked(None)]})
    assert said.kind == "soft-cap"
    with pytest.raises(UnsupportedError, match=r"soft-capped logits.*under a cap of 3"):
        of_soft_caps({"layer": [peaked(3.0)]})
