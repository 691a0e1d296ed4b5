"""Picture of a multitasking memory: what is found and what is raised, against dilution."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, QUIET, new_axes, write_png
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Dilutions(Shown):
    """Overlaps at several shares of gaps, all else the same.

    Attributes
    ----------
    title : str
    queries : int
        Patterns that are asked for at once and may collide; 1 where none can.
    gaps : float array, shape (points,)
        Share of a pattern's places that are gaps.
    asked, unasked : float array, shape (points,)
        Mean overlap with what was asked for, and largest with any other.
    binary : float array, shape (points,)
        As ``unasked``, of spins that may not be silent.
    """

    title: str
    queries: int
    gaps: NDArray[Any]
    asked: NDArray[Any]
    unasked: NDArray[Any]
    binary: NDArray[Any]


def draw_dilutions(curve: Dilutions, mark: tuple[float, float, float], path: Path) -> None:
    """Overlap against dilution, and where the circuit ran.

    Parameters
    ----------
    curve : Dilutions
    mark : (float, float, float)
        Share of gaps, asked and un-asked overlap of the circuit's run.
    path : Path
    """
    figure, axes = new_axes(figsize=(8.5, 4.8))
    axes.plot(curve.gaps, curve.asked, color=INK, marker="o", label="asked for")
    axes.plot(curve.gaps, curve.unasked, color=QUIET, marker="s",
              label="largest that was not asked for")
    axes.plot(curve.gaps, curve.binary, color=QUIET, linestyle=":",
              label="the same, where no spin may be silent")
    if curve.queries > 1:
        axes.plot(curve.gaps, 1 - (curve.queries - 1) * (1 - curve.gaps) / 2, color=INK,
                  linestyle=":", label="1 - (Q - 1) (1 - d) / 2: where patterns collide, "
                                       f"Q = {curve.queries}")
    for height, name in zip(mark[1:], ("this run, in spikes", None), strict=True):
        axes.plot(mark[0], height, color=ACCENT, marker="*", markersize=16, linestyle="",
                  label=name)
    axes.set(title=curve.title, xlabel="d: share of a pattern's places that are gaps",
             ylabel="overlap", ylim=(0, 1.03), xlim=(0, 1))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    write_png(figure, path)
