"""GGUF files: a bounded header, and what transformers would leave out is refused by name."""

from __future__ import annotations

import os
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import small_gguf as small
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorph.errors import FileFormatError, InputError, NeuromorphError
from neuromorph.files import gguf_file
from neuromorph.files.gguf_file import GgufFile
from neuromorph.huggingface.loading import open_weights
from neuromorph.models.gguf_guard import check_gguf, check_loaded

HUGE = 2**60


def made(raw: bytes) -> Any:
    return lambda path: path.write_bytes(raw)


def meta(**changes: Any) -> Any:
    return made(small.content(small.fields(**changes)))


def parts(**changes: Any) -> Any:
    return made(small.content(parts=small.tensors(**changes)))


def array(kind: int, count: int) -> tuple[int, bytes]:
    return small.ARRAY, struct.pack("<IQ", kind, count)


TWICE = small.content(counts=(4, 5)).replace(
    small.entry("blk.0.attn_k.weight", (8,), 0, 64),
    small.entry("blk.0.attn_k.weight", (8,), 0, 64) + small.entry("token_embd.weight", (8,), 0, 96))

BAD = {
    "empty": (made(b""), "the file is empty"),
    "git-lfs": (made(b"version https://git-lfs.github.com/spec/v1\n"), "Run: git lfs pull"),
    "html": (made(b"<!doctype html><html>"), "found an HTML or XML page"),
    "safetensors": (made(struct.pack("<Q", 2) + b"{}"), "this is not a GGUF file; found"),
    "zip": (made(b"PK\3\4" + bytes(60)), "found a zip archive.*Give the .gguf file"),
    "fifo": (os.mkfifo, "found a FIFO"),
    "magic alone": (made(b"GGUF"), "the file ends within its header"),
    "version 9": (made(small.content(version=9)), "the version is not read here; found 9"),
    "big-endian": (made(small.content(version=3 << 24)), "found a big-endian file"),
    "2^60 tensors": (made(small.content(counts=(HUGE, 5))), "too many tensors; found"),
    "2^60 fields": (made(small.content(counts=(3, HUGE))), "too many fields; found"),
    "60000 tensors": (made(small.content(counts=(60000, 5))), "tensor|ends within"),
    "text of 2^62": (meta(name=(small.TEXT, struct.pack("<Q", 2**62))), "is too long"),
    "array of 2^62": (meta(name=array(small.U32, 2**62)), "says that it has too many elements"),
    "texts of 2^62": (meta(name=array(small.TEXT, 2**62)), "says that it has too many elements"),
    "arrays in arrays": (meta(name=array(small.ARRAY, 1)), "an array of what is not read here"),
    "unknown field type": (meta(name=(77, b"")), "a type that is not known here; found 77"),
    "not UTF-8": (meta(name=(small.TEXT, small.text(b"\xff\xff"))), "is not UTF-8"),
    "alignment 0": (meta(**{"general.alignment": 0}), "general.alignment is not usable; found 0"),
    "alignment 3": (meta(**{"general.alignment": 3}), "general.alignment is not usable; found 3"),
    "alignment 2^31": (meta(**{"general.alignment": 1 << 31}), "general.alignment is not usable"),
    "two tensors": (made(TWICE), "two tensors have one name; found 'token_embd.weight'"),
    "rank 0": (parts(x=((), 0)), "a rank that cannot be; found 0"),
    "rank 9": (parts(x=((1,) * 9, 0)), "a rank that cannot be; found 9"),
    "zero": (parts(x=((0, 4), 0)), "a shape that cannot be"),
    "2^62 x 2^62": (parts(x=((2**62, 2**62), 0)), "a shape that cannot be"),
    "half a block": (parts(x=((7,), small.Q8_0)), "a shape that cannot be"),
    "outside": (parts(x=((2**40,), 0)), "'x' lies outside the file"),
    "overlap": (parts(**{"token_embd.weight": ((9,), 0)}), "begins where it cannot"),
    "unknown type": (parts(x=((8,), 99)), "a type that is not known here; found 99"),
    "path as a name": (parts(**{"../x": ((8,), 0)}), "tensor name '../x' is a path"),
    "no architecture": (meta(**{"general.architecture": 3}), "does not say its architecture"),
    "10^9 layers": (meta(block_count=10**9), "llama.block_count is more than the file can hold"),
    "10^9 wide": (meta(embedding_length=10**9), "llama.embedding_length is more than"),
    "layers as text": (meta(block_count="two"), "llama.block_count is more than.*found two"),
    "codes": (parts(**{"blk.0.attn_v.weight": ((32,), small.I8)}), "its dtype is I8"),
    "a scale": (parts(**{"blk.0.attn_q.scale": ((8,), 0)}), "a scale is in the file"),
    "rope factors": (parts(**{"rope_freqs.weight": ((8,), 0)}), "factors of rotary frequencies"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_gguf(name: str, tmp_path: Path) -> None:
    make, says = BAD[name]
    make(tmp_path / "m.gguf")
    with pytest.raises(InputError, match=says) as caught:
        open_weights(tmp_path / "m.gguf")
    assert str(caught.value).isprintable()


def test_good(tmp_path: Path) -> None:
    with closing(GgufFile(small.write(tmp_path / "m.gguf"))) as file:
        check_gguf(file)
        assert file.metadata["tokenizer.ggml.tokens"] == 3
        assert file.metadata["llama.block_count"] == 1
        assert file.tensors["blk.0.attn_k.weight"] == ("F32", (8,), 64, 96)


@pytest.mark.parametrize("sixteenth", range(16))
def test_cut(tmp_path: Path, sixteenth: int) -> None:
    raw = small.content()
    path = small.write(tmp_path / "m.gguf", raw[:len(raw) * sixteenth // 16])
    with pytest.raises(FileFormatError, match=r"empty|ends within|outside the file|too many"):
        GgufFile(path)


def test_a_vocabulary_beyond_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = small.write(tmp_path / "m.gguf")
    monkeypatch.setattr(gguf_file, "_ELEMENTS", 2)
    with pytest.raises(FileFormatError, match="too many elements; found 3"):
        GgufFile(path)


def test_a_header_of_many_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in pieces, it is the same header."""
    path = small.write(tmp_path / "m.gguf")
    with closing(GgufFile(path)) as whole:
        monkeypatch.setattr(gguf_file, "_WINDOW", 16)
    with closing(GgufFile(path)) as pieces:
        assert (pieces.metadata, pieces.tensors) == (whole.metadata, whole.tensors)


@pytest.mark.parametrize(("tensor", "parameters", "right"), [
    ("blk.0.attn_q_norm.weight", ["layers.0.self_attn.q_proj.weight"], False),
    ("blk.0.attn_q_norm.weight", ["layers.0.self_attn.q_norm.weight"], True),
    ("blk.0.attn_q_norm.weight", ["layers.0.self_attn.query_layernorm.weight"], True),
    ("blk.0.attn_k.bias", ["layers.0.self_attn.k_proj.weight", "lm_head.bias"], False),
    ("blk.0.attn_k.bias", ["layers.0.self_attn.k_proj.bias"], True),
    ("blk.0.attn_qkv.bias", ["h.0.attn.c_attn.bias"], True),
    ("blk.0.attn_sinks.weight", ["layers.0.self_attn.k_proj.bias"], False),
])
def test_what_a_model_has_no_place_for(
    tensor: str, parameters: list[str], right: bool, tmp_path: Path
) -> None:
    raw = small.content(parts=small.tensors(**{tensor: ((8,), 0)}))
    with closing(GgufFile(small.write(tmp_path / "m.gguf", raw))) as file:
        if right:
            check_loaded(file, parameters, "default")
            return
        with pytest.raises(InputError, match=f"is in the file; found '{tensor}'"):
            check_loaded(file, parameters, "default")


def test_a_scaling_of_positions_that_is_left_out(tmp_path: Path) -> None:
    raw = small.content(small.fields(**{"llama.rope.scaling.type": "yarn"}))
    with closing(GgufFile(small.write(tmp_path / "m.gguf", raw))) as file:
        check_loaded(file, [], "yarn")
        with pytest.raises(InputError, match=r"scaling of rotary positions.*found yarn"):
            check_loaded(file, [], "default")


@settings(max_examples=300, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)),
                      min_size=1, max_size=6))
def test_damaged(tmp_path: Path, flips: list[tuple[float, int]]) -> None:
    raw = bytearray(small.content())
    for place, value in flips:
        raw[int(place * len(raw))] = value
    path = small.write(tmp_path / "m.gguf", bytes(raw))
    try:
        file = GgufFile(path)
        file.close()
        check_gguf(file)
    except NeuromorphError as error:
        assert str(error).isprintable()
