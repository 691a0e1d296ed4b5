"""Blocks of other families than Llama's: layer norms, plain MLPs, encoders, post-norm blocks."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from small_float_blocks import Floats, a_float_block, a_text, clocked

from neuromorph.circuits.block.build import build
from neuromorph.circuits.block.closed_form import fed_forward, gained
from neuromorph.circuits.norm.build import CENTRED_MAX
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import ModelStructureError, TensorError
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import (
    CURVES,
    BlockOptions,
    FloatBlock,
    FloatNorm,
    TranslatedBlock,
    compare_block,
    curve_of,
    joined,
    prove_block,
    translate_block,
)
from neuromorph.translate.block.compared import cosines
from neuromorph.translate.block.head_norms import head_norms_of

TOKENS, WIDTH, UNSEEN = 16, 12, 7
OPTIONS = BlockOptions(attention=TranslateOptions(slots=TOKENS))
PLAIN = {"up": None, "rotary": None, "biased": True, "layer_norm": True}
KINDS: dict[str, dict[str, Any]] = {
    "Llama with layer norms": {"layer_norm": True},
    "Llama, post-norm": {"post": True},
    "GPT-2": {**PLAIN, "activation": CURVES["gelu_tanh"]},
    "ViT": {**PLAIN, "activation": CURVES["gelu"], "causal": False},
    "BERT": {**PLAIN, "activation": CURVES["gelu"], "causal": False, "post": True},
    "Qwen3": {"head_norms": 4, "groups": 1, "biased": True},
    "Qwen3, not turned": {"head_norms": 6, "size": 6, "heads": 4, "groups": 2, "rotary": None},
    "quick GELU, no biases": {"up": None, "activation": CURVES["quick_gelu"]}}
ENCODERS = [kind for kind, changed in KINDS.items() if not changed.get("causal", True)]
POST = [kind for kind, changed in KINDS.items() if changed.get("post")]


def a_norm(seed: int, *, layer_norm: bool) -> FloatNorm:
    rng = np.random.default_rng((seed, 3))
    bias = rng.normal(0, .3, WIDTH) if layer_norm else None
    return FloatNorm(rng.uniform(.5, 1.5, WIDTH), 1e-5, bias, layer_norm)


def a_head_norm(seed: tuple[int, int], size: int) -> FloatNorm:
    """Gains of both signs, far from 1."""
    rng = np.random.default_rng(seed)
    return FloatNorm(rng.choice([-1, 1], size) * rng.uniform(.3, 2, size), 1e-3)


def a_block(kind: str, seed: int = 0) -> Any:
    changed = dict(KINDS[kind])
    layer_norm, post = changed.pop("layer_norm", False), changed.pop("post", False)
    if size := changed.pop("head_norms", 0):
        changed |= {f"{role}_norm": a_head_norm((seed, n), size)
                    for n, role in enumerate(("query", "key"))}
    norms = [a_norm(seed + n, layer_norm=layer_norm) for n in range(3)]
    return a_float_block(seed, attention_norm=norms[0], mlp_norm=norms[1],
                         end_norm=norms[2] if post else None, **changed)


def texts(kind: str, seeds: Any) -> list[Any]:
    """Hidden states that such a block would be given."""
    block = a_block(kind)
    found = [a_text(seed, TOKENS, massive=8.0) for seed in seeds]
    return [block.attention_norm(text) for text in found] if block.post else found


@lru_cache
def translated(kind: str, options: BlockOptions = OPTIONS) -> TranslatedBlock:
    return translate_block(a_block(kind), texts(kind, range(6)), options)


@pytest.mark.parametrize("kind", KINDS)
def test_integers_are_close_to_float_on_text_that_was_not_seen(kind: str) -> None:
    found = compare_block(translated(kind), texts(kind, [UNSEEN])[0])
    assert found.state_mean > .9995
    assert found.update_mean > .999
    assert min(found.state_worst, found.update_worst) > .99
    cut = {name: count for name, count in found.saturations.items() if not name.endswith("code")}
    assert not any(cut.values())


@pytest.mark.parametrize("wrong", [
    {"activation": CURVES["silu"]}, {"causal": True}, {"mlp_norm": a_norm(8, layer_norm=True)},
    {"end_norm": a_norm(9, layer_norm=True)}, {"scale": .3}])
def test_no_part_could_be_another(wrong: dict[str, Any]) -> None:
    """What a wrong one does is beyond the tolerance."""
    block = translated("BERT")
    text = texts("BERT", [UNSEEN])[0]
    other = compare_block(block, text, replace(block.floats, **wrong).run(text))
    assert other.update_error > 3 * compare_block(block, text).update_error


class TurnedFirst(FloatBlock):
    """Norms behind rotary positions: their gains then meet other numbers."""

    def _over_heads(self, role: str, rows: Floats) -> Floats:
        return super()._over_heads(role, super().turned(rows))

    def turned(self, rows: Floats) -> Floats:
        return rows


class WithoutKeys(FloatBlock):
    """No norm of keys."""

    def _over_heads(self, role: str, rows: Floats) -> Floats:
        return rows if role == "key" else super()._over_heads(role, rows)


class OneScale(FloatBlock):
    """All heads of a token over the norm of the first."""

    def _over_heads(self, role: str, rows: Floats) -> Floats:
        own, heads = self.head_norms[role], rows.reshape(len(rows), -1, self.size)
        mean = (heads[:, :1] ** 2).mean(axis=-1, keepdims=True)
        return (own.gain * heads / np.sqrt(mean + own.epsilon)).reshape(rows.shape)


@pytest.mark.parametrize("wrong", [
    TurnedFirst, WithoutKeys, OneScale, {"query_norm": FloatNorm(np.ones(4), 1e-3)},
    {"key_norm": a_head_norm((5, 5), 4)}, {"query_norm": FloatNorm(
        a_head_norm((0, 0), 4).gain, 2.0)}])
def test_no_norm_of_heads_could_be_another(wrong: Any) -> None:
    block = translated("Qwen3")
    text = texts("Qwen3", [UNSEEN])[0]
    own = {f.name: getattr(block.floats, f.name) for f in fields(block.floats)}
    other = wrong(**own) if isinstance(wrong, type) else replace(block.floats, **wrong)
    found = compare_block(block, text, other.run(text))
    assert found.update_error > 3 * compare_block(block, text).update_error


@pytest.mark.parametrize("kind", ["Qwen3", "Qwen3, not turned"])
@pytest.mark.parametrize("length", [1 / 64, 1 / 8, 1, 2])
def test_a_norm_of_heads_is_that_of_floats(kind: str, length: float) -> None:
    """Of queries from a sixty-fourth of the usual length to twice that."""
    block = translated(kind)
    norms, behind = head_norms_of(block.floats, dict(block.units), block.block.period)
    rng = np.random.default_rng(1)
    for role, own in block.floats.head_norms.items():
        x = rng.normal(0, length, (40, len(block.units[role])))
        codes = np.rint(x / block.units[role]).astype(np.int64)
        made = gained(norms[role], codes) * behind[role]
        wanted = own(x.reshape(-1, block.floats.size)).reshape(x.shape)
        off = np.linalg.norm(made - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
        assert off.max() < 5e-4
        assert norms[role].norm == block.block.head_norms[role].norm


def test_numbers_that_are_cut_off_before_a_norm_are_counted() -> None:
    block = translated("Qwen3")
    louder = replace(block.block.query, multiplier=block.block.query.multiplier * 0 + 65535,
                     shift=block.block.query.shift - 2)
    own = block.block.key_norm
    assert own is not None
    short = replace(own, norm=replace(own.norm, multiplier=own.norm.multiplier // 2,
                                      y_shift=own.norm.y_shift - 12))
    found = compare_block(replace(block, block=replace(
        block.block, query=louder, key_norm=short)), texts("Qwen3", [UNSEEN])[0]).saturations
    assert found["query"] > 0
    assert found["key_norm"] > 0
    assert found["query_norm"] == found["key"] == 0


@pytest.mark.parametrize(("wrong", "text"), [
    ({"key_norm": None}, "both normed, or neither"),
    ({"key_norm": FloatNorm(np.ones(8), 1e-6)}, r"key_norm: .*not of each head; found \(8,\)"),
    ({"key_norm": FloatNorm(np.ones(4), 1e-6, centred=True)}, "layer norm of queries and keys"),
    ({"query_norm": FloatNorm(np.ones(4), 1e-6, np.ones(4))}, "layer norm of queries and keys")])
def test_other_norms_of_queries_and_keys_are_refused(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ModelStructureError, match=text):
        replace(a_block("Qwen3"), **wrong)


@pytest.mark.parametrize("share", [0, 1e-6, 1e-3])
def test_queries_that_are_next_to_nothing_are_no_trouble(share: float) -> None:
    """A head that was pruned: its numbers are far below the root of epsilon."""
    floats = a_block("Qwen3")
    weight, bias = floats.query.weight * share, floats.query.bias
    quiet = replace(floats, query=floats.query._replace(weight=weight, bias=share * bias))
    block = translate_block(quiet, texts("Qwen3", range(3)), OPTIONS)
    assert compare_block(block, texts("Qwen3", [UNSEEN])[0]).state_worst > .99


def test_a_gain_of_nothing_is_no_trouble() -> None:
    floats = a_block("Qwen3")
    for gain in (np.zeros(4), np.array([0, 0, 1e-7, 3.0])):
        norm = FloatNorm(gain, 1e-3)
        block = translate_block(replace(floats, query_norm=norm), texts("Qwen3", range(2)), OPTIONS)
        assert compare_block(block, texts("Qwen3", [UNSEEN])[0]).state_worst > .98


@pytest.mark.parametrize("kind", KINDS)
def test_by_the_clock_it_is_the_closed_form(kind: str) -> None:
    """A token a period; what sees all tokens is sent them twice."""
    block = translated(kind)
    tokens = TOKENS if kind in ENCODERS else 6
    stream = block.encode(texts(kind, [UNSEEN])[0][:tokens])[0]
    passes = 2 if kind in ENCODERS else 1
    found = clocked(block, np.tile(stream, (passes, 1)))[-tokens:]
    assert np.array_equal(found, block.run(stream).end)


@pytest.mark.parametrize("kind", KINDS)
def test_the_network_proves_what_the_numbers_say(kind: str) -> None:
    block = translated(kind).block
    assert max(row.share for row in prove_block(block)) <= 1
    assert not prove_contract(build(block)).unproved


@pytest.mark.parametrize("kind", POST)
def test_post_norm_blocks_in_a_row(kind: str) -> None:
    """What one sends is what the next one hears, and is as large as its weights leave room for."""
    first = translated(kind)
    ends = [first.floats.run(text).end for text in texts(kind, range(6))]
    after = a_block(kind, 1)
    after = replace(after, attention_norm=first.floats.end_norm)
    second = translate_block(after, ends, OPTIONS, entry=first.places[2])
    first = joined(first, second)
    heard = second.block.attention_norm
    assert first.block.end_norm == replace(heard, period=first.block.period)
    assert max(row.share for row in prove_block(second.block) if row.layer in (
        "query", "key", "value")) > .999
    text = texts(kind, [UNSEEN])[0]
    between = first.run(first.encode(text)[0]).end
    found = second.decode(second.run(between).end)
    assert cosines(found, after.run(first.floats.run(text).end).end).min() > .995
    assert not prove_contract(build(first.block)).unproved


@pytest.mark.parametrize("kind", POST)
def test_a_norm_carries_gain_and_bias(kind: str) -> None:
    block, text = translated(kind), texts(kind, [UNSEEN])[0]
    codes, cut = block.encode(text)
    token = block.run(codes)
    exact = block.floats.run(text)
    assert cut == 0
    _, total = fed_forward(block.block, token.middle)
    for found, wanted, places in ((token.middle, exact.middle, block.places[1]),
                                  (total, exact.total, block.places[2])):
        assert cosines(found * 2.0**-places, wanted).min() > .999
        assert abs(np.linalg.norm(found) * 2.0**-places / np.linalg.norm(wanted) - 1) < .01


def test_layer_norms_leave_the_stream_a_bit() -> None:
    largest = max(np.abs(text).max() for text in texts("ViT", range(6)))
    for kind, limit in (("ViT", CENTRED_MAX), ("quick GELU, no biases", STATE_MAX)):
        places = translated(kind).places[0]
        assert limit / 2 < 2 * largest * 2.0**places <= limit
    assert translated("ViT").encode(np.full((1, WIDTH), 1e6))[0].max() == CENTRED_MAX


def test_a_bias_beyond_what_was_seen_fits() -> None:
    """Where a norm's bias and a layer's take each other away."""
    floats = a_block("GPT-2")
    loud = {name: getattr(floats, name) for name in ("query", "value", "gate")}
    moved = floats.attention_norm.bias + 50
    floats = replace(floats, attention_norm=replace(floats.attention_norm, bias=moved),
                     mlp_norm=replace(floats.mlp_norm, bias=moved), **{
        name: layer._replace(bias=layer.bias - layer.weight.sum(axis=1) * 50)
        for name, layer in loud.items()})
    block = translate_block(floats, texts("GPT-2", range(6)), OPTIONS)
    assert compare_block(block, texts("GPT-2", [UNSEEN])[0]).update_mean > .999


def test_hidden_vectors_are_long_enough_for_their_norm() -> None:
    block = translated("GPT-2")
    lengths = np.concatenate([np.linalg.norm(block.run(block.encode(text)[0]).hidden, axis=1)
                              for text in texts("GPT-2", range(6))])
    assert np.quantile(lengths, .05) > .5 * block.block.unit_norm.length


def test_a_massive_token_leaves_the_others_long_enough() -> None:
    """Its hidden vector takes all bits; of the others few are left, and no norm says more."""
    kind = "Llama with layer norms"
    floats, seen = a_block(kind), texts(kind, range(6))
    traces = [floats.run(text) for text in seen]
    for name in ("gate", "up"):
        loud = getattr(traces[0], name).copy()
        loud[0] = 30 if name == "gate" else 300
        traces[0] = traces[0]._replace(**{name: loud})
    massive = traces[0].gate[0] * traces[0].up[0]
    hidden = np.vstack([massive, traces[0].hidden[1:]])
    block = translate_block(floats, seen, replace(OPTIONS, correct=False),
                            [traces[0]._replace(hidden=hidden), *traces[1:]])
    found = compare_block(block, texts(kind, [UNSEEN])[0])
    assert found.saturations["unit_norm"] == 0
    assert found.update_worst > .98


def test_a_negative_gain_has_no_carry() -> None:
    floats = a_block("BERT")
    gain = floats.mlp_norm.gain * np.where(np.arange(WIDTH) == 3, -1, 1)
    with pytest.raises(ModelStructureError, match=r"layers\.0\.mlp_norm: .*negative"):
        translate_block(replace(floats, mlp_norm=replace(floats.mlp_norm, gain=gain)),
                        texts("BERT", range(2)), OPTIONS)


@pytest.mark.parametrize(("part", "field"), [
    ("end_norm", "gain"), ("attention_norm", "bias"), ("gate", "bias")])
def test_numbers_that_are_not_finite_are_refused(part: str, field: str) -> None:
    floats = a_block("BERT")
    own = getattr(floats, part)
    broken = np.full_like(getattr(own, field), np.nan)
    changed = own._replace(bias=broken) if part == "gate" else replace(own, **{field: broken})
    with pytest.raises(TensorError, match=rf"layers\.0\.{part}: .*NaN"):
        replace(floats, **{part: changed})


def test_norms_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelStructureError, match="does not end in such a norm"):
        translated("GPT-2").ended(translated("BERT").block.attention_norm)
    with pytest.raises(ModelStructureError, match="centred 0; expected 12 num"):
        translated("BERT").ended(translated("Llama, post-norm").block.attention_norm)


def test_activations_are_known_by_their_names() -> None:
    x = np.linspace(-4, 4, 9)
    for name, other in (("swish", "silu"), ("gelu_new", "gelu_tanh")):
        assert curve_of(name, "here") is CURVES[other]
    assert np.abs(CURVES["gelu"](x) - CURVES["gelu_tanh"](x)).max() < 1e-3
    assert np.abs(CURVES["gelu"](x) - CURVES["quick_gelu"](x)).max() < .03
    with pytest.raises(ModelStructureError, match=r"here: .*relu"):
        curve_of("relu", "here")
