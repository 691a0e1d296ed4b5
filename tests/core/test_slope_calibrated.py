"""ALiBi as models add it: found in samples, put into heads, and held against what a host sends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph.backends import FloatWork, Sight
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.latency_attention.rules import SCORE
from neuromorph.circuits.latency_attention.slope import SLOPE_BITS, near_of, reach_of
from neuromorph.errors import TensorError
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import (
    LayerCode,
    Sample,
    TranslateOptions,
    calibrate_layer,
    measure_fidelity,
)
from neuromorph.translate.feasible import largest_bound
from neuromorph.translate.slope import (
    check_slopes,
    reach_nats,
    slopes_of,
    with_slope,
    without_query_part,
)

HEADS, TOKENS, SIZE = 8, 96, 32
SLOPES = 2.0 ** -np.arange(1, HEADS + 1)
HOST = TranslateOptions(slopes=False)
KEY = np.arange(TOKENS)
FORMS = {  # as BLOOM adds it, as MPT does, and as its paper writes it
    "bloom": np.broadcast_to(KEY, (TOKENS, TOKENS)),
    "mpt": np.broadcast_to(KEY - TOKENS + 1, (TOKENS, TOKENS)),
    "paper": KEY - KEY[:, None],
}


def bias_of(form: str, slopes: NDArray[np.float64] = SLOPES) -> NDArray[np.float32]:
    return (slopes[:, None, None].astype(np.float32) * FORMS[form].astype(np.float32))


def sample(seed: int, bias: NDArray[np.float32] | None) -> Sample:
    rng = np.random.default_rng(seed)
    return Sample(rng.normal(size=(HEADS, TOKENS, SIZE)) / 4, rng.normal(size=(2, TOKENS, SIZE)),
                  rng.normal(size=(2, TOKENS, SIZE)), np.tri(TOKENS, dtype=bool), bias)


def code_of(form: str, options: TranslateOptions) -> LayerCode:
    return calibrate_layer([sample(seed, bias_of(form)) for seed in range(2)], options)


def worst(code: LayerCode, judged: Sample) -> float:
    found = measure_fidelity("layer", code, [judged], [SpikingLayer(code).run_sample(judged)])
    return min(one.cosine for one in found)


@pytest.mark.parametrize("form", FORMS)
def test_a_head_makes_it_as_well_as_a_host(form: str) -> None:
    """In fewer steps, where the model adds something of each query's own, as two of them do."""
    codes = [code_of(form, options) for options in (TranslateOptions(), HOST)]
    own, told = (worst(code, sample(2, bias_of(form))) for code in codes)
    assert own > 0.999
    assert own > told - 0.0005
    if form != "paper":
        assert own > told
        assert codes[0].steps_a_query < 0.85 * codes[1].steps_a_query


def test_all_forms_are_one() -> None:
    """A softmax does not see what a query adds to all keys, and nor do the heads."""
    codes = [code_of(form, TranslateOptions()) for form in FORMS]
    assert codes[0].heads == codes[1].heads == codes[2].heads
    for head, slope in zip(codes[0].heads, SLOPES, strict=True):
        assert head.slope * codes[0].step_nats / head.ramp == pytest.approx(
            slope * 2**SLOPE_BITS, rel=1e-5)
        assert head.score_bound == SCORE.found(head) <= largest_bound(head)
        assert head.near * codes[0].step_nats / head.ramp == pytest.approx(
            min(64, slope * (TOKENS - 1)), rel=0.01)


@pytest.mark.parametrize("options", [
    TranslateOptions(spikes="binary"), TranslateOptions(spikes="binary", neurons_per_key=2),
    TranslateOptions(spikes="binary", target="loihi1"),
    TranslateOptions(slots=2048)], ids=["binary", "pairs", "loihi1", "longer"])
def test_all_kinds_of_heads_have_it(options: TranslateOptions) -> None:
    judged = sample(2, bias_of("bloom"))
    code = code_of("bloom", options)
    assert all(head.slope for head in code.heads)
    paper = code_of("paper", replace(options, slopes=False))
    assert worst(code, judged) > worst(paper, judged) - 0.002


def test_longer_contexts_than_calibration_saw_are_within_reach() -> None:
    """Calibrated on 48 tokens and run on 96: a host's bias is cut off there, a slope goes on."""
    short = [sample(seed, bias_of("paper")).asking(slice(48)) for seed in range(2)]
    judged = sample(2, bias_of("paper"))
    own, told = (worst(calibrate_layer(short, replace(options, slots=TOKENS)), judged)
                 for options in (TranslateOptions(), HOST))
    assert own > 0.999
    assert own > told + 0.001


@pytest.mark.parametrize("slope", [2.0, 0.84, 0.5, 0.3, 0.01, 1 / 256])
def test_a_few_axons_speak_however_long_the_context(slope: float) -> None:
    room = reach_nats(slope, 2048)
    head = LatencyAttention(
        slots=2048, key_size=1, value_size=1, spikes="graded", key_shift=0, ramp=100, window=9,
        score_bound=1, latest=0, query_limit=1, key_limit=1, value_limit=1, value_shift=0,
        control_decay=2048, unit=2, bias_limit=int(room * 150))
    sloped = with_slope(head, slope, np.log(2))
    spoken = np.count_nonzero(near_of(sloped, np.tri(2048, dtype=bool)[::101]), axis=1)
    assert spoken.max() <= 17
    assert reach_of(sloped) <= head.bias_limit


# --- what is ALiBi, and what is not


def found_in(bias: NDArray[np.floating], mask: NDArray[np.bool_] | None = None) -> bool:
    one = sample(0, bias.astype(np.float32))
    given = one if mask is None else replace(one, mask=mask)
    return slopes_of(without_query_part([given])) is not None


def test_only_what_is_even_is_found() -> None:
    exact = bias_of("bloom")
    assert found_in(exact)
    assert found_in(exact + np.random.default_rng(0).normal(size=(1, TOKENS, 1)))
    assert found_in(bias_of("bloom", SLOPES / 3))
    assert found_in(bias_of("bloom", np.where(SLOPES < 0.1, 0, SLOPES)))
    bent = exact.copy()
    bent[3, 50, 7] += 0.01
    assert not found_in(bent)
    assert not found_in(-exact)
    assert not found_in(np.zeros_like(exact))
    assert not found_in(-np.abs(FORMS["paper"]) * SLOPES[:, None, None], np.ones_like(
        FORMS["paper"], bool))
    assert slopes_of([sample(0, None)]) is None


def test_a_sample_that_sees_one_key_says_nothing() -> None:
    """The others do."""
    one = replace(sample(1, bias_of("bloom")), mask=np.eye(TOKENS, dtype=bool))
    found = slopes_of(without_query_part([one, sample(0, bias_of("mpt"))]))
    np.testing.assert_allclose(found, SLOPES, rtol=1e-6)
    assert slopes_of(without_query_part([one])) is None


def test_another_bias_than_calibration_saw_is_refused() -> None:
    code, one = code_of("bloom", TranslateOptions()), sample(1, bias_of("mpt"))
    layer = SpikingLayer(code)
    layer.run_sample(one)
    for bias in (None, 1.01 * bias_of("bloom"), np.full_like(bias_of("bloom"), np.nan)):
        with pytest.raises(TensorError, match="falls evenly with the distance"):
            layer.run_sample(replace(one, bias=bias))
    arrays = [a[None].astype(np.float32) for a in (one.queries, one.keys, one.values)]
    work = FloatWork(*arrays, Sight(one.mask[None]), 1.0, bias_of("mpt")[None])
    assert layer.answer(work).shape == (1, HEADS, TOKENS, SIZE)
    with pytest.raises(TensorError, match="falls evenly"):
        layer.answer(replace(work, bias=None))


def test_one_key_needs_no_bias() -> None:
    code = code_of("bloom", TranslateOptions())
    check_slopes(code.heads, code.step_nats, np.zeros((1, 1, 1, 1)), np.ones((1, 1, 1), bool))
    heads: tuple[LatencyAttention, ...] = code.heads
    check_slopes(heads, code.step_nats, np.zeros((1, 1, 1, 9)), np.eye(9, dtype=bool)[None, :1])
