"""Safetensors: headers with trees, lengths and layouts that are wrong, and bodies of any bytes."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from random import Random
from typing import Any

import small_models as small
from fuzz_engine import Reader
from fuzz_values import INTEGERS, JSON_RAWS, TEXTS, as_json
from mutate_bytes import maybe, noise, scratched
from mutate_tree import edited

from neuromorph.files.dtypes import DTYPES
from neuromorph.files.safetensors_file import SafetensorsFile

HEADER, BODY = small.header_of(
    {"a.weight": small.random((3, 4)), "a.bias": small.random((3,)), "empty": small.random((0, 2)),
     "b": small.random((2, 2)).astype("float16"), "flags": small.random((5,)) > 0,
     "scalar": small.random(())}, {"format": "pt", "note": "a text"})
LENGTHS = (0, 1, -1, 8, 2**24, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1)


def make(rng: Random | None, folder: Path) -> Path:
    path = folder / "model.safetensors"
    if rng is None:
        return small.write_raw(path, json.dumps(HEADER).encode(), BODY)
    header, body = (_tiled(rng) if rng.random() < 0.4 else (copy.deepcopy(HEADER), BODY))
    kind = rng.randrange(20)
    if kind == 0:
        path.write_bytes(noise(rng))
        return path
    if kind < 14:
        header = edited(rng, header, JSON_RAWS)
    text = as_json(header)
    if rng.random() < 0.1:
        text = scratched(rng, text)
    if rng.random() < 0.15:
        text += b" " * rng.choice((1, 7, 64))
    length = None
    if kind == 14:
        length = rng.choice((*LENGTHS, len(text) + 1, len(text) - 1)) % 2**64
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text
                     + maybe(rng, body, 0.2))
    return path


def _tiled(rng: Random) -> tuple[dict[str, Any], bytes]:
    """Tensors of any dtype and shape whose bytes fit, back to back, in any order."""
    header: dict[str, Any] = {}
    end = 0
    for _ in range(rng.randrange(6)):
        dtype = rng.choice(list(DTYPES))
        shape = [rng.choice((0, 1, 1, 2, 3, 8)) for _ in range(rng.randrange(5))]
        size = math.prod(shape) * DTYPES[dtype].bits // 8
        name = rng.choice(TEXTS)[:40] if rng.random() < 0.1 else f"t{rng.randrange(99)}"
        if rng.random() < 0.05:
            shape.append(rng.choice(INTEGERS))
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    names = list(header)
    rng.shuffle(names)
    quiet = rng.random() < 0.6  # small numbers: finite in every dtype
    body = bytes(rng.choice(b"\0\1") for _ in range(end)) if quiet else rng.randbytes(end)
    return {name: header[name] for name in names}, body


def read(path: Path) -> None:
    with SafetensorsFile(path) as file:
        for name in file.names:
            file.read(name)


READER = Reader("safetensors", make, read)
