"""How long ``neuromorph --help`` takes, as whole processes."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median
from typing import Any

RUNS = 9


def measure() -> dict[str, Any]:
    command = [sys.executable, "-c", "from neuromorph.cli import main; main()", "--help"]
    seconds = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    return {"help_seconds_median": median(seconds[1:]), "help_seconds_best": min(seconds[1:])}
