"""Picture of prototypes: what was imprinted, how rows were taken, and who fires first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, PALE, QUIET, new_figure, write_png
from neuromorph.shown import Shown

SHOWN = 6
"""Prototypes of each class that are drawn."""


@dataclass(frozen=True, eq=False, repr=False)
class Pass(Shown):
    """One pass of learning, and a test.

    Attributes
    ----------
    images : float array, shape (samples, features)
    labels : int array, shape (samples,)
    rows : int array, shape (prototypes,)
        The samples that became prototypes.
    query : float array, shape (features,)
        A test image.
    first : int array, shape (rows,)
        Step of each row's first spike, -1 where it was silent.
    taught : int array, shape (prototypes,)
        The class that each prototype's synapses say.
    answer : int
        -1 for none.
    window : int
    """

    images: NDArray[Any]
    labels: NDArray[Any]
    rows: NDArray[Any]
    query: NDArray[Any]
    first: NDArray[Any]
    taught: NDArray[Any]
    answer: int
    window: int


def draw_prototypes(shown: Pass, path: Path) -> None:
    """Prototypes by class, rows in use by sample, and all first spikes of one test."""
    figure: Any = new_figure(figsize=(12, 7.5))
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.5))
    _draw_images(left, shown)
    above, below = right.subplots(2, 1)
    _draw_rows(above, shown)
    _draw_first(below, shown)
    figure.suptitle("Each image is seen once; what is not known is imprinted into the next row")
    write_png(figure, path)


def _draw_images(figure: Any, shown: Pass) -> None:
    classes = np.unique(shown.labels)
    side = int(np.sqrt(shown.images.shape[1]))
    grid = figure.subplots(len(classes), SHOWN, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for line, label in zip(grid, classes, strict=True):
        mine = shown.rows[shown.labels[shown.rows] == label][:SHOWN]
        for axes, row in zip(line, mine, strict=False):
            axes.imshow(shown.images[row].reshape(side, side), cmap="gray_r")
    figure.suptitle(f"the first {SHOWN} prototypes of each class", fontsize=11)


def _draw_rows(axes: Any, shown: Pass) -> None:
    samples = np.arange(1, len(shown.labels) + 1)
    taken = np.searchsorted(shown.rows, samples)
    axes.plot(samples, samples, color=PALE, lw=2, label="images seen")
    axes.plot(samples, taken, color=ACCENT, lw=2, label="prototypes")
    for edge in np.flatnonzero(np.diff(shown.labels)) + 1:
        axes.axvline(edge, color=QUIET, lw=0.7, ls=":")
    axes.set(xlabel="images seen; a new class at each line", ylabel="rows in use")
    axes.legend(frameon=False, loc="upper left", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_first(axes: Any, shown: Pass) -> None:
    fired = np.flatnonzero(shown.first >= 0)
    first = shown.first[fired]
    won = first == first.min(initial=shown.window)
    axes.scatter(first[~won], shown.taught[fired][~won], s=16, color=INK, label="first spike")
    axes.scatter(first[won], shown.taught[fired][won], s=60, marker="D", color=ACCENT,
                 label="fires first, and votes")
    axes.set(xlabel="steps after the query's arrival: the better match is earlier",
             ylabel="class of the prototype", xlim=(-1, shown.window + 1),
             yticks=np.unique(shown.labels))
    axes.set_title("one test image, answered " + ("by nobody" if shown.answer < 0
                                                   else str(shown.answer)), fontsize=11)
    axes.legend(frameon=False, loc="upper left", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    side = int(np.sqrt(len(shown.query)))
    inset = axes.inset_axes((0.86, 0.6, 0.13, 0.38))
    inset.imshow(shown.query.reshape(side, side), cmap="gray_r")
    inset.set(xticks=[], yticks=[])
