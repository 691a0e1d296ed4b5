"""Runs a worker in a child process group of its own, until it is done or its time is up.

Nothing is left behind: the files between parent and child have no names, the group is
killed whatever happens, and if this process is killed itself the kernel ends the child
(`lifeline`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from neuromorph.errors import BackendError, DeadlineError, NeuromorphError, WriteError
from neuromorph.parallel.failure import RemoteError, decode

LOG_TAIL = 4000
"""Bytes of the worker's output that an error keeps."""


def without_descriptors() -> tuple[str, ...]:
    """Why no worker can be run on this system; nothing where one can."""
    if sys.platform == "win32":
        return ("its child is handed open files, which Windows does not; use the backend fast",)
    return ()


@contextmanager
def scratch_file() -> Iterator[IO[bytes]]:
    """A temporary file without a name, to be handed to a child."""
    import fcntl  # not on Windows, where this module must still import

    try:
        with tempfile.TemporaryFile() as file:
            # The child needs 0, 1 and 2 for itself; a program that closed them gets them here.
            high = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 3)
    except OSError as error:
        raise WriteError(f"no temporary file can be made: {error}",
                         hint="set TMPDIR to a folder that can be written") from error
    with os.fdopen(high, "w+b") as file:
        yield file


def supervise(
    worker: Sequence[str], job: IO[bytes], result: IO[bytes], seconds: float
) -> None:
    """Run ``python WORKER job result errors parent``; return when the result is complete.

    Parameters
    ----------
    worker : sequence of str
        Arguments to Python: ``-m module`` or a script. It gets three descriptors and our
        process id, writes ``result``, and on failure writes `failure.encode` to ``errors``.
    job, result : file
    seconds : float
        Wall time after which the worker is killed.

    Raises
    ------
    BackendError, or the error that the worker reported
    DeadlineError
    """
    job.seek(0)
    with scratch_file() as errors, scratch_file() as log:
        process = _start(worker, (job, result, errors), log)
        try:
            in_time = _ends_within(process, seconds)
        finally:
            _end_group(process)
        failure = _failure(process.returncode, in_time, seconds, errors, log)
    if failure is not None:
        raise failure
    result.seek(0)


def _start(
    worker: Sequence[str], files: Sequence[IO[bytes]], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    descriptors = [file.fileno() for file in files]
    command = [sys.executable, *worker, *map(str, descriptors), str(os.getpid())]
    try:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                pass_fds=descriptors, start_new_session=True, env=_environment())
    except OSError as error:
        raise BackendError(f"the Lava worker cannot be started: {error}") from error


def _environment() -> dict[str, str]:
    """Ours, with this program's import path; one thread each, for Lava has many processes."""
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path),
        "PYTHONSAFEPATH": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # all of it has ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _failure(
    status: int, in_time: bool, seconds: float, errors: IO[bytes], log: IO[bytes]
) -> NeuromorphError | None:
    errors.seek(0)
    reported = errors.read()
    if reported:
        return decode(reported)
    if not in_time:
        return DeadlineError("the Lava run was stopped at its deadline", found=f"{seconds:g} s",
                             hint="NEUROMORPH_LAVA_DEADLINE sets another one, in seconds")
    if status == 0:
        return None
    output = _tail(log)
    how = f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    error = BackendError(f"the Lava worker ended early ({how})",
                         found=output.strip().rpartition("\n")[2] or None)
    error.__cause__ = RemoteError(output)
    return error


def _tail(log: IO[bytes]) -> str:
    log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_TAIL))
    return log.read().decode(errors="replace")
