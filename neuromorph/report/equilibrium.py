"""Picture of layers that learn at equilibrium: right answers pass by pass, and the weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, QUIET, new_axes, write_png


def draw_learning(
    passes: Mapping[str, NDArray[Any]], weights: NDArray[Any], path: Path
) -> None:
    """Share of lessons that were right already, a line a way to learn; a histogram of weights.

    Parameters
    ----------
    passes : mapping of name to float array, shape (passes,)
        The run's own first.
    weights : int array
    path : Path
    """
    figure, (left, right) = new_axes(1, 2, figsize=(10, 4))
    for (name, shares), colour in zip(passes.items(), (ACCENT, QUIET), strict=False):
        left.plot(np.arange(len(shares)) + 1, shares, marker="o", color=colour, label=name)
    left.set(title="Right before it was taught", xlabel="pass", ylabel="share of lessons",
             ylim=(0, 1), xticks=np.arange(len(next(iter(passes.values())))) + 1)
    left.legend(frameon=False, loc="lower right")
    middles = np.arange(weights.min(), weights.max() + 2)
    right.hist(np.ravel(weights), middles - 0.5, color=INK)
    right.set(title="Plastic weights in the end", xlabel="weight, in 64ths", ylabel="synapses")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    write_png(figure, path)
