"""The compiled closed form of a transformer: equal to NumPy's to the bit, however it is fed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fast_transformers import a_transformer, some_tokens
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorph.backends.fast import transformer as fast
from neuromorph.backends.fast.transformer import prepared, session
from neuromorph.circuits.norm import norm_of
from neuromorph.circuits.transformer import closed_form
from neuromorph.circuits.transformer.closed_form import Passed
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.circuits.transformer.tiny import tiny_transformer
from neuromorph.errors import NetworkError, RangeProofError, UsageError

TOKENS = 30
KINDS: dict[str, dict[str, Any]] = {
    "llama": {"heads": 4, "groups": 2, "width": 40, "hidden": 70, "size": 6, "turns": 3},
    "wide": {"heads": 2, "groups": 2, "width": 70, "hidden": 33, "size": 34, "slots": 5},
    "plain": {"rotary": False, "gated": False, "turns": 1, "size": 3, "slots": 40},
    "layer norm": {"layer_norm": True, "rotary": False, "slots": 7},
    "head norms": {"head_norms": True, "heads": 4, "groups": 2, "size": 6, "turns": 3},
    "head norms, not turned": {"head_norms": True, "rotary": False, "size": 3, "slots": 7},
    "one slot": {"slots": 1, "heads": 1, "width": 6, "size": 2}}


def same(found: Passed, wanted: Passed) -> None:
    assert len(found.streams) == len(wanted.streams)
    for one, other in zip(found.streams, wanted.streams, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(found.answer, wanted.answer)


def however_fed(model: Transformer, tokens: np.ndarray) -> None:
    wanted = closed_form.run(model, tokens)
    same(fast.run(model, tokens, streams=True), wanted)
    single, parts = fast.Session(model), fast.Session(model)
    for token, answer in zip(tokens, wanted.answer, strict=True):
        np.testing.assert_array_equal(single.feed(np.array([token])), answer)
    for begin, stop in ((0, 5), (5, 6), (6, 21), (21, len(tokens))):
        np.testing.assert_array_equal(parts.feed(tokens[begin:stop], every=True),
                                      wanted.answer[begin:stop])
    assert single.counts == parts.counts
    assert single.tokens == len(tokens)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_blocks_as_trained_ones(kind: str, seed: int) -> None:
    however_fed(tiny_transformer(seed, **KINDS[kind]), some_tokens(seed, TOKENS))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("post", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_blocks_that_clip(kind: str, post: bool, seed: int) -> None:
    model = a_transformer(seed, post=post, norm=seed == 0, positions=seed == 1, **KINDS[kind])
    however_fed(model, some_tokens(seed, TOKENS))


@pytest.mark.parametrize("decay", [2048, 2200])
@pytest.mark.parametrize("kind", KINDS)
def test_heads_of_plain_spikes(kind: str, decay: int) -> None:
    model = a_transformer(3, **KINDS[kind])
    plain = replace(model, blocks=tuple(replace(block, heads=tuple(
        replace(head, spikes="binary", value_shift=0, control_decay=decay)
        for head in block.heads)) for block in model.blocks))
    tokens = some_tokens(3, TOKENS)
    however_fed(plain, tokens)
    if kind != "one slot":
        assert (fast.run(plain, tokens).answer != fast.run(model, tokens).answer).any()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**20), st.integers(1, 9), st.integers(1, 7), st.integers(1, 3),
       st.booleans())
def test_any_sizes(seed: int, width: int, hidden: int, size: int, post: bool) -> None:
    model = a_transformer(seed, width=width, hidden=hidden, size=size, post=post,
                          rotary=False, heads=1 + seed % 3, groups=1, slots=1 + seed % 5)
    however_fed(model, some_tokens(seed, 22))


@pytest.mark.parametrize("post", [False, True])
@pytest.mark.parametrize("tokens", [1, 2, 12, 33])
def test_an_encoder(post: bool, tokens: int) -> None:
    model = a_transformer(3, post=post, causal=False, slots=40, rotary=False, positions=True)
    read = some_tokens(1, tokens)
    same(fast.run(model, read, streams=True), closed_form.run(model, read))
    meant = replace(model, head=replace(model.head, read="mean"))
    same(fast.run(meant, read, streams=True), closed_form.run(meant, read))
    assert fast.run(model, read).streams == ()


def test_patches() -> None:
    model = tiny_transformer(2, patches=True, causal=False, slots=32, rotary=False, tokens=32)
    patches = np.random.default_rng(0).integers(0, 17, (25, 23))
    same(fast.run(model, patches, streams=True), closed_form.run(model, patches))


def test_silence_and_massive_tokens() -> None:
    model = a_transformer(1, rotary=False)
    loud = replace(model.embedding, shift=np.full(model.width, 1), positions=None)
    quiet = replace(model.embedding, weights=np.zeros_like(model.embedding.weights))
    for embedding in (loud, quiet):
        however_fed(replace(model, embedding=embedding), some_tokens(0, TOKENS))


def test_a_sequence_longer_than_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "TOGETHER", 16)
    model = tiny_transformer(5, slots=24)
    tokens = some_tokens(5, 60)
    wanted = closed_form.run(model, tokens)
    same(fast.Session(model).hidden(tokens), wanted)
    np.testing.assert_array_equal(fast.Session(model).feed(tokens), wanted.answer[-1])


@pytest.mark.parametrize("threads", ["2", "3"])
def test_threads_share_a_call(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "PARALLEL_FROM", 0)
    monkeypatch.setenv("NEUROMORPH_THREADS", threads)
    however_fed(a_transformer(4, **KINDS["llama"]), some_tokens(4, TOKENS))


def test_the_widest_sums() -> None:
    """All weights 127, all payloads alike: sums are within a tenth of 2^31."""
    model = tiny_transformer(0, blocks=1, width=500, hidden=40, rotary=False)
    block = model.blocks[0]
    norm = norm_of(500, 30_000, 32_767, block.period, epsilon=40)
    full = {name: replace(getattr(block, name), weights=np.full_like(
        getattr(block, name).weights, 127)) for name in ("query", "key", "value", "gate", "up")}
    loud = replace(block, attention_norm=norm, mlp_norm=norm, **full)
    model = replace(model, blocks=(loud,), embedding=replace(
        model.embedding, weights=np.full_like(model.embedding.weights, 127), positions=None,
        multiplier=np.full(500, 60_000), shift=np.full(500, 16)))
    h, _ = closed_form.normed(norm, closed_form.embedded(model.embedding, np.array([3])))
    assert h.sum() * 127 > 1.8e9
    however_fed(model, some_tokens(0, TOKENS))


def test_payloads_wider_than_16_bits() -> None:
    model = tiny_transformer(6)
    norm = norm_of(8, 200_000, 2**20, model.blocks[0].period, epsilon=40)
    wide = tuple(replace(block, attention_norm=norm, mlp_norm=norm) for block in model.blocks)
    model = replace(model, blocks=wide, head=replace(model.head, norm=norm))
    however_fed(model, some_tokens(6, TOKENS))


def test_sums_that_could_leave_32_bits_are_refused() -> None:
    model = tiny_transformer(6, blocks=1)
    norm = norm_of(8, 7_000_000, 2**23 - 1, model.blocks[0].period, epsilon=40)
    loud = replace(model.blocks[0], mlp_norm=norm)
    with pytest.raises(RangeProofError, match="could leave 32 bits"):
        fast.Session(replace(model, blocks=(loud,)))


def test_codes_beyond_a_heads_are_refused() -> None:
    model = tiny_transformer(6, blocks=1)
    code = replace(model.blocks[0].key_code, limit=100)
    with pytest.raises(NetworkError, match="larger than a head's"):
        fast.Session(replace(model, blocks=(replace(model.blocks[0], key_code=code),)))


def test_a_fault_in_one_weight_is_seen() -> None:
    model, tokens = tiny_transformer(7), some_tokens(7, TOKENS)
    block = model.blocks[1]
    weights = block.gate.weights.copy()
    weights[3, 2] += 60
    other = replace(model, blocks=(model.blocks[0], replace(
        block, gate=replace(block.gate, weights=weights))))
    assert (fast.run(other, tokens).answer != closed_form.run(model, tokens).answer).any()


def test_a_copy_goes_its_own_way_and_a_reset_begins_anew() -> None:
    model, tokens = tiny_transformer(8), some_tokens(8, TOKENS)
    wanted = closed_form.run(model, tokens).answer
    one = fast.Session(model)
    one.feed(tokens[:9])
    two = one.copy()
    two.feed(some_tokens(1, 5))
    np.testing.assert_array_equal(one.feed(tokens[9:], every=True), wanted[9:])
    assert (two.tokens, one.tokens) == (14, TOKENS)
    one.reset()
    assert not any(one.counts.values())
    np.testing.assert_array_equal(one.feed(tokens, every=True), wanted)


def test_sessions_share_what_is_prepared_and_weights_that_are_bytes() -> None:
    model = tiny_transformer(0, blocks=1)
    weights = model.blocks[0].gate.weights.astype(np.int8)
    block = replace(model.blocks[0], gate=replace(model.blocks[0].gate, weights=weights))
    model = replace(model, blocks=(block,))
    tables = prepared.prepared(model)
    assert prepared.prepared(model) is tables
    assert any(np.shares_memory(weights, kept) for kept in tables.kept)


def test_what_cannot_be_read_is_refused() -> None:
    model = tiny_transformer(0, tokens=8)
    one = fast.Session(model)
    one.feed(some_tokens(0, 6))
    with pytest.raises(UsageError, match="longer than the model's positions"):
        one.feed(some_tokens(0, 3))
    with pytest.raises(UsageError, match="no such token"):
        one.feed(np.array([23]))
    assert one.tokens == 6
    with pytest.raises(UsageError, match="sees those behind it"):
        fast.Session(replace(model, causal=False))
    with pytest.raises(UsageError, match="speaks once a sequence"):
        fast.Session(replace(model, head=replace(model.head, read="mean")))


@pytest.mark.parametrize("read", ["first", "mean"])
def test_a_causal_model_whose_head_speaks_once(read: Any) -> None:
    model = a_transformer(2, slots=5)
    model = replace(model, head=replace(model.head, read=read))
    tokens = some_tokens(2, TOKENS)
    same(fast.run(model, tokens, streams=True), closed_form.run(model, tokens))


def test_a_head_that_hears_the_stream_itself() -> None:
    """Its sums could leave 32 bits: NumPy adds them up."""
    model = tiny_transformer(3)
    however_fed(replace(model, head=replace(model.head, norm=None)), some_tokens(3, TOKENS))
