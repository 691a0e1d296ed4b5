"""Pictures of Ellwood 2024's numbers: kernel, ROC curves, success by query spikes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from examples.papers import ellwood_published as published
from examples.papers.common import picture
from examples.papers.ellwood_measure import Measured
from examples.papers.ellwood_model import tabulated_kernel
from examples.papers.ellwood_roc import curve
from neuromorph.dynamics.coincidence import ELLWOOD_KERNEL, PRODUCT_KERNEL
from neuromorph.report.canvas import ACCENT, INK, QUIET

COLOURS = (QUIET, INK, ACCENT)


def draw_kernel(path: Path) -> None:
    """Both kernels of traces, the table they were fitted to, and the published offset curve."""
    lags, table = tabulated_kernel()
    fine = np.linspace(0, 40, 801)
    with picture(path, 1, 2, figsize=(10.5, 4)) as (left, right):
        for kernel, name, style in ((ELLWOOD_KERNEL, "difference of two traces", ":"),
                                    (PRODUCT_KERNEL, "two traces and their product", "-")):
            left.plot(fine, kernel(fine), style, color=INK, label=name)
            right.plot(fine, kernel(fine) / kernel(published.PEAK), style, color=INK, label=name)
        left.plot(lags, table, "o", color=QUIET, markersize=4, label="table")
        left.set(title="coincidence kernel", xlabel="lag at the synapse (ms)",
                 ylabel="K (threshold at 1 s = 1)", ylim=(0, None))
        right.plot(lags, table / table[int(published.PEAK)], "o", color=QUIET, markersize=4,
                   label="table")
        right.plot(list(published.OFFSET_CURVE), list(published.OFFSET_CURVE.values()), "s",
                   color=ACCENT, markersize=5, label="published")
        right.set(title="offset curve", xlabel="$t_{post} - t_{pre}$ (ms)", xlim=(0, 22),
                  ylabel="response / response at 7 ms", ylim=(0, None))
        for axes in (left, right):
            axes.legend(frameon=False)


def draw_roc(
    windows: dict[float, Measured], jittered: dict[float, Measured], path: Path
) -> None:
    """ROC curves by window and by jitter, with the published rates."""
    with picture(path, 1, 2, figsize=(10.5, 5), sharey=True) as (left, right):
        for colour, (window, found) in zip(COLOURS, windows.items(), strict=True):
            _draw_curve(left, found, colour, f"{window} s")
            left.plot(published.FALSE_POSITIVES, published.TRUE_POSITIVES[window], "o",
                      color=colour, markersize=5)
        _draw_curve(right, windows[1.0], QUIET, "no jitter")
        for colour, (jitter, found) in zip(COLOURS[1:], jittered.items(), strict=True):
            _draw_curve(right, found, colour, f"{jitter:.0f} ms jitter")
            right.plot(0.1, published.JITTER_TRUE_POSITIVES[jitter], "o", color=colour,
                       markersize=5)
        right.plot(0.1, published.TRUE_POSITIVES[1.0][2], "o", color=QUIET, markersize=5)
        for axes, title in ((left, "match window"), (right, "jitter, window of 1 s")):
            axes.plot([], [], "o", color=INK, markersize=5, label="published")
            axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=":")
            axes.set(title=title, xlabel="false positives: best of 149 others passes",
                     xlim=(-0.01, 1), ylim=(0, 1.02), aspect="equal")
            axes.legend(frameon=False, loc="lower right")
        left.set_ylabel("true positives: matched axon passes")


def _draw_curve(axes: object, found: Measured, colour: str, label: str) -> None:
    false, true = curve(found.positive.ravel(), found.negative.ravel())
    axes.plot(false, true, color=colour,  # type: ignore[attr-defined]
              label=f"{label}, AUC {found.auc:.3f}")


def draw_success(windows: dict[float, Measured], path: Path) -> None:
    """Success by number of query spikes, ours as lines, published as points."""
    with picture(path, figsize=(6.5, 4.2)) as axes:
        for colour, (window, steps) in zip((QUIET, INK), published.SUCCESS_BY_SPIKES.items(),
                                           strict=True):
            spikes = np.arange(1, 10 if window == 1 else 8)
            axes.plot(spikes, [windows[window].success_with(int(n)) for n in spikes],
                      color=colour, label=f"{window} s")
            axes.plot(list(steps), list(steps.values()), "o", color=colour)
        axes.plot([], [], "o", color=INK, label="published")
        axes.set(title="success by length of the query", xlabel="spikes in the query",
                 ylabel="value spikes that pass", ylim=(-0.02, 1.02))
        axes.legend(frameon=False)
