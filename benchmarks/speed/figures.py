"""A figure, and how pairs of measurements become one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal, TypeAlias

import numpy as np

Clock: TypeAlias = Literal["wall", "processor"]


@dataclass(frozen=True)
class Plan:
    """How thoroughly to measure: turns of each pair, and whether 512 tokens are enough."""

    turns: int = 7
    quick: bool = False


@dataclass(frozen=True)
class Figure:
    """One number of the page; less is better.

    Attributes
    ----------
    name : str
        What was measured, unique within its part.
    value : float
    unit : str
    goal : float, optional
        What it is to reach.
    beside : str
        What helps to read it: quartiles, or the same of something else.
    judged : bool
        Whether more than it was is worse; otherwise it only describes.
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    beside: str = ""
    judged: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def ratio(
    name: str, pairs: Sequence[tuple[float, float]], goal: float | None, *, judged: bool = True
) -> Figure:
    """The median of spiking / float over pairs of (float, spiking) seconds."""
    ratios = [spiking / floating for floating, spiking in pairs]
    low, high = np.quantile(ratios, (0.25, 0.75))
    seconds = median(floating for floating, _ in pairs)
    return Figure(name, median(ratios), "× float", goal,
                  f"{low:.2f}–{high:.2f}; float {text(seconds)}", judged)


def text(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def in_turns(
    works: Sequence[Callable[[], object]], turns: int, clock: Clock
) -> list[tuple[float, ...]]:
    """Seconds of each work, one after the other, ``turns`` times; a first turn does not count."""
    now = time.perf_counter if clock == "wall" else time.process_time
    rows = []
    for _ in range(turns + 1):
        row = []
        for work in works:
            began = now()
            work()
            row.append(now() - began)
        rows.append(tuple(row))
    return rows[1:]
