"""What other systems than Linux lack is missed by nobody who does not need it.

Nothing here is such a system: a child takes away from Python what they have not, after the
packages that others wrote are loaded, and then imports ours.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from small_networks import random_network

from neuromorph.api import doctor
from neuromorph.backends.lava import LavaBackend
from neuromorph.errors import UnsupportedError

ROOT = Path(__file__).resolve().parents[2]

PRETEND = '''
import asyncio, ctypes, io, multiprocessing.connection, os, shutil, signal, subprocess, sys
import tempfile
import numba, numpy, scipy.special, scipy.optimize, scipy.sparse, pydantic, typer, rich.console
import safetensors.numpy, ml_dtypes, tomli_w, llvmlite.ir, rich.progress, rich.table

system = sys.argv[1]
LACKS = {
    "darwin": (["sched_getaffinity", "posix_fallocate"], []),
    "win32": (["sched_getaffinity", "sysconf", "fork", "killpg", "getppid", "register_at_fork",
               "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "setsid"],
              ["SIGHUP", "SIGKILL", "SIGCHLD", "pthread_kill", "pthread_sigmask"]),
}[system]
for owner, names in zip((os, signal), LACKS):
    for name in names:
        if hasattr(owner, name):
            delattr(owner, name)
for module in ("fcntl", "resource") if system == "win32" else ():
    sys.modules[module] = None

loaded = ctypes.CDLL
def load(name, *rest, **more):
    if name is None and system == "win32":
        raise TypeError("LoadLibrary() argument 1 must be str, not None")
    library = loaded(name, *rest, **more)
    return library if name is not None else Without(library)
class Without:
    """A C library without calls of Linux."""
    def __init__(self, library):
        self._library = library
    def __getattr__(self, name):
        if name in ("renameat2", "prctl", "mallopt", "malloc_trim", "gnu_get_libc_version"):
            raise AttributeError(name)
        return getattr(self._library, name)
ctypes.CDLL = load

opened = io.open
def look(file, *rest, **more):
    if str(file).startswith(("/proc/", "/sys/")):
        raise FileNotFoundError(2, "No such file or directory", str(file))
    return opened(file, *rest, **more)
io.open = look

if system == "win32":  # removing folders takes no descriptors of them
    shutil._use_fd_functions = False
at = os.open
def reach(path, flags, *rest, **more):
    if system == "win32" and os.path.isdir(path):
        raise PermissionError(13, "Permission denied", str(path))
    return at(path, flags, *rest, **more)
os.open = reach
synced = os.fsync
def sync(handle):
    if system == "win32" and not fcntl_flags(handle) & (os.O_RDWR | os.O_WRONLY):
        raise OSError(9, "Bad file descriptor")
    return synced(handle)
def fcntl_flags(handle):
    [line] = [l for l in opened(f"/proc/self/fdinfo/{handle}") if l.startswith("flags")]
    return int(line.split()[1], 8)
os.fsync = sync

sys.platform = system
'''

DO = '''
import importlib
for name in sys.argv[2].split():
    importlib.import_module(name)

from neuromorph.cli.app import execute
for line in sys.argv[3:]:
    sys.argv = ["neuromorph", *line.split()]
    print("code", execute(), flush=True)
'''

RUN = "run hopfield --backend fast -o result --force -q"

UNTOUCHED = ("neuromorph/lab/run_on", "neuromorph/lab/replay", "neuromorph/huggingface",
             "neuromorph/backends/nengo", "neuromorph/backends/loihi_emulator",
             "neuromorph/backends/lava/", "neuromorph/processes", "neuromorph/__main__")
"""What needs an extra, or runs in a child of Lava's; the backend itself is imported."""


def modules() -> list[str]:
    """All of ours that the core may import."""
    paths = [p.relative_to(ROOT) for p in sorted((ROOT / "neuromorph").rglob("*.py"))]
    kept = [p.with_suffix("") for p in paths if not p.as_posix().startswith(UNTOUCHED)]
    return [".".join(p.parts).removesuffix(".__init__") for p in kept] + [
        "neuromorph.backends.lava.backend"]


def child(system: str, code: str, *arguments: str,
          cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PRETEND + code, system, *arguments], text=True,
                          capture_output=True, cwd=cwd,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize("system", [
    pytest.param("darwin", marks=pytest.mark.slow), "win32"])  # Windows lacks more
def test_ours_is_imported_and_fast_runs_and_results_are_written(
    system: str, tmp_path: Path
) -> None:
    """The run's result once as a new one, once in the place of an earlier one."""
    done = child(system, DO, " ".join(modules()), "doctor", RUN, RUN, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert re.findall(r"^code (\d+)$", done.stdout, re.MULTILINE) == ["0", "0", "0"]
    assert re.search(r"tested on such a system\W+no: docs/platforms.md", done.stdout)
    assert [p.name for p in tmp_path.iterdir()] == ["result"]
    assert (tmp_path / "result" / "summary.json").stat().st_size


def test_a_module_that_needs_linux_is_found() -> None:
    done = child("win32", "\nimport fcntl\n")
    assert "ModuleNotFoundError: import of fcntl" in done.stderr


def test_here_it_is_tested() -> None:
    assert doctor.diagnose().platform_tested is (sys.platform == doctor.TESTED_PLATFORM)


def test_lava_refuses_windows_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuromorph.backends.lava.supervise.sys.platform", "win32")
    network, inputs, steps = random_network(1)
    with pytest.raises(UnsupportedError, match="Windows does not; use the backend fast") as caught:
        LavaBackend().run(network, inputs, [], steps)
    assert "\n" not in str(caught.value)
