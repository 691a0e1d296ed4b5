"""Small valid models, and a writer that will write anything: what the bad files are made from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH, HEADS, KV_HEADS, LAYERS = 12, 4, 2, 2
HEAD_SIZE = WIDTH // HEADS

Tensors = dict[str, NDArray[Any]]
Header = dict[str, Any]
NAMES = {"float32": "F32", "float16": "F16", "float64": "F64", "int64": "I64", "int32": "I32",
         "int8": "I8", "uint8": "U8", "bool": "BOOL"}


def header_of(tensors: Mapping[str, NDArray[Any]],
              metadata: Mapping[str, str] | None = None) -> tuple[Header, bytes]:
    """The header of some arrays, ready to be spoilt, and their bytes."""
    header: Header = {"__metadata__": dict(metadata)} if metadata is not None else {}
    data = b""
    for name, array in tensors.items():
        header[name] = {"dtype": NAMES[array.dtype.name], "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    return header, data


def write_raw(path: Path, text: bytes, data: bytes, length: int | None = None) -> Path:
    """A safetensors file with any header text, and any length before it."""
    size = len(text) if length is None else length
    path.write_bytes(size.to_bytes(8, "little") + text + data)
    return path


def write(path: Path, tensors: Mapping[str, NDArray[Any]],
          metadata: Mapping[str, str] | None = None) -> Path:
    """A valid safetensors file."""
    header, data = header_of(tensors, metadata)
    return write_raw(path, json.dumps(header).encode(), data)


def random(shape: Iterable[int], seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=tuple(shape)).astype(np.float32)


def digits_config(**changes: Any) -> dict[str, Any]:
    return {"family": "digits-vit", "width": WIDTH, "heads": HEADS, "layers": LAYERS} | changes


def digits_metadata(**changes: Any) -> dict[str, str]:
    return {"format": "neuromorph", "config": json.dumps(digits_config(**changes))}


def digits_tensors() -> Tensors:
    """``blocks.{i}.attention.{query,key,value}.{weight,bias}``, and something beside them."""
    tensors: Tensors = {"position": random((5, WIDTH), 99)}
    for layer in range(LAYERS):
        for seed, part in enumerate(("query", "key", "value")):
            name = f"blocks.{layer}.attention.{part}"
            tensors[f"{name}.weight"] = random((WIDTH, WIDTH), 10 * layer + seed)
            tensors[f"{name}.bias"] = random((WIDTH,), 10 * layer + seed + 5)
        tensors[f"blocks.{layer}.attention.output.weight"] = random((WIDTH, WIDTH), 50 + layer)
    return tensors


def digits(path: Path) -> Path:
    return write(path, digits_tensors(), digits_metadata())


def bert_config(**changes: Any) -> dict[str, Any]:
    return {"model_type": "bert", "hidden_size": WIDTH, "num_attention_heads": HEADS,
            "num_hidden_layers": LAYERS} | changes


def bert_tensors(prefix: str = "", inner: str = "self") -> Tensors:
    tensors: Tensors = {f"{prefix}embeddings.position_ids": np.arange(4)[None]}
    for layer in range(LAYERS):
        for seed, part in enumerate(("query", "key", "value")):
            name = f"{prefix}encoder.layer.{layer}.attention.{inner}.{part}"
            tensors[f"{name}.weight"] = random((WIDTH, WIDTH), 10 * layer + seed)
            tensors[f"{name}.bias"] = random((WIDTH,), 10 * layer + seed + 5)
    return tensors


def llama_config(**changes: Any) -> dict[str, Any]:
    return {"model_type": "llama", "hidden_size": WIDTH, "num_attention_heads": HEADS,
            "num_key_value_heads": KV_HEADS, "head_dim": 4, "num_hidden_layers": LAYERS,
            "rope_theta": 10000.0} | changes


def llama_tensors(prefix: str = "model.") -> Tensors:
    """Head size 4 × 4 heads = 16 rows on a width of 12, so that no matrix is square."""
    tensors: Tensors = {f"{prefix}norm.weight": random((WIDTH,))}
    for layer in range(LAYERS):
        name = f"{prefix}layers.{layer}.self_attn"
        for seed, (part, heads) in enumerate((("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS))):
            tensors[f"{name}.{part}_proj.weight"] = random((4 * heads, WIDTH), 10 * layer + seed)
        tensors[f"{name}.o_proj.weight"] = random((WIDTH, 16), 7)
    return tensors


def gpt2_config(**changes: Any) -> dict[str, Any]:
    return {"model_type": "gpt2", "n_embd": WIDTH, "n_head": HEADS, "n_layer": LAYERS} | changes


def gpt2_tensors(prefix: str = "transformer.") -> Tensors:
    tensors: Tensors = {}
    for layer in range(LAYERS):
        name = f"{prefix}h.{layer}.attn"
        tensors[f"{name}.bias"] = np.tril(np.ones((1, 1, 4, 4), np.uint8))
        tensors[f"{name}.c_attn.weight"] = random((WIDTH, 3 * WIDTH), layer)
        tensors[f"{name}.c_attn.bias"] = random((3 * WIDTH,), layer + 10)
        tensors[f"{name}.c_proj.weight"] = random((WIDTH, WIDTH), layer + 20)
    return tensors


def folder(path: Path, tensors: Mapping[str, NDArray[Any]], config: object) -> Path:
    """``model.safetensors`` and ``config.json``."""
    path.mkdir(exist_ok=True)
    write(path / "model.safetensors", tensors, {"format": "pt"})
    (path / "config.json").write_text(json.dumps(config))
    return path


def sharded(path: Path, tensors: Mapping[str, NDArray[Any]], config: object,
            shards: int = 2) -> Path:
    """The same in several files, with their index."""
    path.mkdir(exist_ok=True)
    names = list(tensors)
    weight_map: dict[str, str] = {}
    for number in range(shards):
        file = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        part = names[number::shards]
        write(path / file, {name: tensors[name] for name in part}, {"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    (path / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    (path / "config.json").write_text(json.dumps(config))
    return path
