"""Hundreds of Lava runs, good and bad, leave the program that started them as it was."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from neuromorph.backends.interface import Recording
from neuromorph.backends.lava import LavaBackend
from neuromorph.errors import BackendError
from neuromorph.network import CubaLIF, Network, Population, Probe, Projection, Readout, Source

CYCLES, FAILURES, WARM_UP = 200, 30, 10
MEMORY_TOLERANCE = 20 * 2**20
"""Bytes; an allocator's own fluctuation, not a leak of a page a run."""

MARK = ("NEUROMORPH_TEST", uuid.uuid4().hex)

LOOKING = threading.Lock()
"""Held by who looks into /proc: the witness's open files are not to be counted."""

pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")]


@dataclass(frozen=True)
class Footprint:
    """What this program holds: processes it has started, open files, bytes of memory."""

    processes: frozenset[int]
    descriptors: int
    resident: int


def footprint() -> Footprint:
    gc.collect()
    with LOOKING:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return Footprint(frozenset(int(p.name) for p in ours()),
                         len(list(Path("/proc/self/fd").iterdir())),
                         pages * resource.getpagesize())


def ours() -> list[Path]:
    """Children and grandchildren, by the mark in their environment; we began without it."""
    return [p for p in Path("/proc").iterdir()
            if p.name.isdigit() and "=".join(MARK) in read(p / "environ")]


def read(file: Path) -> str:
    """A file of a process; nothing if that has ended meanwhile, or is another user's."""
    try:
        return file.read_bytes().decode(errors="replace")
    except OSError:
        return ""


class Witness(threading.Thread):
    """Collects the names of shared memory that our processes map while they live.

    A list of /dev/shm alone would tell of other programs on the machine too.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.names: set[Path] = set()
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.1):
            with LOOKING:
                lines = "".join(read(p / "maps") for p in ours()).splitlines()
            self.names |= {Path(line[line.index("/dev/shm/"):]) for line in lines
                           if "/dev/shm/" in line and not line.endswith("(deleted)")}

    def left(self) -> list[Path]:
        return [name for name in self.names if name.exists()]


@pytest.fixture(autouse=True)
def witness(monkeypatch: pytest.MonkeyPatch) -> Iterator[Witness]:
    monkeypatch.setenv(*MARK)
    witness = Witness()
    witness.start()
    yield witness
    witness.done.set()
    witness.join()


def growth_since(before: Footprint, witness: Witness) -> dict[str, int]:
    now = footprint()
    return {"processes": len(now.processes - before.processes),
            "descriptors": now.descriptors - before.descriptors,
            "shared": len(witness.left()),
            "resident": now.resident - before.resident}


def assert_nothing_grew(before: Footprint, witness: Witness) -> None:
    growth = growth_since(before, witness)
    sys.stdout.write(f"grown by {growth}\n")  # pytest -rP shows it
    assert growth.pop("resident") < MEMORY_TOLERANCE
    assert growth == {"processes": 0, "descriptors": 0, "shared": 0}


def run(loudness: int = 1, steps: int = 20) -> Recording:
    network = Network("soak", "fixed", (
        Population("in", 2, Source(24)), Population("lif", 3, CubaLIF(vth=300)),
        Population("out", 2, Readout(dv=2048)),
    ), (
        Projection("in_lif", "in", "lif", np.full((3, 2), 100, np.int32), graded=True),
        Projection("loop", "lif", "lif", -2 * np.eye(3, dtype=np.int32), delay=1),
        Projection("lif_out", "lif", "out", np.full((2, 3), 4, np.int32)),
    ))
    train = np.full((steps, 2), loudness)
    return LavaBackend().run(network, {"in": train}, [Probe("lif"), Probe("out", "v")], steps)


def test_two_hundred_runs_leave_nothing(witness: Witness) -> None:
    first, *_ = (run() for _ in range(WARM_UP))
    assert first.spikes("lif").any()
    assert first.potential("out").any()
    before = footprint()
    for cycle in range(CYCLES):
        again = run()
        for probe, trace in first.traces.items():
            np.testing.assert_array_equal(again.traces[probe], trace, f"run {cycle}")
    assert_nothing_grew(before, witness)


def test_runs_that_fail_leave_nothing(witness: Witness) -> None:
    def fail() -> None:
        with pytest.raises(BackendError, match="stock LIF wraps its current once only"):
            run(loudness=2**14)

    for _ in range(WARM_UP):
        fail()
    before = footprint()
    for _ in range(FAILURES):
        fail()
    assert_nothing_grew(before, witness)


# --- the check itself

LEAKY = """
import mmap, sys, time
file = open(sys.argv[1], "w+b")
file.truncate(4096)
memory = mmap.mmap(file.fileno(), 4096)
print("mapped", flush=True)
time.sleep(60)
"""


def test_a_leak_of_each_kind_is_seen(witness: Witness) -> None:
    before, name = footprint(), Path("/dev/shm") / MARK[1]
    ballast = np.ones(MEMORY_TOLERANCE // 8 + 2**20)
    with subprocess.Popen([sys.executable, "-c", LEAKY, name], stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"mapped\n"
            while name not in witness.names:
                time.sleep(0.05)
            growth = growth_since(before, witness)
        finally:
            child.kill()
            name.unlink()
    assert growth.pop("resident") > MEMORY_TOLERANCE
    assert growth == {"processes": 1, "descriptors": 1, "shared": 1}  # the pipe is open
    assert ballast.any()
