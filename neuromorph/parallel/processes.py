"""Children of this process, which do items until all are done; one that dies is replaced.

They are not forked, and do not run the program that was started again: each is a Python of its
own (`child`). It cannot outlive this process, and is killed when the block is left, whatever ends
it. What a terminal sends to this process, it is not sent.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Mapping
from multiprocessing.connection import Connection, Pipe, wait
from typing import IO, Any

from neuromorph.errors import BackendError, UsageError, brief
from neuromorph.parallel.failure import RemoteError
from neuromorph.parallel.work import Doing
from neuromorph.parallel.workers import Answer, Workers, failed
from neuromorph.threads import VARIABLE, asked, processors

LOG_TAIL = 4000
"""Bytes of a child's output that an error keeps."""


class Processes(Workers):
    """Children of this process.

    Parameters
    ----------
    jobs : int
        How many. Each has its share of this process's processors.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._waiting: deque[tuple[int, Doing, Any]] = deque()
        self._children: list[_Child] = []

    def close(self) -> None:
        """Kill them all."""
        self._waiting.clear()
        for child in self._children:
            child.end()
        self._children.clear()

    def drop(self) -> None:
        """Kill those that do something."""
        self._waiting.clear()
        for child in [child for child in self._children if child.index is not None]:
            child.end()
            self._children.remove(child)

    def give(self, index: int, doing: Doing, item: Any) -> None:
        """Hand it to a child that has none, or let it wait for one."""
        self._waiting.append((index, doing, item))
        self._hand_out()

    def answer(self) -> Answer:
        """What the first child has to say."""
        self._hand_out()
        busy = {child.pipe: child for child in self._children if child.index is not None}
        child = busy[wait(list(busy))[0]]  # type: ignore[index]
        answer = child.answer()
        if answer is None:
            self._children.remove(child)
            return Answer(child.end(), None, child.death(), final=False)
        return answer

    def _hand_out(self) -> None:
        while self._waiting:
            free = next((child for child in self._children if child.index is None), None)
            if free is None and len(self._children) == self._jobs:
                return
            if free is None:
                free = _Child(_share(self._jobs))
                self._children.append(free)
            if free.take(*self._waiting[0]):
                self._waiting.popleft()
            else:  # it has died meanwhile, with nothing to do
                free.end()
                self._children.remove(free)


class _Child:
    """One child, our end of the pipe to it, and the item that it does."""

    def __init__(self, threads: int) -> None:
        self.index: int | None = None
        self.pipe, theirs = Pipe()
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._tail = ""
        try:
            self._process = _start(theirs, self._log, threads)
        finally:
            theirs.close()

    def take(self, index: int, doing: Doing, item: Any) -> bool:
        """Begin with an item; whether the child is there to do so.

        Raises
        ------
        UsageError
            If it cannot be sent.
        """
        try:
            self.pipe.send((doing, item))
        except (BrokenPipeError, ConnectionResetError):
            return False
        except Exception as error:
            raise UsageError("this work cannot be sent to another process", found=brief(error),
                             hint="use functions of modules, and plain values") from error
        self.index = index
        return True

    def answer(self) -> Answer | None:
        """What it says of its item; None, if it has died."""
        try:
            content, report = self.pipe.recv()
        except (EOFError, OSError):
            return None
        index, self.index = self.index, None
        if index is None:
            return None
        return failed(index, report) if content is None else Answer(index, content)

    def end(self) -> int:
        """Kill it if it lives; the item that it did, or -1."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self.pipe.close()
        if not self._log.closed:
            self._tail = _tail(self._log)
            self._log.close()
        return -1 if self.index is None else self.index

    def death(self) -> BackendError:
        """How it ended."""
        status = self._process.returncode
        killed = status < 0
        how = f"killed by {signal.Signals(-status).name}" if killed else f"exit status {status}"
        hint = ("The system kills what takes too much memory: try fewer --jobs"
                if status == -signal.SIGKILL else None)
        error = BackendError("a worker process ended early", found=_last(how, self._tail),
                             hint=hint)
        error.__cause__ = RemoteError(self._tail)
        return error


def _start(
    theirs: Connection[Any, Any], log: IO[bytes], threads: int
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "neuromorph.parallel.child", str(theirs.fileno()),
               str(os.getpid())]
    try:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                pass_fds=[theirs.fileno()], start_new_session=True,
                                env=environment({VARIABLE: str(threads)}))
    except OSError as error:
        raise BackendError("a worker process cannot be started", found=error) from error


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours, with this program's import path, and nothing imported from where it is started."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path),
                         "PYTHONSAFEPATH": "1"} | dict(more)


def _share(jobs: int) -> int:
    """Threads of a child: what is asked for, else its part of the processors."""
    return asked() or max(1, processors() // jobs)


def _last(how: str, tail: str) -> str:
    said = tail.strip().rpartition("\n")[2]
    return f"{how}: {said}" if said else how


def _tail(log: IO[bytes]) -> str:
    log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_TAIL))
    return log.read().decode(errors="replace")
