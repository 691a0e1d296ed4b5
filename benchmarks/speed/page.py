"""The page: every figure beside its goal and the last committed one, and what got worse."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.speed import figures_of
from benchmarks.speed.committed import Committed
from benchmarks.speed.figures import Figure, Plan
from neuromorph.report.tables import rows_table

WORSE = 1.10
"""Times the committed figure from which a figure counts as worse."""

COLUMNS = ("figure", "unit", "beside", "now", "to reach", "committed", "now : committed", "")
PLAIN_WIDTH = 150
"""Where nobody's terminal says how wide it is."""


def measure(part: str, plan: Plan, note: str | None) -> dict[str, Any]:
    """Measure a part, print its table, and keep its figures as committed if there is a note."""
    load = os.getloadavg()[0]
    figures, committed = figures_of(part, plan), Committed.read()
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    console.print(rows_table(f"speed, {part}", COLUMNS, rows(part, figures, committed.values()),
                             words=3))
    for line in remarks(part, figures, committed, load):
        console.print(line, markup=False, highlight=False)
    if note is not None:
        committed.keep(part, figures, machine(), note)
    return {"machine": machine(), "load_before": load, "turns": plan.turns,
            "figures": [figure.as_dict() for figure in figures]}


def rows(
    part: str, figures: Iterable[Figure], committed: Mapping[str, float]
) -> list[tuple[object, ...]]:
    return [row(figure, committed.get(f"{part}: {figure.name}")) for figure in figures]


def row(figure: Figure, before: float | None) -> tuple[object, ...]:
    return (figure.name, figure.unit, figure.beside, digits(figure.value),
            "" if figure.goal is None else f"≤ {figure.goal:g}",
            "" if before is None else digits(before),
            "" if before is None else f"{figure.value / before:.2f}",
            "WORSE" if is_worse(figure, before) else "")


def is_worse(figure: Figure, before: float | None) -> bool:
    return figure.judged and before is not None and figure.value > WORSE * before


def remarks(
    part: str, figures: Iterable[Figure], committed: Committed, load: float
) -> list[str]:
    """What the table does not say."""
    values, found = committed.values(), []
    worse = [f.name for f in figures if is_worse(f, values.get(f"{part}: {f.name}"))]
    if worse:
        found.append(f"Worse than committed by more than {WORSE - 1:.0%}: " + "; ".join(worse))
    found += [f"Committed on another machine: {source}" for source in committed.sources(part)
              if not source.startswith(machine())]
    if load > 1 / 2:
        found.append(f"Load average {load:.1f} at the start: with other work on the machine trust "
                     "ratios of one thread, and nothing by the clock")
    return found


def digits(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def machine() -> str:
    return (f"{platform.machine()}, {processor()}, {os.cpu_count()} cores, "
            f"Python {platform.python_version()}")


def processor(table: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = table.read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"
