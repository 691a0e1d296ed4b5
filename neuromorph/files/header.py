"""The JSON header of a safetensors file, checked in full before a tensor is touched."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from neuromorph.errors import FileFormatError, did_you_mean
from neuromorph.files.dtypes import Dtype, dtype_named
from neuromorph.files.strict_json import parse_json
from neuromorph.files.tensor_names import check_names, shown
from neuromorph.shown import Shown

RANK_LIMIT = 8
"""Most dimensions a tensor may have."""

COUNT_LIMIT = 2**48
"""Most elements, dimensions of 0 left out: no file holds as many, and what is computed of an
empty tensor's shape, bytes in a wider type for instance, stays within 64 bits."""

_SIZE_LIMIT = 2**63 - 1
_METADATA = "__metadata__"
_FIELDS = ("data_offsets", "dtype", "shape")


@dataclass(frozen=True, repr=False)
class TensorInfo(Shown):
    """One entry of a header.

    Attributes
    ----------
    dtype : str
        Name in the file, for instance ``"F32"``.
    shape : tuple of int
        Empty for a scalar; a dimension may be 0.
    begin, end : int
        Bytes, counted from the end of the header.
    """

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True, repr=False)
class Header(Shown):
    """The tensors of a file by name, in the header's order, and its free text."""

    tensors: dict[str, TensorInfo]
    metadata: dict[str, str]


def parse_header(data: bytes | bytearray, data_bytes: int, where: object) -> Header:
    """Read a header and hold every number in it against the bytes that follow.

    Parameters
    ----------
    data : bytes
        The header alone.
    data_bytes : int
        Bytes in the file after the header.
    where : object
        The file, for messages.

    Raises
    ------
    FileFormatError
        For the first thing that is wrong.
    """
    fields = parse_json(data, where, "the header")
    if not isinstance(fields, dict):
        raise FileFormatError("the header is not a JSON object", where=where,
                              found=_kind(fields))
    metadata = _metadata(fields.pop(_METADATA, {}), where)
    check_names(fields, where)
    tensors = {name: _entry(name, entry, where) for name, entry in fields.items()}
    _check_layout(tensors, data_bytes, where)
    return Header(tensors, metadata)


def _metadata(value: object, where: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise FileFormatError(f"{_METADATA} is not an object of texts", where=where,
                              expected="every value a string")
    return value


def _entry(name: str, entry: object, where: object) -> TensorInfo:
    tensor = shown(name)
    if not isinstance(entry, dict):
        raise FileFormatError(f"the header entry of tensor {tensor} is not an object",
                              where=where, found=_kind(entry))
    _check_fields(tensor, entry, where)
    dtype = dtype_named(entry["dtype"], tensor, where)
    shape = _shape(tensor, entry["shape"], where)
    begin, end = _offsets(tensor, entry["data_offsets"], where)
    _check_bytes(tensor, entry["dtype"], dtype, shape, end - begin, where)
    return TensorInfo(entry["dtype"], shape, begin, end)


def _check_fields(tensor: str, entry: dict[str, Any], where: object) -> None:
    for field in _FIELDS:
        if field not in entry:
            raise FileFormatError(f"the header entry of tensor {tensor} has no {field}",
                                  where=where)
    for field in entry:
        if field not in _FIELDS:
            raise FileFormatError(f"the header entry of tensor {tensor} has an unknown field",
                                  where=where, found=shown(field),
                                  hint=did_you_mean(field[:40], _FIELDS))


def _shape(tensor: str, value: object, where: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise FileFormatError(f"the shape of tensor {tensor} is not a list", where=where,
                              found=_kind(value))
    if len(value) > RANK_LIMIT:
        raise FileFormatError(f"tensor {tensor} has too many dimensions", where=where,
                              found=len(value), expected=f"at most {RANK_LIMIT}")
    for size in value:
        # type(), not isinstance(): True is an int to Python, but not a dimension.
        if type(size) is not int or size < 0:
            raise FileFormatError(f"tensor {tensor} has a dimension that is not a size",
                                  where=where, found=_brief(size), expected="an integer ≥ 0")
    # Zeros are left out, or one would hide that the other sizes overflow.
    count = math.prod(size for size in value if size)
    if count > _SIZE_LIMIT:
        raise FileFormatError(f"the shape of tensor {tensor} overflows 64 bits", where=where,
                              found=value)
    if 0 in value and count > COUNT_LIMIT:
        raise FileFormatError(f"tensor {tensor} is empty, but of a shape that cannot be",
                              where=where, found=value)
    return tuple(value)


def _offsets(tensor: str, value: object, where: object) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2 or any(type(v) is not int for v in value):
        raise FileFormatError(f"data_offsets of tensor {tensor} are not two integers",
                              where=where, found=_brief(value))
    begin, end = value
    if not 0 <= begin <= end:
        raise FileFormatError(f"data_offsets of tensor {tensor} do not make a range",
                              where=where, found=[begin, end], expected="0 ≤ begin ≤ end")
    return begin, end


def _check_bytes(tensor: str, name: str, dtype: Dtype, shape: tuple[int, ...], found: int,
                 where: object) -> None:
    bits = math.prod(shape) * dtype.bits
    if bits != 8 * found:
        raise FileFormatError(f"the bytes of tensor {tensor} do not fit its shape and dtype",
                              where=where, found=f"{found} bytes",
                              expected=f"{bits / 8:g} bytes for {name} {list(shape)}")


def _check_layout(tensors: dict[str, TensorInfo], data_bytes: int, where: object) -> None:
    """Tensors must tile the data: none outside, no byte twice, none unused."""
    for name, info in tensors.items():
        if info.end > data_bytes:
            raise FileFormatError(f"tensor {shown(name)} lies outside the file", where=where,
                                  found=f"offsets {info.begin} to {info.end}",
                                  expected=f"at most {data_bytes}",
                                  hint="the file is cut short; download it again")
    end = 0
    for name, info in sorted(tensors.items(), key=lambda item: (item[1].begin, item[1].end)):
        if info.begin < end:
            raise FileFormatError(f"tensor {shown(name)} overlaps the one before it", where=where,
                                  found=f"it begins at {info.begin}", expected=f"{end}")
        if info.begin > end:
            raise FileFormatError(f"there is a hole before tensor {shown(name)}", where=where,
                                  found=f"it begins at {info.begin}", expected=f"{end}")
        end = info.end
    if end != data_bytes:
        raise FileFormatError("there are bytes after the last tensor", where=where,
                              found=f"{data_bytes - end} more bytes", expected="none")


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value",
             type(None): "null"}
    return names.get(type(value), "a number")


def _brief(value: object) -> str:
    """Text of a JSON value of any size, without building more of it than is shown."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, (list, dict)):
        return f"{_kind(value)} of {len(value)}"
    return repr(value)
