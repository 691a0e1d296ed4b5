"""Bundles of memories: integers, scales, turns and samples; what is loaded is also run."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from door_bundle import MANIFEST, _signed, _written
from door_whole import _changed
from fuzz_engine import Reader
from safetensors.numpy import load
from small_memories import memories_bundle

from neuromorph.bundle.bundle import CODES, NETWORK, SAMPLE
from neuromorph.bundle.memories import load_memories, save_memories
from neuromorph.runtime import memory_fidelity

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@cache
def valid(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Manifest and files of a tiny bundle; written once."""
    place = save_memories(memories_bundle(size=3, tokens=4), folder / "valid")
    return tomllib.loads((place / MANIFEST).read_text()), {
        name: (place / name).read_bytes() for name in (CODES, SAMPLE, NETWORK)}


def make(rng: Random | None, folder: Path) -> Path:
    manifest, known = valid(folder)
    files = dict(known)
    if rng is not None:
        name = rng.choice((CODES, CODES, SAMPLE))
        files[name] = _changed(rng, dict(load(known[name])))
    return _written(folder, _signed(manifest, files), files)


def read(place: Path) -> None:
    bundle = load_memories(place)
    for name, codes in bundle.codes.items():
        memory_fidelity(name, codes, [bundle.samples[name]])


READER = Reader("memories", make, read)
