"""Whole models of a person's own: maps with a field wrong, tensors moved, tokens of all kinds."""

from __future__ import annotations

import io
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import small_models as small
import small_own as own
from door_model import moved
from fuzz_engine import Reader
from fuzz_values import JSON_RAWS, as_json
from mutate_bytes import maybe
from mutate_tree import edited

from neuromorph.api.own_whole import own_source
from neuromorph.progress import silent

SAID = own.naming()
PLAIN = own.tensors(own.floats())
MAP: dict[str, Any] = {"model_type": "own", **SAID.tensors, **SAID.whole, "heads": 2,
                       "kv_heads": 1, "causal": True, "rope_theta": 1e4, "context": 40}
FUSED = {name: value for name, value in MAP.items() if name not in "qkv"} | {
    "qkv": "h.{layer}.attn.qkv.weight", "fused_order": "heads"}


def _fused() -> dict[str, Any]:
    tensors = {name: array for name, array in PLAIN.items()
               if ".attn." not in name or ".attn.o." in name}
    for n in range(own.BLOCKS):
        for leaf in ("weight", "bias"):
            tensors[f"h.{n}.attn.qkv.{leaf}"] = np.concatenate(
                [PLAIN[f"h.{n}.attn.{role}.{leaf}"] for role in "qkv"])
    return tensors


SEEDS = ((MAP, PLAIN), (FUSED, _fused()))
IDS = np.random.default_rng(0).integers(0, own.VOCABULARY, (2, 8))


def make(rng: Random | None, folder: Path) -> Path:
    fields, tensors = SEEDS[0 if rng is None else rng.randrange(len(SEEDS))]
    text, ids = as_json(fields), IDS
    header, body = small.header_of(tensors, {"format": "pt"})
    if rng is not None:
        if rng.random() < 0.7:
            text = maybe(rng, as_json(edited(rng, deepcopy(fields), JSON_RAWS)), 0.05)
        if rng.random() < 0.3:
            header, body = moved(rng, tensors)
        if rng.random() < 0.2:
            ids = rng.choice((ids - 1, ids + 35, ids.astype(float), ids[0], ids[:0], ids[..., None],
                              np.zeros((1, 64), int), ids == 1))
    small.write_raw(folder / "model.safetensors", as_json(header), body)
    (folder / "config.json").write_bytes(text)
    packed = io.BytesIO()
    np.savez(packed, tokens=ids)
    (folder / "tokens.npz").write_bytes(packed.getvalue())
    return folder


def read(folder: Path) -> None:
    source = own_source(folder, folder / "tokens.npz", None, silent)
    source.floats.run(source.sequences[0])


READER = Reader("own", make, read)
