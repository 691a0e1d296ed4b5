"""Picture of a memory that learns by the gated delta rule, beside floats and plain Hebb."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, QUIET, bare, new_mosaic, write_png
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Recall(Shown):
    """One run.

    Attributes
    ----------
    held, exact : float array, shape (value_size, key_size)
        The memory at the end, of the circuit and in floats, in the same units.
    spikes, floats, hebb, wanted : float array, shape (tokens, value_size)
        Answers of the circuit, of floats, of floats that forget along no key, and the values that
        the keys were last given.
    """

    held: NDArray[Any]
    exact: NDArray[Any]
    spikes: NDArray[Any]
    floats: NDArray[Any]
    hebb: NDArray[Any]
    wanted: NDArray[Any]


def draw_recall(recall: Recall, path: Path) -> None:
    """Both memories, all answers as a scatter, and the error of recall as tokens come."""
    figure, axes = new_mosaic([["held", "exact", "scatter"], ["errors"] * 3],
                                      figsize=(12, 8))
    limit = float(np.abs(recall.exact).max())
    for name, title in (("held", "synapses of the circuit"), ("exact", "memory in floats")):
        axes[name].imshow(getattr(recall, name), cmap="RdBu", vmin=-limit, vmax=limit,
                          aspect="auto", interpolation="nearest")
        axes[name].set(title=title, xlabel="key dimension", ylabel="value dimension")
    ends = [float(recall.floats.min()), float(recall.floats.max())]
    axes["scatter"].plot(ends, ends, color=QUIET, lw=1)
    axes["scatter"].scatter(recall.floats, recall.spikes, s=8, color=ACCENT)
    axes["scatter"].set(title="every answer element", xlabel="floats", ylabel="circuit")
    for what, colour, label in (("hebb", QUIET, "floats, forgetting along no key"),
                                ("floats", INK, "floats"), ("spikes", ACCENT, "circuit")):
        errors = np.linalg.norm(getattr(recall, what) - recall.wanted, axis=1)
        axes["errors"].plot(errors, color=colour, label=label, lw=1.2)
    axes["errors"].set(title="distance of a recalled value from the last one its key was given",
                       xlabel="token", ylim=(0, None))
    axes["errors"].legend(frameon=False)
    bare(axes["scatter"])
    bare(axes["errors"])
    figure.suptitle("Gated delta rule: S ← α S (I - β k kᵀ) + β v kᵀ")
    write_png(figure, path)
