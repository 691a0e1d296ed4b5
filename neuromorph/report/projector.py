"""Picture of a projection: how much is left of patterns old and new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, QUIET, new_axes, write_png

BINS = 60


def draw_residuals(
    old: NDArray[Any], new: NDArray[Any], exact: NDArray[Any], path: Path
) -> None:
    """Histograms of |e| / |x|: of patterns in the subspace, and of others in spikes and float."""
    figure, axes = new_axes(figsize=(8, 4))
    bins = np.linspace(0, 1, BINS)
    axes.hist(old, bins, color=QUIET, label="old patterns: what the rows were found from")
    axes.hist(new, bins, color=ACCENT, label="new patterns")
    axes.hist(exact, bins, histtype="step", color=INK, label="new patterns, in float")
    axes.set(title="What a projection leaves to learn from", xlim=(0, 1), ylabel="patterns",
             xlabel="length of the residual, as a share of the pattern's")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, loc="upper center")
    axes.spines[["top", "right"]].set_visible(False)
    write_png(figure, path)
