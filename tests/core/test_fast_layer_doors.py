"""What a layer from floats to floats leaves to the general way: the same answer and words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from float_layers import code_of, coded, random_work
from random_heads import random_code
from small_heads import BINARY

from neuromorph import backends, threads
from neuromorph.backends import FloatWork, Sight
from neuromorph.errors import NeuromorphError, RangeProofError, TensorError, UsageError
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import LayerCode

NAMES = ("queries", "keys", "values")


@pytest.fixture(scope="module", params=["binary", "graded"])
def code(request: pytest.FixtureRequest) -> LayerCode:
    return random_code(1, request.param, key_size=20, value_size=18, tokens=9)[1]


@pytest.fixture
def work(code: LayerCode) -> FloatWork:
    mask = np.tril(np.ones((5, 5), bool))[None]
    mask[:, :, 2] = False
    return replace(random_work(code, 1, 5, 5, mask), scale=0.75)


def with_number(work: FloatWork, name: str, at: tuple[int, ...], number: float) -> FloatWork:
    array = getattr(work, name).copy()
    array[at] = number
    return replace(work, **{name: array})


def as_double(work: FloatWork, *names: str) -> FloatWork:
    return replace(work, **{name: getattr(work, name).astype(np.float64) for name in names})


def words(layer: SpikingLayer, work: FloatWork) -> str:
    """What the layer says against some work; no query of it is counted."""
    with pytest.raises(NeuromorphError) as caught:
        layer.answer(work)
    assert layer.tally.queries == 0
    return f"{type(caught.value).__name__}: {caught.value}"


# --- numbers that are not finite


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("column", [0, 15, 17])
@pytest.mark.parametrize("token", [0, 2, 4])
@pytest.mark.parametrize("name", NAMES)
def test_numbers_that_are_not_finite_are_refused_in_the_same_words(
    code: LayerCode, work: FloatWork, name: str, token: int, column: int, number: float
) -> None:
    """In whole vectors and in what is left, seen or not; and beside clipped ones."""
    odd = with_number(work, name, (0, 0, token, column), number)
    layer, general = SpikingLayer(code), SpikingLayer(code, "reference")
    assert words(layer, odd) == words(general, odd)
    clipped = with_number(odd, "values", (0, 0, 1), 1e30)
    assert words(layer, clipped) == words(general, clipped)
    with pytest.raises(TensorError, match=f"{name} hold NaN or infinity"):
        layer.answer(odd)


def test_a_layer_of_floats_says_nothing_itself(code: LayerCode, work: FloatWork) -> None:
    layer = backends.float_layer("fast", code)
    assert layer is not None
    assert layer(work) is not None
    assert layer(with_number(work, "keys", (0, 0, 3, 3), np.nan)) is None


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_a_query_that_becomes_infinite_by_its_scale_is_refused(
    code: LayerCode, work: FloatWork
) -> None:
    odd = replace(with_number(work, "queries", (0, 0, 4, 3), 3e38), scale=4.0)
    assert words(SpikingLayer(code), odd) == words(SpikingLayer(code, "reference"), odd)


# --- numbers of another precision


@pytest.mark.parametrize("names", [NAMES, *((name,) for name in NAMES)],
                         ids=["all", *NAMES])
def test_doubles_go_the_general_way(
    code: LayerCode, work: FloatWork, names: tuple[str, ...]
) -> None:
    doubles = as_double(work, *names)
    floats = backends.float_layer("fast", code)
    assert floats is not None
    assert floats(doubles) is None
    layer, (batch, clipped) = SpikingLayer(code), coded(code, doubles)
    attended = backends.attend("fast", batch)
    np.testing.assert_array_equal(layer.answer(doubles), code.decode(attended))
    assert layer.tally.clipped == clipped
    assert layer.tally.spikes == attended.spikes.sum()


def test_a_double_that_no_float_holds_keeps_its_own_code(
    code: LayerCode, work: FloatWork
) -> None:
    """Just below half a step, where the nearest float lies above it."""
    codes = code.value_centre[0] + code.value_scale[0] * 3.4999999999
    doubles = replace(as_double(work, "values"), values=np.broadcast_to(
        codes, work.values.shape))
    singles = replace(work, values=doubles.values.astype(np.float32))
    of_doubles, of_singles = (coded(code, one)[0].values for one in (doubles, singles))
    assert (of_doubles[:, 0] == 3).all()
    assert (of_singles[:, 0] == 4).any()
    np.testing.assert_array_equal(
        SpikingLayer(code).answer(doubles),
        code.decode(backends.attend("fast", coded(code, doubles)[0])))


# --- both ways count the same


def test_both_ways_count_the_same(code: LayerCode, work: FloatWork) -> None:
    loud = with_number(work, "values", (0, 0, 1, 3), 1e9)
    one, other = SpikingLayer(code), SpikingLayer(code)
    object.__setattr__(other, "_floats", None)  # as on a backend without this door
    np.testing.assert_array_equal(one.answer(loud), other.answer(loud))
    assert one.tally == other.tally
    assert one.tally.clipped == 1


# --- what does not fit


@pytest.mark.parametrize("name", NAMES)
def test_arrays_that_do_not_fit_are_refused_in_the_same_words(
    code: LayerCode, work: FloatWork, name: str
) -> None:
    array = getattr(work, name)
    cases = [replace(work, **{name: wrong}) for wrong in (
        array[..., :-1], np.repeat(array, 2, axis=1), np.repeat(array, 2, axis=0))]
    if name != "queries":
        cases.append(replace(work, **{name: array[:, :, :-1]}))
    for wrong in cases:
        assert words(SpikingLayer(code), wrong) == words(SpikingLayer(code, "reference"), wrong)


def test_more_keys_than_slots_are_refused_in_the_same_words(code: LayerCode) -> None:
    long = random_work(code, 1, 2, code.heads[0].slots + 1)
    assert "longer than the circuit's slots" in words(SpikingLayer(code), long)
    assert words(SpikingLayer(code), long) == words(SpikingLayer(code, "reference"), long)


def test_a_mask_of_another_shape_is_refused(code: LayerCode, work: FloatWork) -> None:
    for shape in ((1, 5, 4), (2, 5, 5), (1, 4, 5)):
        with pytest.raises(UsageError, match="the mask has the wrong shape"):
            SpikingLayer(code).answer(replace(work, sight=Sight(np.ones(shape, bool))))


def test_scores_that_no_float_holds_are_refused(code: LayerCode, work: FloatWork) -> None:
    head = replace(code.heads[0], key_size=1100, query_limit=127, key_limit=127, key_shift=8,
                   score_bound=65_000, latest=0, value_limit=1)
    wide = LayerCode(
        (head,), np.ones((1, 1100)), np.zeros((1, 1100)), np.ones((1, 1100)),
        code.value_centre[:1], code.value_scale[:1], code.step_nats)
    with pytest.raises(RangeProofError):
        SpikingLayer(wide).answer(random_work(wide, 1, 1, 1))


@pytest.mark.parametrize("axes", [{"batch": 0}, {"asked": 0}, {"keys": 0}], ids=str)
def test_nothing_at_all_is_answered_with_nothing(code: LayerCode, axes: Any) -> None:
    shape = {"batch": 1, "asked": 3, "keys": 4, **axes}
    nothing = random_work(code, **shape)
    context = SpikingLayer(code).answer(nothing)
    assert context.shape == (*nothing.queries.shape[:3], code.heads[0].value_size)
    assert not context.any()


def test_work_is_shown_by_its_shapes(work: FloatWork) -> None:
    assert "mask=bool[1, 5, 5]" in repr(work.sight)
    assert "keys=float32[1, 2, 5, 20]" in repr(work)


def test_more_numbers_that_are_not_finite_than_a_count_has_bits_for(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    """2^24 of them in one thread: their count once wrapped to none."""
    monkeypatch.setattr(threads, "count", lambda: 1)
    code = random_code(1, "binary", key_size=16, value_size=1, tokens=9)[1]
    heads, kv_heads = len(code.heads), len(code.key_scale)
    asked = (1 << 20) // heads
    work = FloatWork(np.full((1, heads, asked, 16), np.nan, np.float32),
                     np.zeros((1, kv_heads, 1, 16), np.float32),
                     np.zeros((1, kv_heads, 1, 1), np.float32),
                     Sight(np.ones((1, asked, 1), bool)))
    assert work.queries.size == 1 << 24
    layer = backends.float_layer("fast", code)
    assert layer is not None
    assert layer(work) is None


def test_a_mask_of_numbers_is_no_mask_of_the_fast_way() -> None:
    code = code_of(BINARY)
    work = random_work(code, 1, 2, 3)
    layer = backends.float_layer("fast", code)
    assert layer is not None
    assert layer(replace(work, sight=Sight(work.sight.mask.astype(np.int64)))) is None
