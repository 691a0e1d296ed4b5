"""Folders and files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from neuromorph.errors import NeuromorphError, OutputExistsError, UsageError, WriteError

StrPath = str | os.PathLike[str]

SHOWN = 3
"""Names of foreign files that an error lists."""


@contextmanager
def atomic_folder(
    target: StrPath, *, ours: Sequence[str], force: bool = False
) -> Iterator[Path]:
    """A hidden folder beside the target that takes its name when the block ends well.

    Whatever ends the block otherwise, an error, Ctrl-C or a full disk, leaves the target and
    its parents as they were. Only a kill between two renames leaves an earlier result under
    the hidden name, ``.neuromorph-….part/old``.

    Parameters
    ----------
    target : path
        Must not exist, or be an empty folder; with ``force`` also an earlier result.
    ours : sequence of str
        Names that a result may hold; by the first two an earlier one is known.
    force : bool
        Replace an earlier result; it is kept until the new one is complete.

    Raises
    ------
    OutputExistsError
        If something stands there already, or appears meanwhile.
    WriteError
        If writing fails.
    """
    path = Path(target)
    check_target(path, ours=ours, force=force)
    with _beside(path) as work:
        new = work / "new"
        new.mkdir()
        yield new
        for inside in sorted(new.rglob("*")):
            _sync(inside)
        _sync(new)
        check_target(path, ours=ours, force=force)
        _publish(new, work / "old", path, force=force)


def check_target(target: StrPath, *, ours: Sequence[str], force: bool) -> None:
    """Refuse a target that must not be replaced; meant to be asked before any work is done.

    Raises
    ------
    UsageError
        If it has no name.
    OutputExistsError
        If it is a link, a file, an earlier result without ``force``, no result at all, or
        holds other names than ``ours``.
    WriteError
        If it cannot be looked at.
    """
    path = Path(target)
    _check_name(path)
    with _told(path):
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
    with _beside(path) as work:
        new = work / "new"
        new.write_bytes(content.encode() if isinstance(content, str) else content)
        _sync(new)
        if path.is_symlink() or (path.exists() and not (force and path.is_file())):
            raise OutputExistsError("the output exists already", where=path,
                                    hint="choose another file")
        new.rename(path)
        _sync_names(path.parent)


def _check_name(path: Path) -> None:
    if not path.name or path.name == ".." or "\0" in str(path):
        raise UsageError("the output needs a name", found=repr(str(path)))


def _check_place(path: Path, ours: Sequence[str], force: bool) -> None:
    if path.is_symlink():
        raise OutputExistsError("the output is a symbolic link", where=path,
                                hint="name a folder that does not exist yet")
    if not path.exists():
        _check_parent(path)
        return
    if not path.is_dir():
        raise OutputExistsError("the output is a file", where=path, expected="a new folder")
    names = {entry.name for entry in path.iterdir()}
    if names and not force:
        raise OutputExistsError("the output exists already", where=path,
                                hint="choose another folder, or add --force to replace an "
                                     "earlier result")
    foreign = sorted(names.difference(ours))
    if foreign or (names and not names.issuperset(ours[:2])):
        raise OutputExistsError(
            "the output holds what neuromorph did not write, and is left alone", where=path,
            found=_listed(foreign or sorted(names)), hint="choose another folder")


def _check_parent(path: Path) -> None:
    """Whether the folder that is there already can take what is made in it."""
    parent = next(parent for parent in path.absolute().parents if parent.exists())
    wrong = (errno.ENOTDIR if not parent.is_dir() else
             errno.EACCES if not os.access(parent, os.W_OK | os.X_OK) else 0)
    if wrong:
        raise OSError(wrong, os.strerror(wrong))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A hidden folder beside ``path`` that is gone afterwards, with all that was made for it."""
    work = path.parent / f".neuromorph-{os.urandom(8).hex()}.part"
    parents: list[Path] = []
    try:
        with _told(path):
            parents += [parent for parent in path.parents if not parent.exists()]
            for parent in reversed(parents):
                parent.mkdir(exist_ok=True)
            work.mkdir(mode=0o700)
            yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        for parent in parents:
            with suppress(OSError):  # the result is in it
                parent.rmdir()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """The system's errors as ours; ours pass, though some are the system's by class too."""
    try:
        yield
    except NeuromorphError:
        raise
    except OSError as error:
        raise WriteError("the output cannot be written", where=path,
                         found=error.strerror or error) from error


def _sync(path: Path) -> None:
    """Have the disk take a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_names(folder: Path) -> None:
    """Have the disk remember a rename, where it can: the result stands already."""
    with suppress(OSError):
        _sync(folder)


def _publish(new: Path, old: Path, target: Path, *, force: bool) -> None:
    """Give the new folder its name; whatever happens meanwhile, one of both has it.

    Without ``force`` nothing is moved aside: a rename takes an empty folder's place, and the
    system refuses any other.
    """
    try:
        if force and target.exists():
            target.rename(old)
        new.rename(target)
        _sync_names(target.parent)
    except OSError as error:
        if old.exists() and not target.exists():
            old.rename(target)
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise OutputExistsError("the output appeared meanwhile", where=target,
                                    hint="choose another folder") from error
        raise
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
