"""Picture of a gate: which keys it opens, against the weights that they turn out to have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, QUIET, new_axes, write_png


def draw_gates(
    weights: NDArray[Any], opened: NDArray[Any], curve: NDArray[Any], path: Path
) -> None:
    """Weights (queries, keys) beside gates, and the mass that windows and gates keep.

    ``curve`` is (2, points, 2): of the window, then the gate, share of keys and mass.
    """
    figure, (left, middle, right) = new_axes(1, 3, figsize=(11, 4))
    left.imshow(weights, cmap="Greys", vmin=0, aspect="auto", interpolation="nearest")
    middle.imshow(np.where(opened, 1.0, 0.0), cmap="Greys", vmin=0, vmax=1.4, aspect="auto",
                  interpolation="nearest")
    for axes, title in ((left, "softmax weights: dark is large"),
                        (middle, "gates: dark is open, white silent")):
        axes.set(title=title, xlabel="key", ylabel="query")
        axes.locator_params(integer=True)
    for points, colour, label in zip(curve, (INK, ACCENT), ("own window, narrowed", "gate"),
                                     strict=True):
        right.plot(*points.T, marker=".", color=colour, label=label)
    right.axhline(1, color=QUIET, linewidth=0.8)
    right.set(title="attention kept, by keys that fire", xlabel="share of keys that fire",
              ylabel="share of attention kept")
    right.legend(frameon=False, loc="lower right")
    right.spines[["top", "right"]].set_visible(False)
    write_png(figure, path)
