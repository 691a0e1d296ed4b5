"""Folders and files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from neuromorph.errors import NeuromorphError, OutputExistsError, UsageError, WriteError
from neuromorph.files.exchange import exchange
from neuromorph.files.opening import StrPath
from neuromorph.files.outputs import Output
from neuromorph.files.signals import held
from neuromorph.files.work import NEW, OLD, hidden_folder, recover


class InterruptedAfterwardsError(KeyboardInterrupt):
    """An interruption that came when the result had its name already.

    Attributes
    ----------
    path : Path
        The result, which is whole.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


@contextmanager
def atomic_folder(target: StrPath, *, ours: Output, force: bool = False) -> Iterator[Path]:
    """A hidden folder beside the target that takes its name when the block ends well.

    Whatever ends the block otherwise, an error, Ctrl-C or a full disk, leaves the target and
    its parents as they were; after a kill the next call for the same target clears up.

    Where the system can, an earlier result and the new one change places in one call, so that
    one of them has the name at any moment. Elsewhere the earlier one is moved aside first: a
    kill between the two renames leaves it in the hidden folder, and the next call for the same
    target puts it back.

    Parameters
    ----------
    target : path
        Must not exist, or be an empty folder; with ``force`` also an earlier result.
    ours : Output
        The kind of result.
    force : bool
        Replace an earlier result of the same kind; it is kept until the new one is complete.

    Raises
    ------
    OutputExistsError
        If something stands there already, or appears meanwhile.
    WriteError
        If writing fails.
    InterruptedAfterwardsError
        If a signal came while names changed, or were cleared up afterwards.
    """
    path, published = Path(target), False
    check_target(path, ours=ours, force=force)
    try:
        with _told(path), hidden_folder(path) as work:
            new = work / NEW
            new.mkdir()
            yield new
            for inside in sorted(new.rglob("*")):
                _sync(inside)
            _sync(new)
            check_target(path, ours=ours, force=force)
            with held():
                _publish(new, work / OLD, path, force=force)
                published = True
    except KeyboardInterrupt as signal:
        if published:
            raise InterruptedAfterwardsError(path) from signal
        raise


def check_target(target: StrPath, *, ours: Output, force: bool) -> None:
    """Refuse a target that must not be replaced; meant to be asked before any work is done.

    If a run for the same target was killed, what it left is cleared up first.

    Raises
    ------
    UsageError
        If it has no name.
    OutputExistsError
        If it is a link, a file, an earlier result without ``force``, or with it a folder that
        does not say that it is such a result, or holds other names.
    WriteError
        If it cannot be looked at.
    """
    path = Path(target)
    _check_name(path)
    with _told(path):
        recover(path)
        _check_place(path, ours, force)


def write_file(target: StrPath, content: str | bytes, *, force: bool = False) -> None:
    """Write a file beside its final name, then rename it; text in UTF-8.

    Raises
    ------
    OutputExistsError
        If something stands there, unless ``force`` and it is a plain file.
    WriteError
    """
    path = Path(target)
    _check_name(path)
    with _told(path):
        recover(path)
        with hidden_folder(path) as work:
            new = work / NEW
            new.write_bytes(content.encode() if isinstance(content, str) else content)
            _sync(new)
            check_new(path, force=force)
            new.rename(path)
            _sync_names(path.parent)


def check_new(path: Path, *, force: bool = False) -> None:
    """Refuse a file's name at which something stands, unless ``force`` and it is a plain file.

    Raises
    ------
    OutputExistsError
    """
    if path.is_symlink() or (path.exists() and not (force and path.is_file())):
        raise OutputExistsError("the output exists already", where=path,
                                hint="choose another file")


def _check_name(path: Path) -> None:
    if not path.name or path.name == ".." or "\0" in str(path):
        raise UsageError("the output needs a name", found=repr(str(path)))


def _check_place(path: Path, ours: Output, force: bool) -> None:
    if path.is_symlink():
        raise OutputExistsError("the output is a symbolic link", where=path,
                                hint="name a folder that does not exist yet")
    if not path.exists():
        _check_parent(path)
        return
    if not path.is_dir():
        raise OutputExistsError("the output is a file", where=path, expected="a new folder")
    if not any(path.iterdir()):
        return
    if not force:
        raise OutputExistsError("the output exists already", where=path,
                                hint="choose another folder, or add --force (in Python "
                                     "force=True) to replace an earlier result")
    ours.check_ours(path)


def _check_parent(path: Path) -> None:
    """Whether the folder that is there already can take what is made in it."""
    parent = next(parent for parent in path.absolute().parents if parent.exists())
    wrong = (errno.ENOTDIR if not parent.is_dir() else
             errno.EACCES if not os.access(parent, os.W_OK | os.X_OK) else 0)
    if wrong:
        raise OSError(wrong, os.strerror(wrong))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """The system's errors as ours; ours pass, though some are the system's by class too."""
    try:
        yield
    except WriteError as error:  # also of a result inside: its hidden path tells nobody anything
        raise WriteError(error.what, where=path, found=error.found, expected=error.expected,
                         hint=error.hint) from error
    except NeuromorphError:
        raise
    except OSError as error:
        raise WriteError("the output cannot be written", where=path,
                         found=error.strerror or error) from error


def _sync(path: Path) -> None:
    """Have the disk take a file, or the names in a folder, which Windows writes by itself."""
    windows = sys.platform == "win32"
    if windows and path.is_dir():
        return
    handle = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_names(folder: Path) -> None:
    """Have the disk remember a rename, where it can: the result stands already."""
    with suppress(OSError):
        _sync(folder)


def _publish(new: Path, old: Path, target: Path, *, force: bool) -> None:
    """Give the new folder its name; what had it before is left in the hidden folder.

    Without ``force`` nothing is moved aside: a rename takes an empty folder's place, and the
    system refuses any other.
    """
    try:
        if not (force and target.exists() and exchange(new, target)):
            if force and target.exists():
                target.rename(old)
            new.rename(target)
    except OSError as error:  # an earlier one is put back when the hidden folder is cleared
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise OutputExistsError("the output appeared meanwhile", where=target,
                                    hint="choose another folder") from error
        raise
    _sync_names(target.parent)
