"""Codes that are kept while a text grows: what comes out is what fresh codes give."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from float_layers import code_of, in_one_pass, random_work
from small_heads import BINARY, GRADED

from neuromorph.backends import FloatWork, Sight
from neuromorph.backends.fast import stored
from neuromorph.backends.fast.layer import GROWING, FastLayer
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.translate import LayerCode

LONGEST = 80
HEADS = [replace(BINARY, slots=LONGEST), replace(GRADED, slots=LONGEST, value_shift=4)]
both = pytest.mark.parametrize("head", HEADS, ids=["binary", "graded"])


def text(code: LayerCode, batch: int = 2, seed: int = 1) -> FloatWork:
    """One query and as many keys as there are slots."""
    return random_work(code, batch, 1, LONGEST, np.ones((batch, 1, LONGEST), bool), seed)


def first(work: FloatWork, tokens: int) -> FloatWork:
    """The text while it has so many tokens."""
    return replace(work, keys=work.keys[:, :, :tokens], values=work.values[:, :, :tokens],
                   sight=Sight(work.sight.mask[:, :, :tokens]))


def check(layer: FastLayer, code: LayerCode, work: FloatWork) -> None:
    answer, fresh = layer(work), in_one_pass(code, work)
    assert answer is not None
    np.testing.assert_array_equal(answer.context, fresh.context)
    assert answer[1:] == fresh[1:]


@pytest.fixture
def coded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """From which token on keys were coded, call by call."""
    calls: list[int] = []
    before = stored.Stored.add

    def add(self: Any, *args: Any) -> None:
        calls.append(self.count)
        before(self, *args)

    monkeypatch.setattr(stored.Stored, "add", add)
    return calls


@both
def test_only_new_tokens_are_coded(head: LatencyAttention, coded: list[int]) -> None:
    code = code_of(head, heads=4, kv_heads=2)
    layer, work = FastLayer(code), text(code)
    for tokens in range(GROWING, LONGEST + 1):
        answer, since = layer(first(work, tokens)), coded[-1]
        assert since in (0, tokens - 1)
        fresh = in_one_pass(code, first(work, tokens))
        assert answer is not None
        np.testing.assert_array_equal(answer.context, fresh.context)
        assert answer[1:] == fresh[1:]
    grown = coded[::2]
    assert grown.count(0) < 15  # room for a quarter more each time
    assert sum(since > 0 for since in grown) > 50


@both
@pytest.mark.parametrize("part", ["keys", "values"])
@pytest.mark.parametrize("token", [0, 37, 39])
def test_a_token_that_was_overwritten_is_noticed(
    head: LatencyAttention, part: str, token: int
) -> None:
    """As in a static cache that another text is written into."""
    code = code_of(head)
    layer, work = FastLayer(code), text(code)
    check(layer, code, first(work, 40))
    getattr(work, part)[1, 0, token, -1] += 0.5
    check(layer, code, first(work, 41))


@both
def test_sequences_may_change_places_and_shrink(head: LatencyAttention) -> None:
    """As in a beam search, and when a text is taken back."""
    code = code_of(head)
    layer, work = FastLayer(code), text(code)
    check(layer, code, first(work, 40))
    turned = replace(work, keys=work.keys[::-1], values=work.values[::-1])
    check(layer, code, first(turned, 41))
    check(layer, code, first(turned, 30))
    check(layer, code, first(text(code, batch=1), 31))


@both
def test_many_queries_keep_nothing(head: LatencyAttention) -> None:
    code = code_of(head)
    layer = FastLayer(code)
    layer(first(text(code), 40))
    assert layer.kept
    check(layer, code, random_work(code, 2, 20, 40))
    assert not layer.kept


@both
def test_numbers_that_are_not_finite_are_not_kept(head: LatencyAttention) -> None:
    code = code_of(head)
    layer, work = FastLayer(code), text(code)
    good = work.keys[0, 0, 10, 0]
    work.keys[0, 0, 10, 0] = np.nan
    assert layer(first(work, 40)) is None
    work.keys[0, 0, 10, 0] = good
    check(layer, code, first(work, 41))


@both
def test_two_texts_at_once(head: LatencyAttention) -> None:
    """Two Python threads write two texts with one layer."""
    code = code_of(head)
    layer, wrong = FastLayer(code), []

    def write(seed: int) -> None:
        work = text(code, seed=seed)
        for tokens in range(GROWING, LONGEST + 1):
            answer = layer(first(work, tokens))
            fresh = in_one_pass(code, first(work, tokens))
            if answer is None or (answer.context != fresh.context).any():
                wrong.append((seed, tokens))

    writers = [threading.Thread(target=write, args=(seed,)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not wrong
