"""Arrays that a person hands in: one ``.npz`` file, checked before anything is unpacked.

Archive and arrays are taken apart here and not by `numpy.load`, which believes what they say
about themselves: a member of 100 bytes may claim 10^12 elements, and 2 MB unpack to 2 GB.
First the names and headers of all arrays are read, then memory is asked for, then the elements
go straight to where they stay.
"""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import IO, Annotated, Any, cast

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import FileFormatError, NeuromorphError, TensorError
from neuromorph.files.npy import HINT, ArrayInfo, read_info
from neuromorph.files.opening import RegularFile
from neuromorph.files.sniff import HEAD_BYTES, refuse_other
from neuromorph.memory import require
from neuromorph.shapes import Shaped

LIMIT = 1 << 31
"""Most bytes that one file may have, or unpack to."""

MEMBERS = 1 << 14
FLOAT32_MAX = float(np.finfo(np.float32).max)

_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_PIECE = 1 << 20
_LONGEST = 1 << 21
"""Bytes read at once; the table of contents is, and so is not longer."""

Check = Callable[[Mapping[str, ArrayInfo]], object]


def load_arrays(
    path: str | os.PathLike[str], check: Check | None = None
) -> dict[str, Annotated[Shaped, "..."]]:
    """All arrays of an ``.npz`` file, by name.

    Parameters
    ----------
    path : path
    check : callable, optional
        Is shown names, dtypes and shapes before an element is read, and may raise.

    Raises
    ------
    MissingFileError, FileFormatError
        If the file cannot be read, is no zip of ``.npy`` members, names one twice, or would
        unpack to more than `LIMIT` bytes.
    TensorError
        If an array holds objects or text, or a number that single precision cannot hold.
    MemoryBudgetError
        If there is not enough memory for all of them.
    """
    with RegularFile(path) as file:
        if file.size > LIMIT:
            raise FileFormatError("the file is too large", where=path, found=f"{file.size} bytes",
                                  expected=f"at most {LIMIT}")
        refuse_other(bytes(file.read(0, min(file.size, HEAD_BYTES))), "an .npz file", path,
                     allowed="a zip", hint=HINT)
        try:
            with zipfile.ZipFile(_Bytes(file)) as archive:
                return _all_arrays(archive, path, check)
        except NeuromorphError:
            raise
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError,
                ValueError, OSError) as error:
            raise FileFormatError("this is not an .npz file", where=path, found=error,
                                  hint=HINT) from error


def load_array(path: str | os.PathLike[str]) -> Annotated[Shaped, "..."]:
    """The one array of an ``.npy`` file.

    Raises
    ------
    MissingFileError, FileFormatError, TensorError, MemoryBudgetError
        As `load_arrays`.
    """
    with RegularFile(path) as file:
        if not 0 < file.size <= LIMIT:
            raise FileFormatError("the file is empty, or too large", where=path,
                                  found=f"{file.size} bytes", expected=f"1 to {LIMIT}")
        stream = cast("IO[bytes]", _Bytes(file))
        info = read_info(stream, file.size, os.fspath(path))
        require(info.nbytes, path)
        stream.seek(0)
        try:
            return _array(stream, info, os.fspath(path))
        except EOFError as error:
            raise FileFormatError("this is not an .npy file", where=path, found=error,
                                  hint=HINT) from error


def names_in(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The names of the arrays in an ``.npz`` file; no element is read.

    Raises
    ------
    MissingFileError, FileFormatError, TensorError
        As `load_arrays`.
    """
    found: list[str] = []

    def keep(infos: Mapping[str, ArrayInfo]) -> None:
        found.extend(infos)
        raise _EnoughError

    try:
        load_arrays(path, keep)
    except _EnoughError:
        return tuple(found)
    return tuple(found)


class _EnoughError(Exception):
    """That names are known, and elements not wanted."""


def _all_arrays(
    archive: zipfile.ZipFile, path: str | os.PathLike[str], check: Check | None
) -> dict[str, NDArray[Any]]:
    members = archive.infolist()
    _check_members(members, path)
    infos = {}
    for member in members:
        with archive.open(member) as stream:
            infos[_name(member)] = read_info(stream, member.file_size,
                                             f"{path}: {_name(member)}")
    if check is not None:
        check(infos)
    require(sum(info.nbytes for info in infos.values()), path)
    arrays = {}
    for member in members:
        name = _name(member)
        with archive.open(member) as stream:
            arrays[name] = _array(stream, infos[name], f"{path}: {name}")
    return arrays


def _check_members(members: list[zipfile.ZipInfo], path: object) -> None:
    if not members:
        raise FileFormatError("the file holds no arrays", where=path, hint=HINT)
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
                              expected="names that end in .npy", hint=HINT)
    if member.flag_bits & _ENCRYPTED:
        raise FileFormatError("a member is encrypted", where=path, found=name, hint=HINT)
    if member.compress_type not in _PACKINGS:
        raise FileFormatError("a member is packed in an unusual way", where=path, found=name,
                              expected="stored or deflated", hint=HINT)


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _array(stream: IO[bytes], info: ArrayInfo, where: str) -> NDArray[Any]:
    """The elements, checked piece by piece, in this machine's byte order."""
    _skip(stream, info.begin)
    flat = np.empty(info.nbytes // info.dtype.itemsize, info.dtype)
    room, wrong = flat.view(np.uint8).data, 0
    for begin in range(0, info.nbytes, _PIECE):
        piece = room[begin:begin + _PIECE]
        _fill(stream, piece)
        wrong += _unusable(flat[begin // info.dtype.itemsize:][:_PIECE // info.dtype.itemsize])
    if wrong:
        raise TensorError("an array holds NaN, infinity or more than single precision holds",
                          where=where, found=f"{wrong} such values")
    if stream.read(1):  # which also has zipfile compare the checksum
        raise EOFError("a member is longer than it says")
    array = flat.reshape(info.shape, order="F" if info.by_column else "C")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _skip(stream: IO[bytes], count: int) -> None:
    _fill(stream, memoryview(bytearray(count)))


def _fill(stream: IO[bytes], view: memoryview) -> None:
    done = 0
    while done < len(view):
        piece = stream.read(len(view) - done)
        if not piece:
            raise EOFError("a member ends too early")
        view[done:done + len(piece)] = piece
        done += len(piece)


def _unusable(piece: NDArray[Any]) -> int:
    """How many numbers are not finite, or not in single precision."""
    if piece.dtype.kind != "f":
        return 0
    usable = np.isfinite(piece) if piece.dtype.itemsize <= 4 else np.abs(piece) <= FLOAT32_MAX
    return int((~usable).sum())


class _Bytes(io.RawIOBase):
    """A file's bytes as a stream, so that an archive need not be held in memory."""

    def __init__(self, file: RegularFile) -> None:
        self._file, self._place = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._file.size}[whence]
        if start + offset < 0:
            raise OSError("a place before the file")
        self._place = start + offset
        return self._place

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._file.size - self._place)
        count = left if size is None or size < 0 else min(size, left)
        if count > _LONGEST:
            raise FileFormatError("the archive's table of contents is too long",
                                  where=self._file.path, found=f"{count} bytes",
                                  expected=f"at most {_LONGEST}")
        piece = bytes(self._file.read(self._place, count))
        self._place += count
        return piece
