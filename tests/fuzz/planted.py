"""Readers with a fault in them, and what must be said of each."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

from fuzz_engine import Reader

from neuromorph.errors import FileFormatError, MemoryBudgetError


def _spins(case: object) -> None:
    until = time.process_time() + 20
    while time.process_time() < until:
        pass


def _hides_its_hunger(case: object) -> None:
    try:
        bytearray(1 << 30)
    except MemoryError as error:
        raise MemoryBudgetError("not enough memory") from error


def _escapes(case: object) -> None:
    raise _RawError("a\nb")


class _RawError(FileFormatError):
    def __str__(self) -> str:
        return self.what


FAULTS: dict[str, tuple[Callable[[object], object], str]] = {
    "another error": (lambda case: {}["name"], "fault: KeyError: 'name' in planted.py"),
    "recursion": (lambda case: _deeper(0), "fault: RecursionError"),
    "a warning": (lambda case: warnings.warn("hm", RuntimeWarning, 2), "fault: RuntimeWarning: hm"),
    "too slow": (_spins, "fault: more than 0.2 s"),
    "too large": (lambda case: bytearray(1 << 30), "fault: more than 100 MiB"),
    "memory that ran out, in other words": (_hides_its_hunger, "fault: memory ran out"),
    "an error of two lines": (_escapes, "fault: the error is no printable line"),
}


def _deeper(depth: int) -> int:
    return _deeper(depth + 1) + 1


def reader(name: str) -> Reader:
    """The reader with that fault; its cases are nothing."""
    return Reader(name, lambda rng, folder: None, FAULTS[name][0])
