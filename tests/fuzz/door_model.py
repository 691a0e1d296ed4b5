"""A folder with weights: configurations of every family with one field wrong, and names moved."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import small_models as small
from fuzz_engine import Reader
from fuzz_values import JSON_RAWS, as_json, near_text
from mutate_bytes import maybe
from mutate_tree import edited

from neuromorph.models import open_model

VIT = {"model_type": "vit", "hidden_size": small.WIDTH, "num_attention_heads": small.HEADS,
       "num_hidden_layers": small.LAYERS, "qkv_bias": True}
LLAMA3 = small.llama_config(
    rope_theta=5e5, sliding_window=None, attention_bias=False, max_position_embeddings=64,
    rope_scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                  "high_freq_factor": 4.0, "original_max_position_embeddings": 32})
MISTRAL = small.llama_config(model_type="mistral", sliding_window=16)
QWEN = small.llama_config(
    model_type="qwen2", use_sliding_window=True, sliding_window=16, max_window_layers=1,
    rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4})
SEEDS: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    (small.bert_config(position_embedding_type="absolute", is_decoder=False),
     small.bert_tensors("bert.")),
    (small.llama_config(), small.llama_tensors()), (LLAMA3, small.llama_tensors()),
    (MISTRAL, small.llama_tensors()), (QWEN, small.llama_tensors()),
    (small.gpt2_config(scale_attn_weights=True), small.gpt2_tensors()),
    (VIT, small.bert_tensors("vit.", "attention")),
    (small.digits_config(), small.digits_tensors()),
)
TEXTS = tuple(json.dumps(config) for config, _ in SEEDS)
WHOLE = tuple(small.header_of(tensors, {"format": "pt"}) for _, tensors in SEEDS)


def make(rng: Random | None, folder: Path) -> Path:
    number = 0 if rng is None else rng.randrange(len(SEEDS))
    config = json.loads(TEXTS[number])
    header, body = WHOLE[number]
    text = as_json(config)
    if rng is not None:
        if rng.random() < 0.8:
            text = maybe(rng, as_json(edited(rng, config, JSON_RAWS)), 0.05)
        if rng.random() < 0.3:
            header, body = moved(rng, SEEDS[number][1])
    small.write_raw(folder / "model.safetensors", as_json(header), body)
    (folder / "config.json").write_bytes(text)
    return folder


def moved(rng: Random, tensors: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """A tensor missing, renamed, doubled, of another shape or type."""
    tensors = dict(tensors)
    for _ in range(rng.choice((1, 1, 2))):
        name = rng.choice(list(tensors))
        array, kind = tensors.pop(name), rng.randrange(7)
        if kind == 0:
            tensors[near_text(rng, name)] = array
        elif kind == 1:
            tensors[name] = array.T
        elif kind == 2:
            tensors[name] = np.concatenate([array, array])
        elif kind == 3:
            tensors[name] = array.astype(rng.choice(("float16", "int8", "float64", "int64")))
        elif kind == 4:
            tensors[name] = array.reshape(-1)
        elif kind == 5:
            tensors[name] = tensors[near_text(rng, name) + "x"] = array
    return small.header_of(tensors, {"format": "pt"})


READER = Reader("config", make, open_model)
