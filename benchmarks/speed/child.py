"""Work in a fresh process: its threads set from the start, its memory its own."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
PASSIVE = {"OMP_WAIT_POLICY": "passive"}
"""Threads that sleep while they wait: processor time holds work, also where the machine is busy."""

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Done:
    """What a fresh process gave and took, its start included."""

    result: Any
    processor_seconds: float
    peak_bytes: int


def fresh(
    function: Callable[..., Any], *arguments: Any, threads: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Done:
    """Call a function of a module in a process of its own; everything passes as JSON."""
    call = [function.__module__, function.__qualname__, list(arguments)]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    variables = {**os.environ, "PYTHONPATH": path, **(environment or {})}
    if threads is not None:
        variables |= dict.fromkeys(THREADS, str(threads))
    done = subprocess.run([sys.executable, "-m", __name__, json.dumps(call)], cwd=ROOT,
                          env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{function.__qualname__}{tuple(arguments)} failed:\n"
                         f"{done.stderr[-4000:]}")
    return Done(**json.loads(done.stdout.splitlines()[-1]))


def peak() -> int:
    """Most bytes this process has held since its start, or since `forget_peak`."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forget_peak() -> None:
    """Count the peak from here on, where the system can; elsewhere it stays that of the process."""
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    except OSError:
        print("the peak of memory is counted from the start of the process", file=sys.stderr)


def main() -> None:
    module, name, arguments = json.loads(sys.argv[1])
    result = getattr(importlib.import_module(module), name)(*arguments)
    print(json.dumps({"result": result, "processor_seconds": time.process_time(),
                      "peak_bytes": peak()}), flush=True)


if __name__ == "__main__":
    main()
