"""The index of a model in several files: names that lead nowhere, or out of the folder."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import small_models as small
from fuzz_engine import Reader
from fuzz_values import JSON_RAWS, as_json
from mutate_bytes import maybe
from mutate_tree import edited

from neuromorph.models.door import open_tensors

TENSORS = {f"t{number}": small.random((2, 2), number) for number in range(5)}
INDEX = "model.safetensors.index.json"
OTHERS = ("../outside.safetensors", "/dev/null", "model-00001-of-00002.safetensors", "",
          "pytorch_model.bin", "model-00003-of-00002.safetensors", "a\\b.safetensors",
          "config.json", ".safetensors", "model-00001-of-00002.safetensors\0",
          "MODEL-00001-of-00002.safetensors")
_written: dict[Path, str] = {}


def make(rng: Random | None, folder: Path) -> Path:
    if folder not in _written:
        small.sharded(folder, TENSORS, {})
        _written[folder] = (folder / INDEX).read_text()
    tree = json.loads(_written[folder])
    if rng is not None:
        if rng.random() < 0.3:
            tree["weight_map"][rng.choice(list(TENSORS))] = rng.choice(OTHERS)
        else:
            tree = edited(rng, tree, JSON_RAWS)
    text = as_json(tree)
    (folder / INDEX).write_bytes(text if rng is None else maybe(rng, text))
    return folder


def read(folder: Path) -> None:
    source = open_tensors(folder)
    try:
        for name in source.names:
            source.read(name)
    finally:
        source.close()


READER = Reader("index", make, read)
