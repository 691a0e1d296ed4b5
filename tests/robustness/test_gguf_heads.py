"""Heads of GGUF files without torch: blocks to numbers, and rows as rotary positions want them."""

from __future__ import annotations

import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_gguf as small
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorph.errors import InputError, NeuromorphError
from neuromorph.files.gguf_blocks import READ, numbers
from neuromorph.files.gguf_file import TYPES, GgufFile
from neuromorph.models import Rotary, open_model

SIZES = {name: (number, elements, size) for number, (name, elements, size) in TYPES.items()}


@pytest.mark.parametrize("kind", sorted(READ))
@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), blocks=st.integers(1, 5))
def test_blocks_are_the_numbers_that_gguf_says(kind: str, seed: int, blocks: int) -> None:
    """Any bytes at all, scales that are not finite too."""
    gguf = pytest.importorskip("gguf")
    size = SIZES[kind][2]
    raw = np.random.default_rng(seed).integers(0, 256, blocks * size, dtype=np.uint8)
    with np.errstate(all="ignore"):
        expected = gguf.dequantize(raw, gguf.GGMLQuantizationType[kind]).reshape(-1)
    found = numbers(bytearray(raw.tobytes()), kind, size)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected.astype(np.float32))


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0", "Q4_1", "F16"])
def test_a_quantised_model_is_near_the_one_it_was(kind: str, tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    number, _, _ = SIZES[kind]
    rng = np.random.default_rng(0)
    width, parts, plain = 32, {}, {}
    for part, rows in (("q", 16), ("k", 8), ("v", 8)):
        name = f"blk.0.attn_{part}.weight"
        plain[name] = rng.normal(size=(rows, width)).astype(np.float32)
        raw = gguf.quantize(plain[name], gguf.GGMLQuantizationType[kind]).tobytes()
        parts[name] = ((rows, width), number, raw)
    meta = small.heads_fields(**{"llama.embedding_length": width, "llama.attention.key_length": 8})
    layer, = open_model(small.llama_heads(tmp_path / "m.gguf", meta, parts)).layers
    error = np.abs(layer.value_weight - plain["blk.0.attn_v.weight"]).max()
    assert 0 < error < {"Q8_0": 0.02, "F16": 0.002}.get(kind, 0.3)


def test_a_llamas_rows_are_put_back_to_halves(tmp_path: Path) -> None:
    """Turned by halves here, scores are those of pairs turned there."""
    layer, = open_model(small.llama_heads(tmp_path / "m.gguf")).layers
    tensors = small.heads_tensors()
    assert (layer.heads, layer.kv_heads, layer.head_size) == (2, 1, 8)
    assert layer.rotary == Rotary(1e4)
    x = np.random.default_rng(1).normal(size=(6, 16)).astype(np.float32)
    q, k, _ = layer.project(x)
    there = {}
    for part, heads in (("q", 2), ("k", 1)):
        plain = (x @ tensors[f"blk.0.attn_{part}.weight"].T).reshape(6, heads, 4, 2)
        angles = np.arange(6)[:, None, None] * layer.rotary.frequencies(8)
        turned = (plain[..., 0] + 1j * plain[..., 1]) * np.exp(1j * angles)
        there[part] = np.stack([turned.real, turned.imag], -1).reshape(6, heads, 8)
    np.testing.assert_allclose(
        np.einsum("htd,sd->hts", q, k[0]),
        np.einsum("thd,sd->hts", there["q"], there["k"][:, 0]), atol=1e-4)


@pytest.mark.hf
def test_weights_are_those_that_transformers_reads(tmp_path: Path) -> None:
    from neuromorph.huggingface.loading import load_model

    path = small.llama_gguf(tmp_path / "m.gguf", seed=5)
    model, _ = load_model(path)
    attention = model.model.layers[0].self_attn
    layer, = open_model(path).layers
    for role in ("query", "key", "value"):
        theirs = getattr(attention, f"{role[0]}_proj").weight.detach().numpy()
        np.testing.assert_array_equal(getattr(layer, f"{role}_weight"), theirs)


def renamed(fields: dict[str, Any], architecture: str) -> dict[str, Any]:
    return {name.replace("llama", architecture): architecture if value == "llama" else value
            for name, value in fields.items()}


@pytest.mark.parametrize(("architecture", "causal", "turned"), [
    ("qwen2", True, True), ("bert", False, False)])
def test_rows_of_others_stay(architecture: str, causal: bool, turned: bool, tmp_path: Path) -> None:
    model = open_model(small.llama_heads(tmp_path / "m.gguf", renamed(
        small.heads_fields(), architecture)))
    layer, = model.layers
    assert (model.causal, layer.rotary is not None, model.positions) == (causal, turned, 64)
    np.testing.assert_array_equal(layer.query_weight, small.heads_tensors()["blk.0.attn_q.weight"])


def test_a_fused_weight_of_gpt2(tmp_path: Path) -> None:
    fused = np.random.default_rng(0).normal(size=(48, 16)).astype(np.float32)
    bias = np.arange(48, dtype=np.float32)
    meta = renamed(small.heads_fields(**{"llama.attention.head_count_kv": 2}), "gpt2")
    layer, = open_model(small.llama_heads(tmp_path / "m.gguf", meta, {
        "blk.0.attn_qkv.weight": fused, "blk.0.attn_qkv.bias": bias})).layers
    np.testing.assert_array_equal(layer.key_weight, fused[16:32])
    np.testing.assert_array_equal(layer.value_bias, bias[32:])
    assert layer.rotary is None


ONES = np.ones((16,), np.float32)
FLOAT = (6, struct.pack("<f", 0.5))
LIST = (small.ARRAY, struct.pack("<IQI", 4, 1, 2))
BAD: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "architecture": ({"general.architecture": "mamba"}, {}, "not read without torch; found mamba"),
    "heads by layer": ({"llama.attention.head_count": LIST}, {}, "found 'llama.attention.head_c"),
    "no heads": ({"llama.attention.head_count": None}, {}, "has no attention.head_count"),
    "3 heads": ({"llama.attention.head_count": 3, "llama.attention.head_count_kv": 3}, {},
                "heads do not divide the width"),
    "3 key heads": ({"llama.attention.head_count_kv": 3}, {}, "do not divide the heads"),
    "a field": ({"llama.attention.max_alibi_bias": FLOAT}, {}, "may change attention and is not"),
    "soft cap": ({"llama.attn_logit_softcapping": FLOAT}, {}, "may change attention and is not"),
    "a window": ({"llama.attention.sliding_window": 8}, {}, "sliding_window: a window of.*found 8"),
    "a part turned": ({"llama.rope.dimension_count": 4}, {}, "on a part of each head"),
    "yarn": ({"llama.rope.scaling.type": "yarn"}, {}, "scaling of rotary positions.*found yarn"),
    "base 0": ({"llama.rope.freq_base": (6, bytes(4))}, {}, "rope.freq_base is not usable"),
    "2 blocks": ({"llama.block_count": 2}, {}, "layer 1 has no query projection"),
    "no key": ({}, {"blk.0.attn_k.weight": None}, "layer 0 has no key.*expected blk.0.attn_k"),
    "a norm": ({}, {"blk.0.attn_q_norm.weight": ONES}, "not known here; found 'blk.0.attn_q_norm"),
    "sinks": ({}, {"blk.0.attn_sinks.weight": ONES}, "not known here"),
    "a layer too many": ({}, {"blk.1.attn_q.weight": ONES}, "found 'blk.1.attn_q.weight'"),
    "another shape": ({}, {"blk.0.attn_k.weight": np.ones((16, 16), np.float32)},
                      r"number of key-value heads is wrong; found \[16, 16\]"),
    "turned": ({}, {"blk.0.attn_k.weight": np.ones((16, 8), np.float32)}, "looks transposed"),
    "bias": ({}, {"blk.0.attn_k.bias": ONES}, "bias has the wrong shape"),
    "Q5_0": ({}, {"blk.0.attn_v.weight": ((8, 32), 6, bytes(8 * 22))}, "wrong shape"),
    "infinite": ({}, {"blk.0.attn_v.weight": np.full((8, 16), np.inf, np.float32)}, "not finite"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_heads(name: str, tmp_path: Path) -> None:
    fields, tensors, says = BAD[name]
    path = small.llama_heads(tmp_path / "m.gguf", small.heads_fields(**fields),
                             small.heads_tensors(**tensors))
    with pytest.raises(InputError, match=says) as caught:
        open_model(path)
    assert str(caught.value).isprintable()


def test_a_type_that_is_not_read_is_named_with_the_way_out(tmp_path: Path) -> None:
    path = small.llama_heads(tmp_path / "m.gguf", parts={"a": ((32,), 6, bytes(22))})
    with closing(GgufFile(path)) as file, pytest.raises(
            InputError, match=r"'a' is of a type that is not read here; found Q5_0; expected F32.*"
            r"transformers reads the file"):
        file.read("a")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)),
                      min_size=1, max_size=6))
def test_damaged(tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[float, int]]) -> None:
    path = small.llama_heads(tmp_path_factory.getbasetemp() / "damaged.gguf")
    raw = bytearray(path.read_bytes())
    head = len(raw) - sum(array.nbytes for array in small.heads_tensors().values())
    for place, value in flips:
        raw[int(place * head)] = value
    path.write_bytes(bytes(raw))
    try:
        open_model(path)
    except NeuromorphError as error:
        assert str(error).isprintable()
