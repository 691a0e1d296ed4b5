"""Picture of a memory while another context is written into it: what is left of the first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, QUIET, bare, new_axes, write_png
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Forgetting(Shown):
    """One run.

    Attributes
    ----------
    title : str
    delta, projected : float array, shape (tokens,)
        Relative error of what the first context's keys bring back, at each token of the second,
        written as they are and outside of the first.
    before : float
        The same before the second context came.
    second_delta, second_projected : float
        Relative error of the second context's own values in the end.
    """

    title: str
    delta: NDArray[Any]
    projected: NDArray[Any]
    before: float
    second_delta: float
    second_projected: float


def draw_forgetting_of_first(curve: Forgetting, path: Path) -> None:
    """Error of the first context as the second is written, and what the second has of it."""
    figure, (left, right) = new_axes(1, 2, figsize=(11, 4.6), width_ratios=(2.4, 1))
    tokens = np.arange(1, len(curve.delta) + 1)
    for errors, colour, label in ((curve.delta, QUIET, "delta rule"),
                                  (curve.projected, ACCENT, "outside of the first's keys")):
        left.plot(tokens, errors, color=colour, label=label)
    left.axhline(curve.before, color=INK, linestyle=":", label="before")
    left.set(title="the first context, while the second is written", ylim=(0, None),
             xlabel="tokens of the second context", ylabel="error of the first's values")
    left.legend(frameon=False)
    own = right.bar(("delta", "projected"), (curve.second_delta, curve.second_projected),
                    color=(QUIET, ACCENT), width=0.6)
    right.bar_label(own, fmt="%.3f", padding=3)
    right.set(title="the second's own values", ylabel="error in the end")
    right.margins(y=0.15)
    bare(left)
    bare(right)
    figure.suptitle(curve.title)
    write_png(figure, path)
