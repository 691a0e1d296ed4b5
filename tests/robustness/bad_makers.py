"""How bad model files are made: small functions that each spoil one thing of a good file."""

from __future__ import annotations

import io
import json
import os
import pickle
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import small_models as small

from neuromorph.errors import InputError

QUERY = "blocks.0.attention.query.weight"
KEY = "blocks.0.attention.key.weight"
Edit = Callable[[dict[str, Any]], object]


class BadFile(NamedTuple):
    name: str
    make: Callable[[Path], Path]
    error: type[InputError]
    text: str


def of_content(content: bytes, name: str = "model.safetensors") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def good_bytes() -> bytes:
    text, data = good_parts()
    return len(text).to_bytes(8, "little") + text + data


def good_parts() -> tuple[bytes, bytes]:
    header, data = small.header_of(small.digits_tensors(), small.digits_metadata())
    return json.dumps(header).encode(), data


def with_length(length: int) -> Callable[[Path], Path]:
    """The good file with another number in its first eight bytes."""
    return of_content(length.to_bytes(8, "little") + good_bytes()[8:])


def with_header_text(text: bytes, data: bytes = b"") -> Callable[[Path], Path]:
    return lambda folder: small.write_raw(folder / "model.safetensors", text, data)


def with_header(edit: Edit, extra: bytes = b"") -> Callable[[Path], Path]:
    """The good file after ``edit`` changed its header, with ``extra`` bytes at its end."""

    def make(folder: Path) -> Path:
        header, data = small.header_of(small.digits_tensors(), small.digits_metadata())
        edit(header)
        text = json.dumps(header).encode()
        return small.write_raw(folder / "model.safetensors", text, data + extra)

    return make


def with_entry(**fields: object) -> Callable[[Path], Path]:
    return with_header(lambda header: header[QUERY].update(fields))


def with_name(name: str) -> Callable[[Path], Path]:
    return with_header(lambda header: header.update({name: header.pop("position")}))


def with_text_for(old: bytes, new: bytes) -> Callable[[Path], Path]:
    """The good header with some of its text replaced, for what ``json.dumps`` cannot write."""

    def make(folder: Path) -> Path:
        text, data = good_parts()
        return small.write_raw(folder / "model.safetensors", text.replace(old, new, 1), data)

    return make


def with_value(value: float, dtype: str = "float32") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        tensors = small.digits_tensors()
        tensors[QUERY] = tensors[QUERY].astype(dtype)
        tensors[QUERY][2, 3] = value
        return small.write(folder / "model.safetensors", tensors, small.digits_metadata())

    return make


def of_model(kind: str, edit: Edit | None = None, **config: object) -> Callable[[Path], Path]:
    """A folder with a small bert, llama or gpt2 whose tensors or configuration were changed."""

    def make(folder: Path) -> Path:
        tensors = getattr(small, f"{kind}_tensors")()
        if edit is not None:
            edit(tensors)
        return small.folder(folder / "model", tensors, getattr(small, f"{kind}_config")(**config))

    return make


def with_config(content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = small.folder(folder / "model", small.bert_tensors(), {})
        (path / "config.json").write_bytes(content)
        return path

    return make


def of_shards(edit: Callable[[Path, dict[str, Any]], object]) -> Callable[[Path], Path]:
    """A model in two shards, after ``edit(folder, index)``."""

    def make(folder: Path) -> Path:
        path = small.sharded(folder / "model", small.bert_tensors(), small.bert_config())
        index_path = path / "model.safetensors.index.json"
        index = json.loads(index_path.read_text())
        edit(path, index)
        index_path.write_text(json.dumps(index))
        return path

    return make


def with_shard(name: object) -> Callable[[Path], Path]:
    """An index whose first tensor is said to be in the shard ``name``."""

    def edit(folder: Path, index: dict[str, Any]) -> None:
        index["weight_map"][next(iter(index["weight_map"]))] = name

    return of_shards(edit)


def zip_file(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "model.safetensors", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weight": [1.0]}))
    return folder / "model.safetensors"


def polyglot_file(folder: Path) -> Path:
    """A good file to the bytes that its header counts, and a zip archive from its end."""
    path = small.digits(folder / "model.safetensors")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/data.pkl", b"x")
    return path


def fifo_file(folder: Path) -> Path:
    os.mkfifo(folder / "model.safetensors")
    return folder / "model.safetensors"


def socket_file(folder: Path) -> Path:
    """A path of a socket may have 108 bytes, so it is bound by its name alone."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind("model.safetensors")
    finally:
        os.chdir(before)
    return folder / "model.safetensors"


def sparse_file(folder: Path) -> Path:
    """Ten terabytes that take no space: a good header, and a hole where the tensors are."""
    size = 10 * 2**40
    entry = {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}
    path = small.write_raw(folder / "model.safetensors", json.dumps({"w": entry}).encode(), b"")
    os.truncate(path, path.stat().st_size + size)
    return path


def too_long_header(folder: Path) -> Path:
    """A header of 32 MB of blanks, as far as the length is concerned; the file is as long."""
    path = folder / "model.safetensors"
    with path.open("wb") as file:
        file.write((1 << 25).to_bytes(8, "little"))
        file.write(b"{}" + b" " * ((1 << 25) - 2))
    return path


def cut_at(sixteenth: int) -> Callable[[Path], Path]:
    good = good_bytes()
    return of_content(good[: len(good) * sixteenth // 16])


def hdf5_bytes() -> bytes:
    return b"\x89HDF\r\n\x1a\n" + bytes(88)


def npy_bytes() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def without(*names: str) -> Edit:
    return lambda tensors: [tensors.pop(name) for name in names]


LAYER = "encoder.layer.0.attention.self"
LLAMA = "model.layers.0.self_attn"
LFS = (b"version https://git-lfs.github.com/spec/v1\n"
        b"oid sha256:" + b"4d7a214614ab2935" * 4 + b"\nsize 12345\n")
ONNX = b"\x08\x07\x12\x07pytorch\x1a\x051.9.0:\x8c\x01\n" + bytes(64)


def new_folder(path: Path) -> Path:
    path.mkdir()
    return path


def link_to(folder: Path, target: str) -> Path:
    (folder / "model.safetensors").symlink_to(target)
    return folder / "model.safetensors"


def deep_json(depth: int) -> bytes:
    return b'{"a":' + b"[" * depth + b"]" * depth + b"}"
