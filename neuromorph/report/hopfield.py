"""Pictures of Hopfield retrieval: images on their way from cue to pattern."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.canvas import INK, QUIET, new_figure, write_png

ROWS, RUNS = 4, 5
"""Cues shown, and states of each; what is left out, is out of the middle."""

COLOURS = (INK, "#c8553d", "#3d7ea6", "#6a994e")
"""One a cue shown."""


def cosine(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float64]:
    """a.b / (|a| |b|) along the last axis; 0 where one of them is 0."""
    norms = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    products = (one * other).sum(axis=-1)
    result: NDArray[np.float64] = np.divide(products, norms, out=np.zeros_like(norms),
                                            where=norms > 0)
    return result


def draw_retrieval(
    patterns: NDArray[Any], spiking: NDArray[Any], floating: NDArray[Any], path: Path
) -> None:
    """Stored images, cues and the states after each run; below, their overlap run by run.

    Parameters
    ----------
    patterns : float array, shape (cues, height, width)
        What each cue asks for.
    spiking, floating : float array, shape (runs + 1, cues, height * width)
        States of the circuit and of the float network, the cues first.
    path : Path
    """
    shown, runs = min(ROWS, len(patterns)), _chosen(len(spiking) - 1)
    columns = len(runs) + 2
    figure: Any = new_figure(figsize=(max(7.5, 1.5 * columns), 1.45 * shown + 3.4))
    images, below = figure.subfigures(2, 1, height_ratios=(1.45 * shown, 3.0))
    grid = images.subplots(shown, columns, squeeze=False)
    for i in range(shown):
        row = [patterns[i], *(spiking[n, i].reshape(patterns[i].shape) for n in (0, *runs))]
        _draw_row(grid[i], row, COLOURS[i])
    titles = ["stored", "cue", *(f"run {n}" for n in runs)]
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, fontsize=11)
    _draw_overlaps(below.subplots(), patterns[:shown], spiking, floating)
    images.suptitle("Hopfield retrieval: each run of the circuit is one step of attention")
    write_png(figure, path)


def _chosen(runs: int) -> list[int]:
    """All runs, or the first few and the last."""
    every = list(range(1, runs + 1))
    return every if runs <= RUNS else [*every[: RUNS - 1], runs]


def _draw_row(row: Any, images: list[NDArray[Any]], colour: str) -> None:
    largest = float(np.abs(images[0]).max()) or 1.0
    for axes, image in zip(row, images, strict=True):
        axes.imshow(image, cmap="gray", vmin=-largest, vmax=largest)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color(colour)
        axes.spines[:].set_linewidth(2)


def _draw_overlaps(
    axes: Any, patterns: NDArray[Any], spiking: NDArray[Any], floating: NDArray[Any]
) -> None:
    for i, pattern in enumerate(patterns):
        axes.plot(cosine(floating[:, i], pattern.ravel()), color=COLOURS[i], linestyle=":",
                  linewidth=2.5)
        axes.plot(cosine(spiking[:, i], pattern.ravel()), color=COLOURS[i], marker="o",
                  markersize=5)
    axes.plot([], [], color=QUIET, marker="o", markersize=5, label="spikes")
    axes.plot([], [], color=QUIET, linestyle=":", linewidth=2.5, label="float network")
    axes.set(title="overlap with the stored image, in the colours of the frames",
             xlabel="runs of the circuit", ylabel="cosine", xticks=range(len(spiking)))
    axes.legend(loc="lower right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
