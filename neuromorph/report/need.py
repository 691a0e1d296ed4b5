"""Picture of a regulated learning rate: right answers by constant rates beside it, and the rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, QUIET, new_axes, write_png

WINDOW = 50
"""Lessons that are averaged."""


def draw_rates(
    right: NDArray[np.bool_], rates: NDArray[Any], shifts: Sequence[int],
    constants: Mapping[int, NDArray[np.bool_]], path: Path,
) -> None:
    """Share of right guesses above, the rate below, with a line where labels were exchanged.

    Parameters
    ----------
    right : bool array, shape (lessons,)
    rates : int array, shape (lessons,)
    shifts : sequence of int
        Lessons before which labels were exchanged.
    constants : mapping of rate to bool array, shape (lessons,)
        Right guesses at each constant rate, of which the least, the largest and the best
        of the second half are drawn.
    path : Path
    """
    figure, (upper, lower) = new_axes(2, 1, figsize=(9, 6), sharex=True)
    best = max(constants, key=lambda rate: constants[rate][len(right) // 2 :].mean())
    styles = {best: "-", max(constants): "--", min(constants): ":"}
    for rate, style in sorted(styles.items()):
        upper.plot(_mean(constants[rate]), color=QUIET, linestyle=style, linewidth=1,
                   label=f"{'best ' * (rate == best)}constant, {rate} of 127")
    upper.plot(_mean(right), color=ACCENT, label="regulated")
    upper.set(title="A rate that errors raise", ylabel=f"right, mean of {WINDOW}", ylim=(0, 1))
    upper.legend(frameon=False, loc="upper right", ncols=2)
    lower.plot(rates, color=INK, linewidth=1)
    lower.set(xlabel="lesson; dotted: two classes exchange labels", ylabel="rate, of 127",
              ylim=(0, 130))
    for axes in (upper, lower):
        for at in shifts:
            axes.axvline(at, color=QUIET, linestyle=":", linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
    write_png(figure, path)


def _mean(right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of the last lessons at each."""
    total = np.concatenate([[0], np.cumsum(right)])
    ends = np.arange(1, len(right) + 1)
    starts = np.maximum(ends - WINDOW, 0)
    found: NDArray[np.float64] = (total[ends] - total[starts]) / (ends - starts)
    return found
