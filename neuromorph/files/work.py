"""The hidden folder beside a result in which it is made, and what killed runs left of theirs.

Its name says for which result: ``.neuromorph-HASH-RANDOM.part``. Whoever makes it holds a lock
on it until the end, and the system drops the lock of a process that is killed: so a later run
for the same result can tell what is left over from what another run is still using.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from neuromorph.files.signals import held

try:
    import fcntl
except ImportError:  # Windows: then nothing is known to be left over
    fcntl = None  # type: ignore[assignment]

NEW, OLD = "new", "old"
"""In the hidden folder: the result in the making, and an earlier one that was moved aside."""

_ATTEMPTS = 8
_CLEARINGS = 2
"""A disk may fail once; what fails again stays, and is told of."""

_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


@contextmanager
def hidden_folder(target: Path) -> Iterator[Path]:
    """A hidden folder beside the target; gone afterwards, with all parents made for it.

    If the target has no name any more, an earlier result that was moved aside gets it back.
    """
    work = _Work(target)
    try:
        with held():
            folder = work.make()
        yield folder
    finally:
        work.clear()


def sweep() -> list[Path]:
    """Clear up what an interruption in the very first or last moment let stand.

    Returns
    -------
    list of Path
        Hidden folders of this process that cannot be removed.
    """
    for work in tuple(_WORKS):
        work.clear()
    return [work.folder for work in _WORKS if work.folder is not None]


def recover(target: Path) -> None:
    """Put back the earlier result that a killed run had moved aside; remove what it left.

    Raises
    ------
    OSError
        If the earlier result cannot be put back.
    """
    for folder in sorted(target.parent.glob(f"{_prefix(target)}*.part")):
        try:
            handle = _lock(folder)
        except OSError:  # its run is alive, or nobody can tell
            continue
        try:
            with held():
                _put_back(folder, target)
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


class _Work:
    """One hidden folder and the parents that were made for it."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.folder: Path | None = None
        self._parents: list[Path] = []
        self._handle: int | None = None

    def make(self) -> Path:
        _WORKS.append(self)
        self._parents = [parent for parent in self.target.parents if not parent.exists()]
        for parent in reversed(self._parents):
            parent.mkdir(exist_ok=True)
        for _ in range(_ATTEMPTS):
            folder = self.target.parent / f"{_prefix(self.target)}{os.urandom(8).hex()}.part"
            folder.mkdir(mode=0o700)
            self.folder = folder
            with suppress(BlockingIOError, FileNotFoundError):  # taken for a killed run's
                self._handle = _lock_if_there_are_any(folder)
                return folder
        raise OSError(errno.EAGAIN, "another run removes the folder that it is made in")

    def clear(self) -> None:
        with held():
            if self.folder is not None:
                for _ in range(_CLEARINGS):
                    _clear(self.folder, self.target)
            for parent in self._parents:
                with suppress(OSError):  # the result is in it
                    parent.rmdir()
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None
            if self in _WORKS and not self.remains:
                _WORKS.remove(self)

    @property
    def remains(self) -> bool:
        return self.folder is not None and os.path.lexists(self.folder)


_WORKS: list[_Work] = []
"""Those of this process that are not cleared yet."""


def _prefix(target: Path) -> str:
    """By a digest: the name itself may be as long as a name can be."""
    return f".neuromorph-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}-"


def _lock_if_there_are_any(folder: Path) -> int | None:
    """The lock of a new folder; None on a file system without locks: nobody will touch it."""
    try:
        return _lock(folder)
    except (BlockingIOError, FileNotFoundError):
        raise
    except OSError:
        return None


def _lock(folder: Path) -> int:
    """A descriptor that holds the lock of a folder.

    Raises
    ------
    BlockingIOError, FileNotFoundError
        If another process holds it, or has removed the folder meanwhile.
    OSError
        If there are no locks.
    """
    if fcntl is None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    handle = os.open(folder, os.O_RDONLY | _FOLDER)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(handle), folder.lstat()):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
    except BaseException:
        os.close(handle)
        raise
    return handle


def _clear(folder: Path, target: Path) -> None:
    with suppress(OSError):  # then the earlier result stays where it is, and its folder too
        _put_back(folder, target)
        shutil.rmtree(folder, ignore_errors=True)


def _put_back(folder: Path, target: Path) -> None:
    if os.path.lexists(folder / OLD) and not os.path.lexists(target):
        (folder / OLD).rename(target)
