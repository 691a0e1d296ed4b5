"""Bundles: the manifest as a tree, arrays of codes and samples, the networks' text.

Files are signed again after most changes, or the checksum would be all that is ever tried.
"""

from __future__ import annotations

import copy
import hashlib
import math
import sys
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import small_models as small
import tomli_w
from fuzz_engine import Reader
from fuzz_values import INTEGERS, RAW, TEXTS, TOML_RAWS
from mutate_bytes import maybe, scratched
from mutate_text import by_lines
from mutate_tree import edited
from small_samples import binary, gaussian

from neuromorph.api.inspect import network_text
from neuromorph.bundle import Bundle, load_bundle, save_bundle
from neuromorph.bundle.bundle import CODES, NETWORK, SAMPLE
from neuromorph.files.safetensors_file import SafetensorsFile
from neuromorph.translate import calibrate_layer

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MANIFEST = "manifest.toml"
VALUES = (*TOML_RAWS, "0", "1", "-1", "2", "true", '"graded"', '"binary"', '"../x"', '"layer"',
          "[]", '["layer", "layer"]', "0.6931", '"codes.safetensors"', '"sample.safetensors"',
          "1e-9")

QUOTED = tuple((tomli_w.dumps({"a": RAW + raw})[4:-1], raw) for raw in TOML_RAWS)
"""As `tomli_w` writes a marked text, and what is to stand there."""


@dataclass(frozen=True)
class Whole:
    """A valid bundle, in pieces."""

    manifest: dict[str, Any]
    files: dict[str, bytes]
    arrays: dict[str, dict[str, Any]]
    heads: str

    @cached_property
    def signed(self) -> bytes:
        """Its manifest's text."""
        return _signed(self.manifest, self.files)


@cache
def whole(folder: Path) -> Whole:
    """A bundle of one small layer; written once."""
    sample = gaussian(tokens=6, size=4)
    code = calibrate_layer([sample], binary(0.6931))
    place = save_bundle(Bundle("bert", False, {"layer": code}, {"layer": sample},
                               {"spikes": "binary"}, {"model": "small", "notes": ["a", "b"]}),
                        folder / "whole")
    files = {name: (place / name).read_bytes() for name in (CODES, SAMPLE, NETWORK)}
    arrays = {}
    for name in (CODES, SAMPLE):
        with SafetensorsFile(place / name) as file:
            heads = file.metadata.get("heads", "") if name == CODES else ""
            arrays[name] = {n: (file.info(n).dtype, list(file.info(n).shape), bytes(
                file._file.read(file._data_start + file.info(n).begin,
                                file.info(n).end - file.info(n).begin))) for n in file.names}
        if name == CODES:
            columns = heads
    return Whole(tomllib.loads((place / MANIFEST).read_text()), files, arrays, columns)


def _written(folder: Path, manifest: bytes, files: dict[str, bytes]) -> Path:
    place = folder / "bundle"
    place.mkdir(exist_ok=True)
    for name, content in files.items():
        (place / name).write_bytes(content)
    (place / MANIFEST).write_bytes(manifest)
    return place


def _signed(manifest: dict[str, Any], files: dict[str, bytes]) -> bytes:
    entries = [{"name": name, "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()]
    return tomli_w.dumps(manifest | {"files": entries}).encode()


def make_manifest(rng: Random | None, folder: Path) -> Path:
    valid = whole(folder)
    text = valid.signed
    if rng is not None:
        if rng.random() < 0.5:
            text = by_lines(rng, text.decode(), VALUES).encode("utf-8", "replace")
        else:
            tree = edited(rng, copy.deepcopy(tomllib.loads(text.decode())), TOML_RAWS)
            text = _as_toml(tree)
        text = maybe(rng, text)
    return _written(folder, text, valid.files)


def _as_toml(tree: Any) -> bytes:
    """The tree without nulls, marked texts unquoted; what TOML cannot say is said in its way."""
    plain = _plain(tree)
    text = tomli_w.dumps(plain if isinstance(plain, dict) else {"tree": str(plain)})
    if RAW in text:
        for quoted, raw in QUOTED:
            text = text.replace(quoted, raw)
    return text.encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if v is not None}
    return [_plain(v) for v in value if v is not None] if isinstance(value, list) else value


def make_codes(rng: Random | None, folder: Path) -> Path:
    valid = whole(folder)
    files = dict(valid.files)
    manifest = copy.deepcopy(valid.manifest)
    if rng is not None:
        name = rng.choice((CODES, CODES, SAMPLE))
        files[name] = _arrays_changed(rng, name, valid)
        if rng.random() < 0.1:
            manifest["options"]["spikes"] = "graded"
    return _written(folder, _signed(manifest, files), files)


def _arrays_changed(rng: Random, name: str, valid: Whole) -> bytes:
    """Values, shapes, dtypes or names changed, in a file whose layout still holds."""
    arrays = dict(valid.arrays[name])
    for _ in range(rng.choice((1, 1, 2))):
        key = rng.choice(list(arrays))
        dtype, shape, data = arrays[key]
        kind = rng.randrange(8)
        if kind < 4:
            data = _numbers_changed(rng, dtype, data)
        elif kind == 4:
            data = bytearray(scratched(rng, data))[:len(data)].ljust(len(data), b"\0")
        elif kind == 5:
            shape = rng.choice((shape[::-1], [*shape, 1], [0], shape[:-1], [len(data)]))
        elif kind == 6:
            dtype = rng.choice(("F32", "F64", "I64", "U8", "I8", "BOOL", "F16", "BF16", "C64"))
        else:
            arrays[rng.choice((f"{key}x", "1.heads", rng.choice(TEXTS)))] = arrays.pop(key)
            continue
        arrays[key] = (dtype, shape, bytes(data))
    header: dict[str, Any] = {"__metadata__": {"heads": valid.heads}} if name == CODES else {}
    body = b""
    for key, (dtype, shape, data) in arrays.items():
        size = _size(dtype, shape)
        header[key] = {"dtype": dtype, "shape": shape,
                       "data_offsets": [len(body), len(body) + size]}
        body += data[:size].ljust(size, b"\0")
    text = small.json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def _size(dtype: str, shape: list[int]) -> int:
    widths = {"F64": 8, "I64": 8, "C64": 8, "F32": 4, "F16": 2, "BF16": 2}
    return math.prod(shape) * widths.get(dtype, 1)


def _numbers_changed(rng: Random, dtype: str, data: bytes) -> bytes:
    """A few numbers a little other, or at the ends of what their type holds."""
    kinds = {"I64": np.int64, "F64": np.float64, "F32": np.float32, "U8": np.uint8}
    kind = np.dtype(kinds.get(dtype, np.uint8))
    numbers = np.frombuffer(data[:len(data) // kind.itemsize * kind.itemsize], kind).copy()
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(max(numbers.size, 1))
        if numbers.size == 0:
            break
        old = numbers[at]
        if numbers.dtype.kind == "f":
            numbers[at] = rng.choice((0.0, -float(old), float("nan"), float("inf"), 1e30, 1e-38,
                                      float(old) * 2, -1.0))
        else:
            ends = np.iinfo(numbers.dtype)
            new = rng.choice((int(old) + 1, int(old) - 1, 2 * int(old), int(old) // 2,
                              rng.choice(INTEGERS)))
            numbers[at] = min(max(new, ends.min), ends.max)
    return numbers.tobytes()


def make_network(rng: Random | None, folder: Path) -> Path:
    valid = whole(folder)
    files = dict(valid.files)
    if rng is not None:
        text = files[NETWORK]
        kind = rng.randrange(3)
        files[NETWORK] = (maybe(rng, text, 1) if kind == 0 else
                          by_lines(rng, text.decode(), TEXTS).encode("utf-8", "surrogatepass"))
    return _written(folder, _signed(valid.manifest, files), files)


MANIFESTS = Reader("manifest", make_manifest, load_bundle)
BUNDLES = Reader("bundle", make_codes, load_bundle)
NETWORKS = Reader("network", make_network, network_text)
