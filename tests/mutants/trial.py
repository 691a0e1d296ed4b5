"""One run of tests over a copy of the repository with one change in it, in a child with a limit.

The child is forked from a process that has imported what takes long and is not ours: a second
instead of several for each of thousands. The copy is whole, so that tests which start a Python of
their own see the change too; what Numba compiles of a changed file is kept apart and thrown away.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

LATE = ("fast", "lava")
"""In the names of tests that compile a changed neuron, or start processes: the others first."""

WARM = ("pytest", "numpy", "scipy.special", "numba", "llvmlite.binding", "pydantic", "typer")
"""Imported before the first fork; nothing of the house, which a change must reach."""

ASLEEP = 8.0
"""So many times its limit, by the clock, a child may take that waits, or shares the machine."""

NOT_COPIED = (".git", ".venv*", "out", "build", "*.egg-info", "__pycache__", ".hypothesis",
              ".*_cache")


class Outcome(NamedTuple):
    """A run ``passed``, ``failed``, ``timed out``, ``crashed`` or had ``no tests``.

    Its seconds are those of the processor, which a busy machine does not change.
    """

    verdict: str
    by: str
    seconds: float
    durations: Mapping[str, float]


class Copy:
    """A copy of the repository, in which one file at a time is another."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.root, self.cache, self.thrown = folder / "copy", folder / "cache", folder / "thrown"
        self.log, self.result = folder / "log", folder / "result.json"
        self.here = ("", str(source), str(Path(__file__).parent))
        shutil.copytree(source, self.root, symlinks=True,
                        ignore=shutil.ignore_patterns(*NOT_COPIED))
        self.changed: tuple[Path, bytes] | None = None
        self.child = 0
        self.since = self.limit = 0.0

    def change(self, name: str, text: bytes) -> None:
        """Write another text into a file, until `restore`."""
        path = self.root / name
        self.changed = path, path.read_bytes()
        self._write(path, text)

    def restore(self) -> None:
        """Undo `change`."""
        if self.changed:
            self._write(*self.changed)
            self.changed = None
            shutil.rmtree(self.thrown, ignore_errors=True)

    def _write(self, path: Path, text: bytes) -> None:
        path.write_bytes(text)
        for kept in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            kept.unlink()  # Python looks at whole seconds and at the size

    def start(self, tests: Sequence[str], limit: float, durations: Mapping[str, float]) -> None:
        """Run these files of tests until one fails."""
        self.result.unlink(missing_ok=True)
        self.since, self.limit = time.monotonic(), limit
        sys.stdout.flush()
        self.child = os.fork()
        if self.child == 0:
            code = 70
            try:
                code = self._tests(tests, durations)
            finally:
                os._exit(code)

    def _tests(self, tests: Sequence[str], durations: Mapping[str, float]) -> int:
        os.setsid()
        most = ceil(self.limit)
        resource.setrlimit(resource.RLIMIT_CPU, (most, most + 5))
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.chdir(self.root)
        cache = self.thrown if self.changed else self.cache
        os.environ |= {"PYTHONPATH": str(self.root), "NUMBA_CACHE_DIR": str(cache)}
        sys.path[:] = [str(self.root), *(p for p in sys.path if p not in self.here)]
        import pytest

        if "numba" in sys.modules:
            sys.modules["numba"].config.reload_config()
        like = self.changed[0].stem.replace("_", "") if self.changed else ""
        watch = _Watch(self.result, durations, like)
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-k", "not lava", *tests],
                           plugins=[watch])
        return int(code)

    def outcome(self) -> Outcome | None:
        """What became of the child, or None while it runs."""
        ended, status, usage = os.wait4(self.child, os.WNOHANG)
        asleep = not ended and time.monotonic() - self.since > ASLEEP * self.limit
        if not ended and not asleep:
            return None
        self.end(reap=asleep)
        told: dict[str, Any] = json.loads(self.result.read_text()) if self.result.exists() else {}
        code = os.waitstatus_to_exitcode(status)
        verdict = ("timed out" if asleep or code == -signal.SIGXCPU else
                   "crashed" if code < 0 or code == 70 else
                   {0: "passed", 5: "no tests"}.get(code, "failed"))
        return Outcome(verdict, told.get("failed", ""), usage.ru_utime + usage.ru_stime,
                       told.get("durations", {}))

    def end(self, *, reap: bool = True) -> None:
        """End the child and what it started."""
        if self.child:
            with suppress(ProcessLookupError):
                os.killpg(self.child, signal.SIGKILL)
            if reap:
                os.waitpid(self.child, 0)
            self.child = 0


class _Watch:
    """A plugin: tests named like the changed file first, then quick ones; what failed, and when."""

    def __init__(self, result: Path, known: Mapping[str, float], like: str) -> None:
        self.result, self.known, self.like = result, known, like
        self.durations: dict[str, float] = {}
        self.failed = ""

    def pytest_configure(self) -> None:
        """No example is kept or drawn by chance, and a busy machine fails none."""
        from hypothesis import HealthCheck, settings

        settings.register_profile("mutants", deadline=None, derandomize=True, database=None,
                                  suppress_health_check=list(HealthCheck))
        settings.load_profile("mutants")

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Sort, mostly within each file: fixtures are of files."""
        files = {item.path: n for n, item in reversed(list(enumerate(items)))}
        items.sort(key=lambda item: (any(word in item.name for word in LATE), files[item.path],
                                     self.like not in item.name.lower(),
                                     self.known.get(item.nodeid, 0.0)))

    def pytest_collectreport(self, report: Any) -> None:
        """A file that cannot even be imported."""
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A phase of a test."""
        self.durations[report.nodeid] = (self.durations.get(report.nodeid, 0.0)
                                         + round(report.duration, 3))
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_sessionfinish(self) -> None:
        """Leave a note."""
        self.result.write_text(json.dumps({"failed": self.failed, "durations": self.durations}))


def warm() -> None:
    """Import what every child needs."""
    import importlib

    for name in WARM:
        importlib.import_module(name)
