"""Picture of channels that keep their mean and spread: both, through a drift."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, QUIET, bare, new_axes, write_png
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Drifted(Shown):
    """One run.

    Attributes
    ----------
    spread, spread_without : float array, shape (points,)
        Standard deviation of what channels say, of that on calibration data, as a mean over
        channels; with gain and threshold, and of the codes as they came.
    away, away_without : float array, shape (points,)
        Distance of their mean from that on calibration data, in its deviations.
    at : int array, shape (points,)
        Codes that had come.
    drift : int
        When the codes changed.
    """

    spread: NDArray[Any]
    spread_without: NDArray[Any]
    away: NDArray[Any]
    away_without: NDArray[Any]
    at: NDArray[Any]
    drift: int


def draw_channels(run: Drifted, path: Path) -> None:
    """Spread above distance, with and without."""
    figure, (above, below) = new_axes(2, 1, figsize=(8, 5.4),
                                          sharex=True)
    for axes, name, wanted, label in ((above, "spread", 1, "spread, of calibration's"),
                                      (below, "away", 0, "mean, in deviations from it")):
        axes.plot(run.at, getattr(run, f"{name}_without"), color=QUIET, label="codes as they come")
        axes.plot(run.at, getattr(run, name), color=ACCENT, label="with gain and threshold")
        axes.axhline(wanted, color=INK, linewidth=0.8, label="calibration")
        axes.axvline(run.drift, color=QUIET, linewidth=0.8)
        axes.set(ylabel=label, ylim=(-0.05, None))
        bare(axes)
    above.set(title="Channels keep their mean and spread when their input drifts")
    above.legend(frameon=False)
    below.set(xlabel="code")
    write_png(figure, path)
