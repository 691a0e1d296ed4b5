"""Pictures of a whole model: hidden states and answers, floats against integers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.pictures import (
    ACCENT,
    INK,
    PALE,
    QUIET,
    bare,
    require_matplotlib,
    save,
)


def draw_hidden(
    floats: Sequence[NDArray[Any]], found: Sequence[NDArray[Any]], path: Path, title: str
) -> None:
    """Each number of a sequence's hidden states, in front of each block and behind the last.

    Parameters
    ----------
    floats, found : sequence of float array, shape (tokens, width)
        Of the float model, and what the integers stand for.
    path : Path
    title : str
    """
    plt = require_matplotlib()
    rows = -(-len(floats) // 2)
    figure, places = plt.subplots(rows, 2, figsize=(7.4, 3.7 * rows + 0.6), layout="constrained",
                                  squeeze=False)
    for n, axes in enumerate(places.flat):
        if n == len(floats):
            axes.remove()
            break
        _draw_layer(axes, floats[n], found[n], n == len(floats) - 1, n)
    figure.suptitle(title, fontsize=13)
    save(plt, figure, path)


def _draw_layer(
    axes: Any, floats: NDArray[Any], found: NDArray[Any], last: bool, number: int
) -> None:
    reach = 1.05 * float(max(np.abs(floats).max(), np.abs(found).max()))
    axes.plot([-reach, reach], [-reach, reach], color=PALE, linewidth=6, zorder=0)
    for token in range(len(floats) - 1, -1, -1):  # the class token, which is read, on top
        axes.scatter(floats[token], found[token], s=14 if token == 0 else 5, linewidths=0,
                     color=ACCENT if token == 0 else INK, alpha=0.9 if token == 0 else 0.35)
    error = float(np.abs(found - floats).max())
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal",
             title="behind the last block" if last else f"before block {number}")
    axes.text(0.04, 0.95, f"largest error {error:.2g}", transform=axes.transAxes, va="top",
              fontsize=10, color=QUIET)
    axes.set_xlabel("float model")
    if number % 2 == 0:
        axes.set_ylabel("integers, as what they stand for")
    if number == 0:
        axes.scatter([], [], s=20, color=ACCENT, label="class token")
        axes.scatter([], [], s=20, color=INK, label="patches")
        axes.legend(loc="lower right", frameon=False)
    bare(axes)


def draw_logits(
    floats: NDArray[Any], found: NDArray[Any], image: NDArray[Any], path: Path, title: str
) -> None:
    """The image, and what both models say of it: one bar a class.

    Parameters
    ----------
    floats, found : float array, shape (classes,)
    image : array, shape (side, side)
    path : Path
    title : str
    """
    plt = require_matplotlib()
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1), layout="constrained",
                                         width_ratios=(1, 2.6))
    left.imshow(image, cmap="gray_r")
    left.set(xticks=[], yticks=[], title="pixels in")
    classes = np.arange(len(floats))
    right.bar(classes, floats, width=0.85, color=QUIET, label="float model")
    right.bar(classes, found, width=0.35, color=INK, label="integers and spikes")
    best = int(found.argmax())
    right.bar([best], [found[best]], width=0.35, color=ACCENT)
    right.axhline(0, color=INK, linewidth=0.8)
    right.set(xticks=classes, xlabel="class", title="ten numbers out", ylabel="logit")
    right.legend(frameon=False, loc="best", fontsize=9)
    bare(right)
    figure.suptitle(title, fontsize=13)
    save(plt, figure, path)
