"""Standard output: errors of ours, whoever writes to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from neuromorph.errors import WriteError


class ReaderGoneError(Exception):
    """Whoever read our output has seen enough: no fault of anyone's."""


@contextmanager
def prepared() -> Iterator[None]:
    """Streams that take any text, and of which no file of ours becomes one.

    A program that is started with standard output closed would get its number for the first
    file that it opens, and print into it.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:
        os.set_inheritable(number, True)
    os.close(number)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    before = sys.stdout
    if before is not None:
        sys.stdout = _Guarded(before)  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.stdout = before


def drop_output() -> None:
    """Send standard output nowhere: Python would try once more, at its end, to write the rest."""
    with suppress(OSError, ValueError):  # not a real file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class _Guarded:
    """A stream that raises `ReaderGoneError` and `WriteError`; all else is the stream's own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with _told():
            return int(self._stream.write(text))

    def flush(self) -> None:
        with _told():
            self._stream.flush()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        drop_output()
        raise ReaderGoneError from error
    except OSError as error:
        drop_output()
        raise WriteError("standard output cannot be written", found=error.strerror) from error
