"""Open a file once and ask its descriptor everything: what it is, how long, whether it changes."""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from neuromorph.errors import FileFormatError, InputError, MissingFileError
from neuromorph.files.closing import Closing

StrPath = str | os.PathLike[str]

_CHUNK = 1 << 20
_HOLES_FROM = 1 << 24
_HOLES_COUNTED = 1000
# O_NONBLOCK: a FIFO without a writer would otherwise block the open itself.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)


class _Stamp(NamedTuple):
    size: int
    modified: int


class RegularFile(Closing):
    """A regular file, opened once for reading.

    The path is resolved by one ``open``; symbolic links to regular files are followed.
    Nothing but what `mapped` is asked for is mapped into memory: a mapped file that is cut while
    read kills the process.

    Parameters
    ----------
    path : str or path-like

    Attributes
    ----------
    path : str
        As the caller gave it; for messages.
    size : int
        Bytes, when it was opened.
    """

    def __init__(self, path: StrPath) -> None:
        self.path = os.fspath(path)
        descriptor = _open(self.path)
        try:
            self._stamp = _stamp_of(descriptor, self.path)
            _refuse_holes(descriptor, self._stamp.size, self.path)
            self._file = FileIO(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise
        self.size = self._stamp.size

    @property
    def name(self) -> str:
        """Last part of the path."""
        return Path(self.path).name

    def read(self, offset: int, count: int) -> bytearray:
        """Exactly ``count`` bytes from ``offset``; both must lie inside the file.

        Raises
        ------
        FileFormatError
            If they do not.
        """
        if offset < 0 or count < 0 or offset + count > self.size:
            raise FileFormatError("the file is too short", where=self.path,
                                  found=f"{self.size} bytes", expected=f"{offset + count} bytes")
        data = bytearray(count)
        self._fill(offset, memoryview(data))
        self.check_unchanged()
        return data

    def fileno(self) -> int:
        """The descriptor, for a child process that shall read this very file."""
        return self._file.fileno()

    def mapped(self) -> mmap.mmap:
        """The file in memory, page by page as it is looked at; it stays when this is closed.

        Only for a file of a result of ours, which is replaced as a whole and never written to.

        Raises
        ------
        InputError
        """
        try:
            return mmap.mmap(self._file.fileno(), self.size, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise InputError("the file cannot be mapped into memory", where=self.path,
                             found=error) from error

    def sha256(self) -> str:
        """Hexadecimal SHA-256 of the whole file."""
        digest = hashlib.sha256()
        for offset in range(0, self.size, _CHUNK):
            chunk = memoryview(bytearray(min(_CHUNK, self.size - offset)))
            self._fill(offset, chunk)
            digest.update(chunk)
        self.check_unchanged()
        return digest.hexdigest()

    def check_unchanged(self) -> None:
        """Raise if size or time of change differ from when the file was opened."""
        if _stamp_of(self._file.fileno(), self.path) != self._stamp:
            raise _changed(self.path)

    def close(self) -> None:
        """Close the descriptor; harmless when called twice."""
        self._file.close()

    def _fill(self, offset: int, view: memoryview) -> None:
        if self._file.closed:
            raise InputError("the file was closed before it was read", where=self.path)
        try:
            self._file.seek(offset)
            done = 0
            while done < len(view):
                count = self._file.readinto(view[done:])
                if not count:
                    raise _changed(self.path)
                done += count
        except OSError as error:
            raise InputError("the file cannot be read", where=self.path,
                             found=error.strerror) from error


def _open(path: str) -> int:
    if "\0" in path:
        raise MissingFileError("the path holds a NUL character", where=path)
    try:
        return os.open(path, _FLAGS)
    except FileNotFoundError as error:
        raise MissingFileError("no such file", where=path) from error
    except PermissionError as error:
        raise MissingFileError("the file may not be read: permission denied", where=path) from error
    except OSError as error:
        raise MissingFileError("the file cannot be opened", where=path,
                               found=error.strerror) from error


def _stamp_of(descriptor: int, path: str) -> _Stamp:
    try:
        status = os.fstat(descriptor)
    except OSError as error:
        raise InputError("the file cannot be read", where=path, found=error.strerror) from error
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in _KINDS if test(status.st_mode)), "a special file")
        raise _not_regular(path, kind)
    return _Stamp(status.st_size, status.st_mtime_ns)


def _refuse_holes(descriptor: int, size: int, path: str) -> None:
    """Refuse a large file that was mostly never written: terabytes of zeros in no space."""
    if size < _HOLES_FROM or not hasattr(os, "SEEK_HOLE"):
        return
    missing = end = 0
    try:
        for _ in range(_HOLES_COUNTED):
            begin = os.lseek(descriptor, end, os.SEEK_HOLE)
            if begin >= size:
                break
            end = size
            missing += size - begin
            end = os.lseek(descriptor, begin, os.SEEK_DATA)
            missing -= size - end
    except OSError:  # no data after the last hole, or a file system that cannot tell
        pass
    if missing > size // 2:
        raise FileFormatError("most of the file was never written", where=path,
                              found=f"{missing} of {size} bytes are holes",
                              hint="the download is not complete")


def _not_regular(path: str, kind: str) -> FileFormatError:
    return FileFormatError("this is not a regular file", where=path, found=kind,
                           expected="a regular file")


def _changed(path: str) -> InputError:
    return InputError("the file changed while it was read", where=path,
                      hint="wait until the download or the training that writes it is done")
