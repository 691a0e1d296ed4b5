"""Picture of a dense memory: how much of a pattern is found, against how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.dense_memory import critical_load, largest_count, retrieval_overlap
from neuromorph.circuits.dense_memory.store import ERROR, ORDER
from neuromorph.report.canvas import ACCENT, INK, QUIET, new_axes, write_png
from neuromorph.shown import Shown

POINTS = 60


@dataclass(frozen=True, eq=False, repr=False)
class Curve(Shown):
    """Mean overlaps at several numbers of patterns.

    Attributes
    ----------
    size : int
        Spins of a pattern.
    noise : float
        Share of a cue's spins that are flipped.
    counts : int array, shape (loads,)
    cued, exact : float array, shape (loads,)
        Overlap in the end from noisy cues, and from the patterns themselves.
    """

    size: int
    noise: float
    counts: NDArray[Any]
    cued: NDArray[Any]
    exact: NDArray[Any]


def draw_curve(curve: Curve, mark: tuple[float, float], path: Path) -> None:
    """Overlap against load: measured, by theory, and where the circuit ran.

    Parameters
    ----------
    curve : Curve
    mark : (float, float)
        Load and mean overlap of the circuit's run.
    path : Path
    """
    figure, axes = new_axes(figsize=(8.5, 4.8))
    scale = curve.size ** (ORDER - 1)
    critical = critical_load(ORDER)
    loads = curve.counts / scale
    axes.plot(loads, curve.exact, color=INK, marker="o", label="from the pattern itself")
    axes.plot(loads, curve.cued, color=QUIET, marker="s",
              label=f"from a cue with {curve.noise:.0%} of its spins flipped")
    counts = np.unique(np.linspace(1, max(1, critical * scale), POINTS).astype(int)).tolist()
    theory = [retrieval_overlap(ORDER, curve.size, count) for count in counts]
    axes.plot(np.array(counts) / scale, [np.nan if m is None else m for m in theory], color=INK,
              linestyle=":", label="theory, many spins")
    axes.plot(*mark, color=ACCENT, marker="*", markersize=16, linestyle="",
              label="this run, in spikes")
    axes.axvline(critical, color=QUIET, linewidth=1, linestyle="--")
    axes.annotate(" critical load", (critical, 0.02), color=QUIET)
    safe = largest_count(ORDER, curve.size, ERROR) / scale
    axes.axvline(safe, color=QUIET, linewidth=1, linestyle="--")
    axes.annotate("1 % of bits wrong ", (safe, 0.02), color=QUIET, ha="right")
    axes.set(title=f"A dense memory of {curve.size} spins, three of which interact",
             xlabel="load: patterns / spins²", ylabel="mean overlap with what was asked for",
             ylim=(0, 1.03), xlim=(0, None))
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 0.08), framealpha=1, edgecolor="none")
    axes.spines[["top", "right"]].set_visible(False)
    write_png(figure, path)
