"""Arrays that a person hands in: one ``.npz`` file, checked before anything is unpacked.

Archive and arrays are taken apart here and not by `numpy.load`, which believes what they say
about themselves: a member of 100 bytes may claim 10^12 elements.
"""

from __future__ import annotations

import io
import math
import os
import tokenize
import zipfile
import zlib
from collections import Counter
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from neuromorph.errors import FileFormatError, NeuromorphError, TensorError
from neuromorph.models.opening import RegularFile
from neuromorph.models.sniff import HEAD_BYTES, refuse_other

LIMIT = 1 << 31
"""Most bytes that one file may unpack to."""

MEMBERS = 4096
RANK = 8
FLOAT32_MAX = float(np.finfo(np.float32).max)

_HINT = "write it with numpy.savez"
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def load_arrays(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """All arrays of an ``.npz`` file, by name.

    Raises
    ------
    MissingFileError, FileFormatError
        If the file cannot be read, is no zip of ``.npy`` members, names one twice, or would
        unpack to more than `LIMIT` bytes.
    TensorError
        If an array holds objects or text, or a number that single precision cannot hold.
    """
    with RegularFile(path) as file:
        if file.size > LIMIT:
            raise FileFormatError("the file is too large", where=path, found=f"{file.size} bytes",
                                  expected=f"at most {LIMIT}")
        refuse_other(bytes(file.read(0, min(file.size, HEAD_BYTES))), "an .npz file", path,
                     allowed="a zip", hint=_HINT)
        content = io.BytesIO(file.read(0, file.size))
    try:
        with zipfile.ZipFile(content) as archive:
            members = archive.infolist()
            _check_members(members, path)
            return {_name(member): _array(_unpack(archive, member), f"{path}: {_name(member)}")
                    for member in members}
    except NeuromorphError:
        raise
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError,
            ValueError, OSError) as error:
        raise FileFormatError("this is not an .npz file", where=path, found=error,
                              hint=_HINT) from error


def _check_members(members: list[zipfile.ZipInfo], path: object) -> None:
    if not members:
        raise FileFormatError("the file holds no arrays", where=path, hint=_HINT)
    if len(members) > MEMBERS:
        raise FileFormatError("the file holds too many arrays", where=path, found=len(members),
                              expected=f"at most {MEMBERS}")
    for member in members:
        _check_member(member, path)
    twice = [name for name, count in Counter(map(_name, members)).items() if count > 1]
    if twice:
        raise FileFormatError("two arrays have one name", where=path, found=twice[0])
    total = sum(member.file_size for member in members)
    if total > LIMIT:
        raise FileFormatError("the file would unpack to too much", where=path,
                              found=f"{total} bytes", expected=f"at most {LIMIT}")


def _check_member(member: zipfile.ZipInfo, path: object) -> None:
    name = member.filename
    if not name.endswith(".npy") or "/" in name or "\\" in name or name == ".npy":
        raise FileFormatError("a member is no array", where=path, found=name,
                              expected="names that end in .npy", hint=_HINT)
    if member.flag_bits & _ENCRYPTED:
        raise FileFormatError("a member is encrypted", where=path, found=name, hint=_HINT)
    if member.compress_type not in _PACKINGS:
        raise FileFormatError("a member is packed in an unusual way", where=path, found=name,
                              expected="stored or deflated", hint=_HINT)


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """All bytes of a member; `zipfile` stops at the size that was checked."""
    with archive.open(member) as stream:
        return stream.read(member.file_size)


def _array(raw: bytes, where: str) -> NDArray[Any]:
    stream = io.BytesIO(raw)
    try:
        version = npy.read_magic(stream)  # type: ignore[no-untyped-call]
        if version not in _HEADERS:
            raise ValueError(f"format version {version[0]}.{version[1]}")
        shape, by_column, dtype = _HEADERS[version](stream)  # type: ignore[no-untyped-call]
    except (ValueError, EOFError, TypeError, SyntaxError, RecursionError,
            tokenize.TokenError) as error:
        raise TensorError("this is not an array of numbers", where=where, found=error,
                          hint=_HINT) from error
    if dtype.kind not in "biuf" or dtype.itemsize > 8 or dtype.hasobject:
        raise TensorError("an array must hold real numbers", where=where, found=dtype,
                          expected="bool, integer or float")
    if len(shape) > RANK or min(shape, default=0) < 0 or math.prod(n or 1 for n in shape) >> 63:
        raise TensorError("an array has a shape that cannot be", where=where, found=shape)
    left = len(raw) - stream.tell()
    if math.prod(shape) * dtype.itemsize != left:
        raise TensorError("an array's bytes do not fit its shape", where=where,
                          found=f"{left} bytes", expected=f"{shape} of {dtype}")
    array = np.frombuffer(raw, dtype, offset=stream.tell())
    return _checked(array.reshape(shape, order="F" if by_column else "C"), where)


def _checked(array: NDArray[Any], where: str) -> NDArray[Any]:
    """The array in this machine's byte order, all of it finite, even in single precision."""
    if array.dtype.kind == "f":
        wrong = ~(np.abs(array) <= FLOAT32_MAX)
        if wrong.any():
            raise TensorError("an array holds NaN, infinity or more than single precision holds",
                              where=where, found=f"{int(wrong.sum())} such values")
    return array.astype(array.dtype.newbyteorder("="), copy=False)
