"""Folders and files that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neuromorph.errors import OutputExistsError, UsageError, WriteError

MARKER = "manifest.toml"
"""A folder that holds this file was written by us, and may be replaced on demand."""


@contextmanager
def atomic_folder(
    target: str | os.PathLike[str], *, force: bool = False, marker: str = MARKER
) -> Iterator[Path]:
    """A temporary sibling folder that takes the target's name when the block ends well.

    Parameters
    ----------
    target : path
        Must not exist, unless ``force`` is given and it is a folder of ours.
    force : bool
        Replace such a folder; the old one is kept until the new one is complete.
    marker : str
        The file by which a folder of ours is known.

    Raises
    ------
    OutputExistsError
        If something stands there already.
    WriteError
        If writing fails; nothing is left behind.
    """
    path = Path(target)
    check_target(path, force=force, marker=marker)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise WriteError("cannot write here", where=path.parent, found=error.strerror) from error
    try:
        yield work
        work.chmod(0o755)
        _sync(work)
        _swap(work, path)
    except OSError as error:
        if isinstance(error, WriteError):
            raise
        raise WriteError("writing failed", where=path, found=error.strerror or error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_target(path: Path, *, force: bool, marker: str = MARKER) -> None:
    """Refuse a target that exists, is a link, or has no name, before any work is done."""
    if not path.name or "\0" in str(path):
        raise UsageError("the output folder needs a name", found=repr(str(path)))
    if path.is_symlink():
        raise OutputExistsError("the output is a symbolic link", where=path,
                                hint="name a folder that does not exist yet")
    if not path.exists():
        return
    if not force:
        raise OutputExistsError("the output exists already", where=path,
                                hint="choose another folder, or add --force to replace it")
    if not path.is_dir() or (any(path.iterdir()) and not (path / marker).exists()):
        raise OutputExistsError("the output was not written by neuromorph; it is left alone",
                                where=path, hint="choose another folder")


def _sync(folder: Path) -> None:
    for path in [*sorted(p for p in folder.rglob("*") if p.is_file()), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _swap(new: Path, target: Path) -> None:
    if not target.exists():
        new.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    target.rename(old / target.name)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def write_file(target: Path, text: str, *, force: bool = False) -> None:
    """Write a text file beside its final name, then rename it.

    Raises
    ------
    OutputExistsError
        If something stands there, unless ``force``.
    WriteError
    """
    if target.is_symlink() or (target.exists() and not (force and target.is_file())):
        raise OutputExistsError("the output exists already", where=target,
                                hint="choose another file")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise WriteError("cannot write here", where=target.parent, found=error.strerror) from error
    work = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        work.rename(target)
    except OSError as error:
        raise WriteError("writing failed", where=target, found=error.strerror) from error
    finally:
        work.unlink(missing_ok=True)
