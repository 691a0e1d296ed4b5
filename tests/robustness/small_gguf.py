"""A small valid GGUF file, and a writer that will write anything."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

F32, I8, Q8_0, TEXT, ARRAY, U32 = 0, 24, 8, 8, 9, 4
ALIGNMENT = 32


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def field(name: str, value: Any) -> bytes:
    """A field of a text, a number, a list of texts, or of (type, bytes)."""
    if isinstance(value, str):
        return text(name) + struct.pack("<I", TEXT) + text(value)
    if isinstance(value, int):
        return text(name) + struct.pack("<II", U32, value)
    if isinstance(value, list):
        return (text(name) + struct.pack("<IIQ", ARRAY, TEXT, len(value))
                + b"".join(map(text, value)))
    kind, raw = value
    return text(name) + struct.pack("<I", kind) + raw


def entry(name: str, shape: tuple[int, ...], kind: int, offset: int) -> bytes:
    return (text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape[::-1], kind, offset))


def fields(**changes: Any) -> dict[str, Any]:
    """What a llama says of itself; changes are by the last word of a name."""
    known = {"general.architecture": "llama", "llama.block_count": 1, "llama.embedding_length": 8,
             "llama.vocab_size": 3, "tokenizer.ggml.tokens": ["a", "b", "c"]}
    plain = {name.rpartition(".")[2]: name for name in known}
    return known | {plain.get(key, key): value for key, value in changes.items()}


def tensors(**changes: Any) -> dict[str, tuple[tuple[int, ...], int]]:
    """Name → shape and type; eight floats each, so that every one fills a unit of alignment."""
    names = ["token_embd.weight", "blk.0.attn_q.weight", "blk.0.attn_k.weight"]
    return dict.fromkeys(names, ((8,), F32)) | changes


def content(meta: Mapping[str, Any] | None = None, parts: Mapping[str, Any] | None = None, *,
            counts: tuple[int, int] | None = None, version: int = 3) -> bytes:
    """The bytes of a file; every tensor has 32 of data."""
    meta, parts = fields() if meta is None else meta, tensors() if parts is None else parts
    data = b"".join(field(name, value) for name, value in meta.items())
    data += b"".join(entry(name, shape, kind, ALIGNMENT * number)
                     for number, (name, (shape, kind)) in enumerate(parts.items()))
    head = b"GGUF" + struct.pack("<IQQ", version, *(counts or (len(parts), len(meta))))
    raw = head + data
    return raw + bytes(-len(raw) % ALIGNMENT + ALIGNMENT * len(parts))


def write(path: Path, raw: bytes | None = None) -> Path:
    path.write_bytes(content() if raw is None else raw)
    return path


def llama_gguf(path: Path, wide: int = 16, *, seed: int | None = None) -> Path:
    """A llama of one layer, width 16 and 8 tokens that transformers loads, written by gguf.

    Queries, keys and values are ones, or random.
    """
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(str(path), "llama")
    for add, value in ((writer.add_context_length, 32), (writer.add_embedding_length, 16),
                       (writer.add_block_count, 1), (writer.add_feed_forward_length, wide),
                       (writer.add_head_count, 2), (writer.add_head_count_kv, 2),
                       (writer.add_layer_norm_rms_eps, 1e-6), (writer.add_vocab_size, 8),
                       (writer.add_tokenizer_model, "llama"), (writer.add_bos_token_id, 1),
                       (writer.add_eos_token_id, 2), (writer.add_unk_token_id, 0),
                       (writer.add_token_list, ["<unk>", "<s>", "</s>", *"\u2581abcd"]),
                       (writer.add_token_scores, [0.0] * 8),
                       (writer.add_token_types, [2, 3, 3, 1, 1, 1, 1, 1])):
        add(value)
    ones = np.ones((16, 16), np.float32)
    block = {f"attn_{name}": ones for name in ("q", "k", "v", "output")}
    if seed is not None:
        rng = np.random.default_rng(seed)
        block = {name: rng.normal(size=(16, 16)).astype(np.float32) for name in block}
    block |= dict.fromkeys(("ffn_gate", "ffn_up", "ffn_down"), ones)
    block |= dict.fromkeys(("attn_norm", "ffn_norm"), ones[0])
    whole = {"token_embd": ones[:8], "output": ones[:8], "output_norm": ones[0],
             **{f"blk.0.{name}": array for name, array in block.items()}}
    for name, array in whole.items():
        writer.add_tensor(f"{name}.weight", array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


HEAD_WIDTH = 16


def heads_fields(**changes: Any) -> dict[str, Any]:
    """What a llama of two heads of 8 says; a change of None takes a field away."""
    known = {"general.architecture": "llama", "llama.block_count": 1,
             "llama.embedding_length": HEAD_WIDTH, "llama.context_length": 64,
             "llama.attention.head_count": 2, "llama.attention.head_count_kv": 1,
             "llama.rope.freq_base": (6, struct.pack("<f", 1e4))} | changes
    return {name: value for name, value in known.items() if value is not None}


def heads_tensors(**changes: Any) -> dict[str, Any]:
    """Queries of two heads, keys and values of one; None takes a tensor away."""
    import numpy as np

    rng = np.random.default_rng(3)
    made: dict[str, Any] = {
        f"blk.0.attn_{part}.weight": rng.normal(size=(rows, HEAD_WIDTH)).astype(np.float32)
        for part, rows in (("q", 16), ("k", 8), ("v", 8), ("output", 16))} | changes
    return {name: array for name, array in made.items() if array is not None}


def llama_heads(path: Path, meta: Mapping[str, Any] | None = None,
                parts: Mapping[str, Any] | None = None) -> Path:
    """Attention alone, F32, or (shape, type, bytes) for a tensor."""
    meta = heads_fields() if meta is None else meta
    parts = heads_tensors() if parts is None else parts
    head, data = b"".join(field(name, value) for name, value in meta.items()), b""
    for name, array in parts.items():
        shape, kind, raw = array if isinstance(array, tuple) else (array.shape, F32,
                                                                   array.tobytes())
        head += entry(name, shape, kind, len(data))
        data += raw + bytes(-len(raw) % ALIGNMENT)
    start = b"GGUF" + struct.pack("<IQQ", 3, len(parts), len(meta)) + head
    path.write_bytes(start + bytes(-len(start) % ALIGNMENT) + data)
    return path
