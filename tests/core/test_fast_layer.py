"""A layer from floats to floats is coding, the clocked circuit and decoding, to the bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from float_layers import (
    LAYOUTS,
    Masks,
    check,
    code_of,
    floats_of,
    in_one_pass,
    laid_out,
    random_work,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_heads import KINDS, random_code
from small_heads import BINARY, GRADED, masks

from neuromorph import threads
from neuromorph.backends import FloatWork, Sight
from neuromorph.backends.fast import threads as fast_threads
from neuromorph.backends.fast.closed_form import SPEC, spec_of
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.translate import LayerCode

both = pytest.mark.parametrize("head", [replace(GRADED, value_shift=4),
                                        replace(BINARY, value_limit=100, unit=200)],
                               ids=["graded", "binary"])


# --- any layer


@st.composite
def layers(draw: st.DrawFn) -> tuple[LayerCode, FloatWork]:
    """Calibrated heads, floats as they were or louder, of any shape and layout."""
    key_size = draw(st.sampled_from([1, 7, 16, 19, 32, 33]))
    value_size = draw(st.sampled_from([1, 5, 16, 20, 48]))
    kind = draw(st.sampled_from(KINDS))
    rng, code, sample = random_code(draw(st.integers(0, 2**32)), kind, key_size, value_size,
                                    tokens=draw(st.integers(1, 12)))
    batch, asked = draw(st.integers(1, 2)), draw(st.integers(1, 5))
    keys = draw(st.integers(1, min(12, code.heads[0].slots)))
    tokens = sample.keys.shape[1]
    louder = draw(st.sampled_from([0.3, 1.0, 4.0]))
    queries, stored, values = (
        np.stack([of[:, rng.integers(tokens, size=count)] for _ in range(batch)])
        for of, count in ((sample.queries * louder, asked), (sample.keys, keys),
                          (sample.values * louder, keys)))
    work = FloatWork(queries.astype(np.float32), stored.astype(np.float32),
                     values.astype(np.float32), Sight(masks(rng, (batch, asked, keys))),
                     draw(st.sampled_from([1.0, 0.125, 1 / 3])))
    return code, laid_out(work, draw(st.sampled_from(LAYOUTS)))


@given(layers())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_floats_to_floats_are_codes_and_back(layer: tuple[LayerCode, FloatWork]) -> None:
    check(*layer)


@pytest.mark.parametrize("how", LAYOUTS)
@both
def test_wherever_the_numbers_are(head: LatencyAttention, how: str) -> None:
    code = code_of(replace(head, key_size=17, key_shift=5, value_size=20), heads=4, kv_heads=2)
    work = random_work(code, 2, 3, 5)
    assert check(code, laid_out(work, how)).context.any()


@both
def test_sequences_may_share_their_keys(head: LatencyAttention) -> None:
    """Strides of 0, as `expand` makes them."""
    code = code_of(head)
    one, many = random_work(code, 1, 3, 5), random_work(code, 3, 3, 5)
    keys, values = (np.broadcast_to(array, (3, *array.shape[1:]))
                    for array in (one.keys, one.values))
    check(code, replace(many, keys=keys, values=values))


# --- more than a strip of keys, more than a block of queries


def sliding(asked: int, keys: int, window: int) -> Masks:
    age = np.arange(asked)[:, None] + (keys - asked) - np.arange(keys)
    return ((age >= 0) & (age < window))[None]


def holes(asked: int, keys: int) -> Masks:
    mask = np.random.default_rng(3).random((2, asked, keys)) < 0.5
    mask[1, :, : keys // 2] = False
    mask[0, asked // 2] = False
    return mask


def late_start(asked: int, keys: int) -> Masks:
    """A whole block sees nothing, the next one only what lies behind the first strip."""
    mask = np.zeros((1, asked, keys), bool)
    mask[:, 32:, min(33, keys - 1):] = True
    return mask


MASKS = {
    "full": lambda asked, keys: np.ones((1, asked, keys), bool),
    "causal": lambda asked, keys: sliding(asked, keys, keys),
    "sliding": lambda asked, keys: sliding(asked, keys, 7),
    "holes": holes,
    "late start": late_start,
    "nothing": lambda asked, keys: np.zeros((1, asked, keys), bool),
}


@pytest.mark.parametrize("shape", [(1, 33), (7, 32), (8, 64), (33, 65), (41, 100)],
                         ids=lambda shape: f"{shape[0]} by {shape[1]}")
@pytest.mark.parametrize("name", MASKS)
@both
def test_strips_of_keys_and_blocks_of_queries(
    head: LatencyAttention, name: str, shape: tuple[int, int]
) -> None:
    mask = MASKS[name](*shape)
    code = code_of(replace(head, slots=100, value_size=18))
    check(code, random_work(code, len(mask), *shape, mask))


# --- threads


@pytest.mark.parametrize("count", [1, 3])
@both
def test_threads_change_nothing(
    head: LatencyAttention, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_threads, "PARALLEL_FROM", 0)
    monkeypatch.setattr(threads, "count", lambda: count)
    code = code_of(replace(head, slots=70), heads=4, kv_heads=2)
    work = random_work(code, 2, 70, 70, np.repeat(sliding(70, 70, 70), 2, axis=0))
    check(code, replace(work, values=10 * work.values))


@both
def test_more_threads_than_tasks(
    head: LatencyAttention, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_threads, "PARALLEL_FROM", 0)
    monkeypatch.setattr(threads, "count", lambda: 5)
    code = code_of(head, heads=1)
    check(code, random_work(code, 1, 3, 5))


# --- sums as large as they get


MANY = 700


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("score", "step"), [(-1, 0), (0, 3), (1, 6)],
                         ids=["early", "late", "forced"])
@both
def test_more_keys_in_a_step_than_narrow_sums_hold(
    head: LatencyAttention, score: int, step: int, sign: int
) -> None:
    """Each with the largest value: in 16 bits, and in float32 times payloads, sums are lost."""
    code = code_of(many_slots(head), heads=1)
    head = code.heads[0]
    due = -(-(head.first_due + 1200 * score) // head.ramp)
    assert min(max(due, 0), head.window) == step
    values = np.full((1, 1, MANY, 3), sign * head.value_limit)
    values[..., 1] = np.random.default_rng(6).integers(-9, 9, MANY)
    mask = np.ones((1, 9, MANY), bool)
    mask[:, 3, ::5] = False
    work = floats_of(code, np.full((1, 1, 9, 3), 20 * score), np.full((1, 1, MANY, 3), 20),
                     values, mask)
    assert check(code, work).forced == (mask.sum() if step == head.window else 0)


@both
def test_more_late_keys_than_narrow_sums_hold_in_many_steps(head: LatencyAttention) -> None:
    code = code_of(many_slots(head), heads=2)
    work = random_work(code, 1, 40, MANY)
    edge = code.value_centre[0] + code.value_scale[0] * code.heads[0].value_limit
    check(code, replace(work, queries=np.abs(work.queries),
                        values=np.broadcast_to(edge.astype(np.float32), work.values.shape)))


def many_slots(head: LatencyAttention) -> LatencyAttention:
    """More of them than narrow sums hold values."""
    head = replace(head, slots=MANY, value_size=3, window=6, latest=450)
    if not head.graded:
        head = replace(head, value_limit=70, unit=140)
    assert np.array([spec_of(head)], SPEC)["exact"][0] < MANY
    return head


# --- long windows


@pytest.mark.parametrize("window", [31, 32, 33, 60])
@both
def test_a_window_of_more_steps_than_a_number_has_bits(
    head: LatencyAttention, window: int
) -> None:
    """What came first is halved away before the last spike."""
    head = replace(head, window=window, ramp=1200 // window, latest=600)
    code = code_of(head, heads=1)
    queries = np.array([[20, 20, 20], [20, 0, 0], [-20, 20, 20]])[None, None]
    keys = np.array([[-20, -20, -20], [20, 20, 20], [19, 20, 20], [0, 0, 0], [0, 0, 1]])
    values = np.array([[127, -127], [0, 1], [-1, 0], [-3, 3], [2, -2]])
    values = np.clip(values, -head.value_limit, head.value_limit)
    work = floats_of(code, queries, keys[None, None], values[None, None], np.ones((1, 3, 5), bool))
    check(code, work)
    only = np.zeros((1, 3, 5), bool)
    only[..., [0, 1]] = True
    check(code, replace(work, sight=Sight(only)))


@pytest.mark.parametrize("decay", [0, 1, 400, 2048, 4095, 4096])
@pytest.mark.parametrize("input_bits", [24, 22])
def test_any_decay(decay: int, input_bits: int) -> None:
    """Steps of other sizes than ln 2, and Loihi 1: no shift will do."""
    head = replace(BINARY, control_decay=decay, window=40, ramp=30, latest=600,
                   input_bits=input_bits, slots=40, value_limit=50, unit=100)
    code = code_of(head, heads=2)
    assert check(code, random_work(code, 2, 4, 40)).spikes == 2 * 2 * 4 * 40


# --- floats that are near the edge between two codes


@pytest.mark.parametrize("name", ["queries", "keys", "values"])
@both
def test_floats_at_exact_ties(head: LatencyAttention, name: str) -> None:
    """Half steps go to the even code; the floats beside them do not."""
    code = code_of(replace(head, key_size=19, key_shift=5, value_size=35), heads=2, kv_heads=2)
    code = replace(code, **{part: np.exp2(np.round(np.log2(getattr(code, part))))
                            for part in ("query_scale", "key_scale", "value_scale")},
                   key_centre=np.round(code.key_centre * 4) / 4,
                   value_centre=np.round(code.value_centre * 4) / 4)
    work = random_work(code, 1, 12, 5)
    array = getattr(work, name)
    scale = getattr(code, {"queries": "query", "keys": "key", "values": "value"}[name] + "_scale")
    rng = np.random.default_rng(2)
    ties = array + (rng.choice([-0.5, 0.5], array.shape) * scale[:, None]).astype(np.float32)
    beside = np.nextafter(ties, rng.choice([-np.inf, np.inf], ties.shape).astype(np.float32))
    for floats in (ties, beside):
        check(code, replace(work, **{name: floats}))


@pytest.mark.parametrize("seed", range(4))
def test_a_quotient_that_is_a_tie_although_the_product_is_none(seed: int) -> None:
    """(x - c) / s is half a step, and (x - c) times 1 / s a little less or more."""
    rng = np.random.default_rng(seed)
    code = code_of(replace(BINARY, value_size=80), heads=1, seed=seed)
    work = random_work(code, 1, 1, 1)
    apart = work.values[0, 0, 0].astype(np.float64) - code.value_centre[0]
    steps = rng.integers(1, 127, 80)
    scale = np.abs(apart) / (steps + 0.5)
    wrong = np.rint(apart / scale) != np.rint(apart * (1 / scale))
    assert wrong.any()
    # Nothing else is near a tie: a single doubt has all sixteen lanes coded anew.
    check(replace(code, value_scale=np.where(wrong, scale, np.abs(apart) / steps)[None]), work)


@both
def test_clipped_floats_are_counted_and_stay_at_the_limit(head: LatencyAttention) -> None:
    code = code_of(replace(head, key_size=18, key_shift=5, value_size=18), heads=2)
    work = random_work(code, 2, 3, 5)
    assert in_one_pass(code, work).clipped == 0
    queries, keys, values = work.queries.copy(), work.keys.copy(), work.values.copy()
    queries[0, 1, 2, [0, 17]], keys[1, 0, 4, :3], values[0, 0, 0] = 1e30, -1e30, 1e5
    loud = replace(work, queries=queries, keys=keys, values=values)
    assert check(code, loud).clipped == 2 + 3 + 18


def test_clipping_begins_more_than_half_a_step_beyond_the_limit() -> None:
    code = code_of(replace(BINARY, value_size=18, value_limit=101), heads=1)
    code = replace(code, value_scale=np.full((1, 18), 0.25), value_centre=np.zeros((1, 18)))
    work = random_work(code, 1, 1, 5)
    edge = np.float32(101.5 * 0.25)  # a tie, which goes to 102
    below = np.nextafter(edge, np.float32(0))
    for value, clipped in ((edge, 18 * 5), (below, 0), (-edge, 18 * 5), (-below, 0)):
        floats = np.full_like(work.values, value)
        assert check(code, replace(work, values=floats)).clipped == clipped
