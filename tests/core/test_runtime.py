"""One layer at work: floats in, floats out, and everything counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neuromorph import backends
from neuromorph.errors import TensorError, UsageError
from neuromorph.runtime import SpikingLayer, Tally
from neuromorph.translate import LayerCode, Sample, TranslateOptions, calibrate_layer

HEADS, KV_HEADS, TOKENS, SIZE = 4, 2, 12, 8


def sample(seed: int = 0, tokens: int = TOKENS) -> Sample:
    rng = np.random.default_rng(seed)
    return Sample(rng.normal(size=(HEADS, tokens, SIZE)) / 2,
                  rng.normal(size=(KV_HEADS, tokens, SIZE)),
                  rng.normal(size=(KV_HEADS, tokens, 3)),
                  np.tril(np.ones((tokens, tokens), bool)))


@pytest.fixture(scope="module", params=["binary", "graded"])
def code(request: pytest.FixtureRequest) -> LayerCode:
    return calibrate_layer([sample(s) for s in range(3)], TranslateOptions(spikes=request.param))


def batch(*samples: Sample) -> list[Any]:
    return [np.stack([getattr(s, name) for s in samples])
            for name in ("queries", "keys", "values", "mask")]


def test_context_has_a_row_a_query_and_a_column_a_value(code: LayerCode) -> None:
    context = SpikingLayer(code)(*batch(sample(1), sample(2)))
    assert context.shape == (2, HEADS, TOKENS, 3)
    assert np.isfinite(context).all()


def test_the_first_token_can_only_look_at_itself(code: LayerCode) -> None:
    one = sample(1)
    context = SpikingLayer(code)(*batch(one))
    values = np.repeat(one.values, HEADS // KV_HEADS, axis=0)
    step = np.repeat(code.value_scale, HEADS // KV_HEADS, axis=0)
    assert (np.abs(context[0, :, 0] - values[:, 0]) <= 0.51 * step).all()


def test_a_query_that_may_look_nowhere_gets_zeros(code: LayerCode) -> None:
    queries, keys, values, mask = batch(sample(1))
    mask[:, 5] = False
    context = SpikingLayer(code)(queries, keys, values, mask)
    assert not context[:, :, 5].any()
    assert context[:, :, 6].any()


def test_sequences_of_a_batch_do_not_meet(code: LayerCode) -> None:
    together = SpikingLayer(code)(*batch(sample(1), sample(2)))
    for i in (1, 2):
        alone = SpikingLayer(code)(*batch(sample(i)))
        np.testing.assert_array_equal(together[i - 1], alone[0])


def test_all_backends_give_the_same_context(code: LayerCode) -> None:
    work = batch(sample(1, tokens=4))
    layers = [SpikingLayer(code, backend=name) for name in ("fast", "reference")]
    np.testing.assert_array_equal(layers[0](*work), layers[1](*work))
    assert layers[0].tally == layers[1].tally


# --- counting


def test_a_run_is_counted(code: LayerCode) -> None:
    layer = SpikingLayer(code)
    layer(*batch(sample(1), sample(2)))
    seen = TOKENS * (TOKENS + 1) // 2
    assert layer.tally.queries == 2 * HEADS * TOKENS
    assert layer.tally.spikes == 2 * HEADS * seen
    assert layer.tally.steps == 2 * TOKENS * sum(head.period for head in code.heads)
    assert layer.tally.codes == 2 * TOKENS * (HEADS * SIZE + KV_HEADS * SIZE + KV_HEADS * 3)


def test_runs_add_up(code: LayerCode) -> None:
    once, twice = SpikingLayer(code), SpikingLayer(code)
    once(*batch(sample(1)))
    for _ in range(2):
        twice(*batch(sample(1)))
    assert twice.tally.as_dict() == {k: 2 * v for k, v in once.tally.as_dict().items()}


def test_layers_may_share_one_tally(code: LayerCode) -> None:
    tally = Tally()
    for _ in range(2):
        SpikingLayer(code, tally=tally)(*batch(sample(1)))
    assert tally.queries == 2 * HEADS * TOKENS
    assert SpikingLayer(code).tally.queries == 0


def test_clipped_codes_are_counted(code: LayerCode) -> None:
    layer = SpikingLayer(code)
    queries, keys, values, mask = batch(sample(1))
    queries[0, 0, 0, 0], keys[0, 1, 3, :2], values[0, 0, 2] = 1e6, -1e6, 1e6
    layer(queries, keys, values, mask)
    assert layer.tally.clipped == 1 + 2 + 3


def test_forced_spikes_are_counted(code: LayerCode) -> None:
    """A query far beyond calibration finds keys later than the window ends."""
    layer, one = SpikingLayer(code), sample(1)
    attended = layer.run_sample(replace(one, queries=40 * one.queries))
    assert np.count_nonzero(attended.forced) > 1
    assert layer.tally.forced == attended.forced.sum()


def test_a_sample_runs_as_a_batch_of_one_with_times(code: LayerCode) -> None:
    attended = SpikingLayer(code).run_sample(sample(1))
    assert attended.times is not None
    assert attended.times.shape == (1, HEADS, TOKENS, TOKENS)
    assert ((attended.times >= 0) == sample(1).mask).all()
    context = SpikingLayer(code)(*batch(sample(1)))
    np.testing.assert_array_equal(code.decode(attended), context)


# --- what is refused


@pytest.mark.parametrize(("name", "text"), [
    ("queries", "queries do not fit the exported layer"),
    ("keys", "keys do not fit the exported layer"),
    ("values", "values do not fit the exported layer"),
])
@pytest.mark.parametrize("axis", [1, 3])
def test_arrays_of_another_layer_are_refused(
    code: LayerCode, name: str, text: str, axis: int
) -> None:
    work = dict(zip(("queries", "keys", "values", "mask"), batch(sample(1)), strict=True))
    work[name] = np.repeat(work[name], 2, axis=axis)
    with pytest.raises(TensorError, match=text):
        SpikingLayer(code)(**work)


@pytest.mark.parametrize("name", ["queries", "keys", "values"])
def test_nan_is_refused(code: LayerCode, name: str) -> None:
    work = dict(zip(("queries", "keys", "values", "mask"), batch(sample(1)), strict=True))
    work[name][0, 0, 3, 1] = np.nan
    with pytest.raises(TensorError, match=f"{name} hold NaN or infinity"):
        SpikingLayer(code)(**work)


def test_a_sequence_longer_than_the_slots_is_refused(code: LayerCode) -> None:
    with pytest.raises(UsageError, match="longer than the circuit's slots"):
        SpikingLayer(code)(*batch(sample(1, tokens=TOKENS + 1)))


def test_the_default_backend_exists() -> None:
    assert backends.DEFAULT in backends.names()
