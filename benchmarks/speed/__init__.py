"""What spiking attention costs beside float: one part a file, each in fresh processes."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from benchmarks.speed.figures import Figure, Plan

PARTS = ("machine", "kernel", "forward", "forward_2048", "forward_4096", "two_threads",
         "generation", "calibration", "export", "memory", "minilm", "breakdown")
QUICK = ("machine", "kernel", "forward", "two_threads", "generation", "calibration", "minilm",
         "breakdown")
"""Those that say something with passages of 512 tokens; `--quick` leaves out the others."""

FORWARD = {"forward": 512, "forward_2048": 2048, "forward_4096": 4096}


def figures_of(part: str, plan: Plan) -> list[Figure]:
    """Measure one part."""
    if part in FORWARD:
        from benchmarks.speed.forward import measure_at

        return measure_at(FORWARD[part], plan)
    measure: Callable[[Plan], list[Figure]] = importlib.import_module(
        f"benchmarks.speed.{part}").measure
    return measure(plan)
