"""Picture of neurons that keep their rate: rates and biases through a drift."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, QUIET, new_axes, write_png

SMOOTH = 200
"""Steps that a rate is taken over."""


def draw_rates(
    plastic: NDArray[Any], static: NDArray[Any], biases: NDArray[Any], target: float, drift: int,
    path: Path,
) -> None:
    """Mean rate with and without plastic biases, above the biases; shapes (steps, units)."""
    figure, (above, below) = new_axes(2, 1, figsize=(8, 5), sharex=True)
    kernel = np.ones(SMOOTH) / SMOOTH
    for spikes, colour, label in ((static, QUIET, "fixed thresholds"),
                                  (plastic, ACCENT, "plastic biases")):
        rates = np.convolve(spikes.mean(axis=1), kernel, "valid")  # of the steps before
        above.plot(np.arange(len(rates)) + SMOOTH - 1, rates, color=colour, label=label)
    above.axhline(target, color=INK, linewidth=0.8, label="target")
    above.set(title="Neurons keep their rate when their input drifts",
              ylabel=f"spikes a step, mean of {SMOOTH}")
    above.legend(frameon=False)
    below.plot(biases, color=ACCENT, linewidth=0.7)
    below.set(xlabel="step", ylabel="bias")
    for axes in (above, below):
        axes.axvline(drift, color=QUIET, linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
    write_png(figure, path)
