"""Arrays that a person hands in: one ``.npz`` file, checked before anything is unpacked."""

from __future__ import annotations

import io
import os
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import FileFormatError, TensorError
from neuromorph.models.opening import RegularFile

LIMIT = 1 << 31
"""Most bytes that one file may unpack to."""


def load_arrays(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """All arrays of an ``.npz`` file, by name.

    Raises
    ------
    MissingFileError, FileFormatError
        If the file cannot be read, is no zip of ``.npy`` members, names one twice, or would
        unpack to more than `LIMIT` bytes.
    TensorError
        If an array holds objects or text, NaN or infinity.
    """
    with RegularFile(path) as file:
        if file.size > LIMIT:
            raise FileFormatError("the file is too large", where=path, found=f"{file.size} bytes",
                                  expected=f"at most {LIMIT}")
        content = io.BytesIO(bytes(file.read(0, file.size)))
    try:
        with zipfile.ZipFile(content) as archive:
            _check_members(archive, path)
            return {_name(member): _read(archive, member, path)
                    for member in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise FileFormatError("this is not an .npz file", where=path, found=error,
                              hint="write it with numpy.savez") from error


def _check_members(archive: zipfile.ZipFile, path: object) -> None:
    members = archive.infolist()
    names = [_name(member) for member in members]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FileFormatError("two arrays have one name", where=path, found=twice[0])
    if not members:
        raise FileFormatError("the file holds no arrays", where=path)
    total = sum(member.file_size for member in members)
    if total > LIMIT:
        raise FileFormatError("the file would unpack to too much", where=path,
                              found=f"{total} bytes", expected=f"at most {LIMIT}")
    for member in members:
        if not member.filename.endswith(".npy") or "/" in member.filename:
            raise FileFormatError("a member is no array", where=path, found=member.filename,
                                  expected="names that end in .npy")


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: object) -> NDArray[Any]:
    where = f"{path}: {_name(member)}"
    with archive.open(member) as stream:
        raw = stream.read(member.file_size + 1)
    if len(raw) != member.file_size:
        raise FileFormatError("a member is longer than it says", where=where)
    try:
        array: NDArray[Any] = np.load(io.BytesIO(raw), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise TensorError("this is not an array of numbers", where=where, found=error) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        raise TensorError("an array must hold real numbers", where=where,
                          found=getattr(array, "dtype", type(array).__name__))
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise TensorError("an array holds NaN or infinity", where=where,
                          found=f"{int((~np.isfinite(array)).sum())} values")
    return array
