"""Bundles of whole models: numbers as a tree, arrays of integers; what is loaded is also run."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from fuzz_engine import Reader
from fuzz_values import INTEGERS, JSON_RAWS, as_json
from mutate_tree import edited
from safetensors.numpy import load, save
from small_whole import small_whole

from neuromorph.bundle.whole import load_whole, save_whole
from neuromorph.bundle.whole.bundle import NUMBERS, TOKENIZER, WEIGHTS
from neuromorph.circuits.transformer.closed_form import run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from door_bundle import MANIFEST, _signed, _written


@cache
def valid(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Manifest and files of a tiny model; written once."""
    place = save_whole(small_whole(slots=4, tokens=8, vocabulary=11, stop=(), chat=False),
                       folder / "valid")
    return tomllib.loads((place / MANIFEST).read_text()), {
        name: (place / name).read_bytes() for name in (NUMBERS, WEIGHTS, TOKENIZER)}


def make(rng: Random | None, folder: Path) -> Path:
    manifest, known = valid(folder)
    files = dict(known)
    if rng is not None and rng.random() < 0.4:
        files[NUMBERS] = as_json(edited(rng, json.loads(known[NUMBERS]), JSON_RAWS))
    elif rng is not None:
        files[WEIGHTS] = _changed(rng, dict(load(known[WEIGHTS])))
    return _written(folder, _signed(manifest, files), files)


def _changed(rng: Random, arrays: dict[str, Any]) -> bytes:
    """A number, shape, dtype or name changed, of one array or two."""
    for _ in range(rng.choice((1, 1, 2))):
        name = rng.choice(sorted(arrays))
        array, kind = arrays.pop(name), rng.randrange(8)
        if kind < 5:
            arrays[name] = _number(rng, array)
        elif kind == 5:
            arrays[name] = np.ascontiguousarray(array[: rng.randrange(len(array) + 1)]
                                                if array.ndim else array[None])
        elif kind == 6:
            with np.errstate(invalid="ignore"):  # a NaN to a whole number
                arrays[name] = array.astype(rng.choice((np.int8, np.int32, np.int64, np.float32)))
        else:
            arrays[rng.choice((f"{name}x", "head.norm"))] = array
    return save(arrays)


def _number(rng: Random, array: Any) -> Any:
    if not array.size:
        return array
    if array.dtype.kind == "f":
        return np.full_like(array, rng.choice((float("nan"), float("inf"), 0.0, -1.0)))
    changed, ends = array.copy(), np.iinfo(array.dtype)
    flat = changed.reshape(-1)
    at = rng.randrange(flat.size)
    new = rng.choice((int(flat[at]) + 1, -int(flat[at]), 2 * int(flat[at]), rng.choice(INTEGERS)))
    flat[at] = min(max(new, ends.min), ends.max)
    return changed


def read(place: Path) -> None:
    model = load_whole(place).model
    run(model, np.arange(min(3, model.positions or 3)) % len(model.embedding.weights))


READER = Reader("whole", make, read)
