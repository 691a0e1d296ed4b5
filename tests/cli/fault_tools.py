"""A command that is struck at its nth change of the file system, for every n.

The command runs up to its first change once. There it forks for every case: each child goes on
from there and is struck, by a signal or an error of the system, at its nth call. What it left and
what it said is then judged, and the folder made as it was.
"""

from __future__ import annotations

import builtins
import errno
import io
import itertools
import mmap
import os
import pathlib
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tools import hidden, snapshot

from neuromorph.cli import main
from neuromorph.files import atomic, work

CALLS = ("mkdir", "rename", "replace", "unlink", "rmdir", "fsync")
LOST = 99
BUFFER = 1 << 20
"""Bytes that are written at once; less would only be more of the same."""


@dataclass(frozen=True)
class Strike:
    """What happens at a call: a signal before or after it, or an error in its place."""

    number: int
    after: bool = False

    def __str__(self) -> str:
        if self.is_error:
            return errno.errorcode[-self.number]
        return f"{signal.Signals(self.number).name} {'after' if self.after else 'before'}"

    @property
    def is_error(self) -> bool:
        return self.number < 0

    def happen(self, *, after: bool) -> None:
        if self.is_error and not after:
            raise OSError(-self.number, os.strerror(-self.number))
        if not self.is_error and self.after == after:
            os.kill(os.getpid(), self.number)


SIGNALS = tuple(Strike(number, after) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
                for after in (False, True))
ERRORS = (Strike(-errno.ENOSPC), Strike(-errno.EIO))


@dataclass(frozen=True)
class Case:
    """A command over the folder ``root``, and how its end is judged.

    Attributes
    ----------
    arguments : tuple of str
        ``-o`` and `target` come on top.
    root, target : Path
        The folder that is watched, and the result in it.
    new : dict
        Snapshot of the result that the command makes.
    """

    arguments: tuple[str, ...]
    root: Path
    target: Path
    new: dict[str, bytes | None]
    exchange: bool = True

    def found(self) -> dict[str, bytes | None] | None:
        return snapshot(self.target) if self.target.is_dir() else None


class _Struck:
    """Every change of the file system below a root, counted; one of them is struck.

    Errors strike writes to files as well; signals what gives, takes and secures names.
    """

    def __init__(self, root: Path, at_first: Callable[[], None]) -> None:
        self.root, self.at_first = f"{root}{os.sep}", at_first
        self.on = True
        self.strike: Strike | None = None
        self.left = 0
        self.happened = mmap.mmap(-1, 1)

    def call(self, real: Callable[..., Any], where: object, *args: Any, **named: Any) -> Any:
        writes = real.__name__ == "write"
        signalled = self.strike is not None and not self.strike.is_error
        if not self.on or not self._is_ours(where) or (writes and signalled):
            return real(*args, **named)
        if self.strike is None:
            self.at_first()
        self.left -= 1
        now = self.left == 0
        if now:
            self.happened[0] = 1
            self._happen(after=False)
        try:
            return real(*args, **named)
        finally:  # also after one that failed, as to remove a folder that is not empty
            if now:
                self._happen(after=True)

    def _happen(self, *, after: bool) -> None:
        if self.strike is not None:
            self.strike.happen(after=after)

    def _is_ours(self, where: object) -> bool:
        try:
            path = (str(Path(f"/proc/self/fd/{where}").readlink()) if isinstance(where, int)
                    else str(Path(os.fsdecode(where)).absolute()))  # type: ignore[arg-type]
        except OSError:
            return False
        return f"{path}{os.sep}".startswith(self.root)

    def install(self) -> None:
        for name in CALLS:
            wrapped = self._wrapped(getattr(os, name))
            setattr(os, name, wrapped)
            accessor = getattr(pathlib, "_NormalAccessor", None)  # Python 3.10 keeps its own
            if hasattr(accessor, name):
                setattr(accessor, name, staticmethod(wrapped))
        atomic.exchange = self._wrapped(atomic.exchange)
        builtins.open = io.open = self._opened(io.open)  # type: ignore[assignment]

    def _wrapped(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *args: Any, **named: Any) -> Any:
            where = first if named.get("dir_fd") is None else named["dir_fd"]
            return self.call(real, where, first, *args, **named)

        return call

    def _opened(self, real: Callable[..., Any]) -> Callable[..., Any]:
        struck = self

        class Raw(io.FileIO):
            def write(self, data: Any) -> int:
                return int(struck.call(super().write, self.fileno(), data))

        def opened(file: Any, mode: str = "r", buffering: int = -1, encoding: str | None = None,
                   *args: Any, **named: Any) -> Any:
            if isinstance(file, int) or not set(mode) & set("wax+") or not struck._is_ours(file):
                return real(file, mode, buffering, encoding, *args, **named)
            raw = Raw(file, mode.replace("b", "").replace("t", ""))
            buffer = (io.BufferedRandom if "+" in mode else io.BufferedWriter)(raw, BUFFER)
            return buffer if "b" in mode else io.TextIOWrapper(buffer, encoding, *args, **named)

        return opened


def struck_everywhere(
    case: Case, strikes: tuple[Strike, ...], log: Path, every: int = 1
) -> tuple[list[str], int]:
    """Run a command with each strike at each ``every``-th call; what was wrong, and how many."""
    log.mkdir()
    process = os.fork()
    if not process:
        _stage(case, strikes, log, every)  # never returns
    os.waitpid(process, 0)
    report = (log / "report").read_text().splitlines()
    return report[:-1], int(report[-1])


def _stage(case: Case, strikes: tuple[Strike, ...], log: Path, every: int) -> None:
    code = LOST
    try:
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(log / name, os.O_RDWR | os.O_CREAT | os.O_APPEND), number)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        if not case.exchange:
            atomic.exchange = lambda *_: False
        struck = _Struck(case.root, lambda: _fork_all(case, strikes, struck, log, every))
        struck.install()
        sys.argv = ["neuromorph", *case.arguments, "-o", str(case.target)]
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException as error:  # noqa: BLE001 - the test will tell
        sys.stderr.write(f"LOST {error!r}\n")
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _fork_all(
    case: Case, strikes: tuple[Strike, ...], struck: _Struck, log: Path, every: int
) -> None:
    """At the first change: every case in a child, which alone returns from here."""
    struck.on = False
    kept = Path(shutil.copytree(case.root, log / "kept", symlinks=True))
    old, wrong, count = case.found(), [], 0
    for nth, strike in _all(strikes, every, struck):
        os.truncate(log / "out", 0)
        os.truncate(log / "err", 0)
        struck.happened[0] = 0
        process = os.fork()
        if not process:
            struck.strike, struck.left, struck.on = strike, nth, True
            return
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        said = (log / "err").read_text()
        if struck.happened[0]:
            count += 1
            wrong += [f"{strike} call {nth}: {fault}; exit {status}; said {said!r}"
                      for fault in _faults(case, strike, status, said, old)]
        shutil.rmtree(case.root)
        shutil.copytree(kept, case.root, symlinks=True)
    (log / "report").write_text("\n".join([*wrong, str(count)]))
    os._exit(0)


def _all(strikes: tuple[Strike, ...], every: int, struck: _Struck) -> Iterator[tuple[int, Strike]]:
    """Calls in turn, for each strike until a child comes to its end without being struck."""
    going = list(strikes)
    for nth in itertools.count(1, every):
        for strike in tuple(going):
            yield nth, strike
            if not struck.happened[0]:
                going.remove(strike)
        if not going:
            return


def _faults(
    case: Case, strike: Strike, status: int, said: str, old: dict[str, bytes | None] | None
) -> Iterator[str]:
    """What is not as it should be after one case."""
    if strike.number == signal.SIGKILL:
        yield from _faults_of_a_kill(case, status, old)
        return
    found, is_new = case.found(), case.found() == case.new
    if found not in (old, case.new):
        yield "neither the earlier result nor the new one is whole"
    if left := hidden(case.root):
        yield f"left behind {left}"
    if strike.is_error:
        yield from _faults_of_an_error(case, strike, status, said, is_new=is_new)
        return
    stands = f"{case.target} is complete; " if is_new else ""
    if status != 130 or said != f"interrupted; {stands}nothing unfinished was left behind\n":
        yield "not true, or not said" if found is not None or not is_new else "lost"


def _faults_of_a_kill(
    case: Case, status: int, old: dict[str, bytes | None] | None
) -> Iterator[str]:
    if status != -signal.SIGKILL:
        yield "not killed"
    found = case.found()
    if case.exchange and found not in (old, case.new):
        yield "neither result is whole at once"
    work.recover(case.target)
    if case.found() not in (old, case.new):
        yield "neither result is whole after a later run has looked"
    if left := hidden(case.root):
        yield f"left behind {left}"


def _faults_of_an_error(
    case: Case, strike: Strike, status: int, said: str, *, is_new: bool
) -> Iterator[str]:
    """An error ends the command, unless all was there already or was put right."""
    line = (f"error: {case.target}: the output cannot be written; found "
            f"{os.strerror(-strike.number)}\n")
    if (status, said) != ((0, "") if is_new else (7, line)):
        yield "not the right error"
