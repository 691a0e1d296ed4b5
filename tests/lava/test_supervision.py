"""Whatever goes wrong in the child, the user is told, in time, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorph.backends.lava import LavaBackend
from neuromorph.backends.lava.supervise import scratch_file, supervise
from neuromorph.errors import (
    BackendError,
    DeadlineError,
    MemoryBudgetError,
    MissingExtraError,
    WriteError,
)
from neuromorph.network import CubaLIF, Network, Population, Probe, Projection, Readout, Source

ROOT = Path(__file__).resolve().parents[2]
LONG = 500_000

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@pytest.fixture(autouse=True)
def nothing_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Mark all processes that a test starts, and find none of them afterwards."""
    monkeypatch.setenv(*MARK)
    before = open_descriptors()
    yield
    try:
        eventually(lambda: not workers(), lambda: f"left behind: {workers()}")
        opened = open_descriptors() - before
        assert opened == set()
    finally:
        for pid in workers():  # one test that failed is enough
            os.kill(pid, signal.SIGKILL)


MARK = ("NEUROMORPH_TEST", uuid.uuid4().hex)


def open_descriptors() -> set[str]:
    """Number and meaning of each; of shared memory see the test of its names."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists them
            found.add(f"{descriptor.name} {descriptor.readlink()}")
    return found


def workers() -> list[int]:
    """Living processes of the Lava workers that a test has started, Lava's own among them."""
    return [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and is_worker(p)]


def is_worker(process: Path) -> bool:
    try:
        command = (process / "cmdline").read_bytes()
        environment = (process / "environ").read_bytes()
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:  # it has ended meanwhile, or is not ours
        return False
    marked = "=".join(MARK).encode() in environment
    return b"neuromorph.backends.lava.worker" in command and marked and state != "Z"


def eventually(check: Callable[[], Any], complaint: Callable[[], str], seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while not (result := check()):
        if time.monotonic() > end:
            pytest.fail(complaint())
        time.sleep(0.05)
    return result


def network(du: int = 4096) -> Network:
    return Network("loud", "fixed", (Population("in", 1, Source(24)),
                                     Population("ear", 2, CubaLIF(du=du))),
                   (Projection("w", "in", "ear", np.full((2, 1), 255, np.int32), graded=True),))


def run(steps: int = 4, loudness: int = 1, **settings: Any) -> Any:
    train = np.full((steps, 1), loudness)
    return LavaBackend(**settings).run(network(), {"in": train}, [Probe("ear")], steps)


# --- errors inside Lava


def test_an_error_inside_a_model_reaches_the_user_with_its_text() -> None:
    with pytest.raises(BackendError, match="stock LIF wraps its current once only") as caught:
        run(loudness=2**18)
    assert caught.value.where == "ear"
    assert "OverflowError" in str(caught.value)
    assert "watch.py" in str(caught.value.__cause__)  # the traceback, for --debug


def test_an_error_of_lavas_own_reaches_the_user_with_its_text() -> None:
    """A network that was never verified: Lava's ports do not fit each other."""
    wrong = replace(network(), domain="float", projections=(
        Projection("w", "in", "ear", np.ones((3, 1))),))
    with pytest.raises(BackendError, match="Shapes") as caught:
        LavaBackend()._run(wrong, {"in": np.ones((4, 1))}, (Probe("ear"),), 4)
    assert "lava/magma" in str(caught.value.__cause__)


BROKEN = """
import os, sys
import numpy as np
from neuromorph.neurons import readout
from neuromorph.backends.lava.worker import main
{change}
os._exit(main(sys.argv[1:]))
"""

WRONG_SHAPE = "readout.step_readout_fixed = lambda v, a_in, **_: (v, np.zeros(3, bool))"
LATE_ERROR = """
def step_readout_fixed(v, a_in, **_):
    if v[0] == 2:
        raise ZeroDivisionError("the third step is too much")
    return v + 1, np.zeros(2, bool)
readout.step_readout_fixed = step_readout_fixed
"""
CANNOT_BE_BUILT = """
import neuromorph.processes
from lava.magma.core.model.py.model import PyLoihiProcessModel
def refuse(self, proc_params):
    raise LookupError("no table of contents")
PyLoihiProcessModel.__init__ = refuse
"""
OUT_OF_MEMORY = LATE_ERROR.replace("ZeroDivisionError", "MemoryError")


@pytest.mark.parametrize(("change", "error", "words"), [
    (WRONG_SHAPE, BackendError, r"relay: AssertionError: .*\(3,\).*\(2,\) Mismatch"),
    (LATE_ERROR, BackendError, "relay: ZeroDivisionError: the third step is too much"),
    (OUT_OF_MEMORY, MemoryBudgetError, "relay: MemoryError: the third step is too much"),
    (CANNOT_BE_BUILT, BackendError, "LookupError: no table of contents"),
], ids=["wrong-shape", "late-error", "out-of-memory", "cannot-be-built"])
def test_a_broken_model_before_one_that_waits_is_reported(
    monkeypatch: pytest.MonkeyPatch, change: str, error: type[Exception], words: str
) -> None:
    """Lava alone would let the model behind it wait for ever."""
    monkeypatch.setattr("neuromorph.backends.lava.backend.WORKER",
                        ("-c", BROKEN.format(change=change)))
    relayed = Network("relayed", "fixed", (
        Population("in", 1, Source()), Population("relay", 2, Readout()),
        Population("ear", 1, CubaLIF())), (
        Projection("w", "in", "relay", np.ones((2, 1), np.int32)),
        Projection("x", "relay", "ear", np.ones((1, 2), np.int32))))
    with pytest.raises(error, match=words):
        LavaBackend().run(relayed, {"in": np.zeros((9, 1), np.int64)}, [Probe("ear")], 9)


# --- time


def test_a_run_stops_at_its_deadline() -> None:
    start = time.monotonic()
    with pytest.raises(DeadlineError, match="NEUROMORPH_LAVA_DEADLINE") as caught:
        run(LONG, deadline=3)
    assert caught.value.exit_code == 7
    assert time.monotonic() - start < 15


def test_a_stopped_worker_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROMORPH_LAVA_DEADLINE", "4")
    outcome = Background(LONG)
    os.kill(min(eventually(workers, lambda: "no worker")), signal.SIGSTOP)
    assert isinstance(outcome.error(), DeadlineError)


# --- death


class Background:
    """A long run in a thread, to be disturbed."""

    def __init__(self, steps: int) -> None:
        self.caught: BaseException | None = None
        self.thread = threading.Thread(target=self._run, args=(steps,))
        self.thread.start()

    def _run(self, steps: int) -> None:
        try:
            run(steps)
        except BackendError as error:
            self.caught = error
        except DeadlineError as error:
            self.caught = error

    def worker(self) -> int:
        """The leader, once Lava's own processes (models, runtime service) are there too."""
        return min(eventually(lambda: len(workers()) >= 5 and workers(), lambda: "no worker"))

    def error(self) -> BaseException | None:
        self.thread.join(180)
        return self.caught


def test_a_killed_worker_is_reported() -> None:
    outcome = Background(LONG)
    os.kill(outcome.worker(), signal.SIGKILL)
    assert "killed by SIGKILL" in str(outcome.error())


def test_a_killed_process_of_lavas_is_reported() -> None:
    outcome = Background(LONG)
    outcome.worker()
    os.kill(max(workers()), signal.SIGKILL)
    assert "a process of Lava was ended by SIGKILL" in str(outcome.error())


def test_shared_memory_has_no_name_that_could_be_left() -> None:
    outcome = Background(LONG)
    leader = outcome.worker()
    maps = "".join(Path(f"/proc/{pid}/maps").read_text() for pid in workers())
    mapped = [line for line in maps.splitlines()
              if "/dev/shm/" in line and not line.endswith("(deleted)")]
    os.kill(leader, signal.SIGKILL)
    outcome.error()
    assert mapped == []


PARENT = """
import numpy as np
from neuromorph.backends.lava import LavaBackend
from neuromorph.network import *
network = Network("n", "fixed", (Population("in", 1, Source()), Population("a", 1, CubaLIF())),
                  (Projection("w", "in", "a", np.ones((1, 1), np.int32)),))
LavaBackend().run(network, {"in": np.zeros((%d, 1), np.int64)}, [], %d)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_parent_that_ends_takes_everything_along(how: signal.Signals, tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT % (LONG, LONG)], cwd=ROOT,
                              stderr=subprocess.DEVNULL, env=os.environ | {"TMPDIR": str(tmp_path)})
    try:
        eventually(lambda: len(workers()) >= 5, lambda: "no worker")
        parent.send_signal(how)
        assert parent.wait(120) != 0
    finally:
        parent.kill()
    eventually(lambda: not workers(), lambda: f"still there: {workers()}")
    assert list(tmp_path.iterdir()) == []


# --- the supervisor by itself, with workers that misbehave


def supervised(script: str, seconds: float = 120) -> bytes:
    with scratch_file() as job, scratch_file() as result:
        job.write(b"the job")
        supervise(("-c", script), job, result, seconds)
        return result.read()


def test_a_result_comes_back() -> None:
    copy = "import os, sys; os.write(int(sys.argv[2]), os.read(int(sys.argv[1]), 99))"
    assert supervised(copy) == b"the job"


@pytest.mark.parametrize(("script", "words"), [
    ("import os; os.kill(os.getpid(), 11)", ["SIGSEGV"]),
    ("import sys; print('full of eels'); sys.exit(3)", ["exit status 3", "full of eels"]),
    ("import ctypes; raise RuntimeError('broken')", ["exit status 1", "RuntimeError: broken"]),
])
def test_a_worker_that_ends_early_is_reported(script: str, words: Sequence[str]) -> None:
    with pytest.raises(BackendError) as caught:
        supervised(script)
    assert [w for w in words if w not in str(caught.value)] == []


def test_grandchildren_end_with_the_worker(tmp_path: Path) -> None:
    script = ("import os, time\nif os.fork() == 0:\n"
              f"    open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
              "    time.sleep(60)\nelse:\n    time.sleep(1)")
    supervised(script)
    grandchild = int((tmp_path / "pid").read_text())
    eventually(lambda: not is_running(grandchild), lambda: "the grandchild lives")


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_error_of_ours_keeps_its_class_and_parts() -> None:
    parts = {"kind": "MissingExtraError", "what": "no Lava", "hint": "install it",
             "traceback": "far away"}
    script = f"import os, sys; os.write(int(sys.argv[3]), {json.dumps(parts).encode()!r})"
    with pytest.raises(MissingExtraError, match=r"no Lava\. Install it"):
        supervised(script)


def test_closed_standard_streams_do_no_harm() -> None:
    run_once = PARENT % (9, 9) + "print('done')"
    command = [sys.executable, "-c", f"import os; os.close(0); os.close(2)\n{run_once}"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, timeout=300,
                          env=dict([MARK]))
    assert done.stdout == b"done\n"


def test_no_place_for_temporary_files_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(WriteError, match="TMPDIR"):
        run()
