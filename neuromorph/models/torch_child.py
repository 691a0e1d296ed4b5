"""A process of its own: tensors of a PyTorch file on standard input, as safetensors, to a path.

Ends with 0, or prints one JSON object that says what is wrong: ``kind``, ``what``, ``found``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from neuromorph.lifeline import die_with

_BASE = 3 << 30
"""Bytes for torch itself."""

_SHARED = 4
"""Bytes written for one of the file's: tensors may share their storage."""

_FREE = 1 << 20
_WRAPPERS = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""

_said_on = [1]

_GLOBAL = re.compile(r"(?:GLOBAL|global:?|class|function) '?([\w.]+\.[\w.]+)'?")
_NAMES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16",
          "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "int64": "I64", "int32": "I32",
          "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL"}


def main(made: str, size: int, parent: int) -> None:
    """Read standard input, which is a file of ``size`` bytes; write ``made``."""
    die_with(parent)
    _limit(_BASE + (_SHARED + 2) * size)
    try:
        import torch
    except ImportError as error:
        end("extra", "", str(error))
    try:
        with os.fdopen(0, "rb") as file:
            file.seek(0)
            loaded = torch.load(file, map_location="cpu", weights_only=True)
        write_tensors(Path(made), _state(loaded, torch.Tensor), _SHARED * size + _FREE)
    except MemoryError as error:
        end("memory", "", str(error) or "not enough memory")
    except Exception as error:  # noqa: BLE001 whatever torch raises on a file, told in one line
        _ended_by(error)


def _limit(most: int) -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    except (ImportError, OSError, ValueError):  # a system without limits: the deadline remains
        return


def _ended_by(error: Exception) -> NoReturn:
    text = str(error)
    found = _GLOBAL.search(text)
    if "alloc" in text and "memory" in text:
        end("memory", "", text[:200])
    if found and "nsupported" in text:
        end("code", "the file holds code, which is never run, and not weights alone", found[1])
    end("format", "torch cannot read this file", f"{type(error).__name__}: {_first(text)}")


def _first(text: str) -> str:
    """The one line of torch's advice that says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if "Unpickler" in line]
    return (told or lines or [""])[0][:200]


def _state(loaded: Any, kind: type) -> dict[str, Any]:
    """The one state dict there is."""
    if not isinstance(loaded, Mapping):
        end("format", "the file holds no tensors by name", type(loaded).__name__)
    found = _tensors(loaded, kind)
    if not found:
        inner = {str(key): held for key, value in loaded.items() if isinstance(value, Mapping)
                 and (held := _tensors(value, kind))}
        if len(inner) != 1:
            end("format", "the file holds several sets of weights" if inner else
                 "the file holds no tensors by name", ", ".join(inner or map(str, loaded))[:200])
        found, = inner.values()
    for prefix in _WRAPPERS:
        if all(name.startswith(prefix) for name in found):
            found = {name.removeprefix(prefix): tensor for name, tensor in found.items()}
    return found


def _tensors(state: Mapping[Any, Any], kind: type) -> dict[str, Any]:
    return {name: value for name, value in state.items()
            if isinstance(name, str) and isinstance(value, kind)}


def write_tensors(path: Path, tensors: Mapping[str, Any], most: int) -> None:
    """Write tensors as safetensors, of at most so many bytes; or end."""
    header: dict[str, Any] = {}
    last = 0
    for name, tensor in tensors.items():
        dtype = _dtype(name, tensor)
        begin, last = last, last + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [begin, last]}
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            end("format", "a tensor is larger than what is stored of it",
                 f"{name!r} {list(tensor.shape)}"[:200])
    if last > most:
        end("memory", "", f"{last} bytes of tensors")
    text = json.dumps(header).encode()
    with path.open("xb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            out.write(_bytes(tensor))


def _dtype(name: str, tensor: Any) -> str:
    kind = str(tensor.dtype).removeprefix("torch.")
    if tensor.is_meta:
        end("format", "a tensor has no numbers, only a shape", f"{name!r}: device meta"[:200])
    if str(tensor.layout) != "torch.strided" or tensor.is_quantized or kind not in _NAMES:
        end("format", "a tensor is of a kind that is not read here",
             f"{name!r}: {kind}, {tensor.layout}"[:200])
    return _NAMES[kind]


def _bytes(tensor: Any) -> bytes:
    import torch

    flat = tensor.detach().contiguous().reshape(-1)
    return bytes(flat.view(torch.uint8).numpy().tobytes())


def say_on(descriptor: int) -> None:
    """Where to say what is wrong, if standard output is for something else."""
    _said_on[0] = descriptor


def end(kind: str, what: str, found: str, **more: str | None) -> NoReturn:
    """Say what is wrong, and end."""
    os.write(_said_on[0],
             json.dumps({"kind": kind, "what": what, "found": found, **more}).encode())
    os._exit(1)
