"""Picture of a match-and-control episode: axons, soma, and the synapses as they potentiate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.network import Schedule
from neuromorph.report.canvas import ACCENT, INK, PALE, QUIET, new_axes, write_png
from neuromorph.shown import Shown

SHOWN = 24
"""Axons in the raster: the matched one and others."""


@dataclass(frozen=True, eq=False, repr=False)
class Trace(Shown):
    """One query neuron over an episode, step by step.

    Attributes
    ----------
    schedule : Schedule
    axons : int array, shape (steps, axons)
        Spikes.
    query, soma : int array, shape (steps,)
    weights, scores : int array, shape (steps, axons)
        Spine weights and match scores (tags).
    matched : int
    threshold : int
        Of the match score.
    """

    schedule: Schedule
    axons: NDArray[Any]
    query: NDArray[Any]
    soma: NDArray[Any]
    weights: NDArray[Any]
    scores: NDArray[Any]
    matched: int
    threshold: int


def draw_episode(trace: Trace, path: Path) -> None:
    """Raster with potentiated synapses shaded, match scores, and weights, on one time axis."""
    figure, (raster, scores, weights) = new_axes(
        3, 1, figsize=(11, 9.5), height_ratios=(3.2, 1.6, 1.4), sharex=True)
    _draw_raster(raster, trace)
    _draw_lines(scores, trace, trace.scores, "match score (tag)")
    scores.axhline(trace.threshold, color=INK, lw=1, ls=":")
    scores.annotate("threshold", (len(trace.soma), trace.threshold), ha="right", va="bottom",
                    color=INK, fontsize=9)
    _draw_lines(weights, trace, trace.weights, "spine weight")
    weights.set_xlabel("time (steps of 1 ms)")
    for axes in (raster, scores, weights):
        for phase in trace.schedule.phases:
            axes.axvline(phase.stop, color=QUIET, lw=0.8)
        axes.spines[["top", "right"]].set_visible(False)
    for phase in trace.schedule.phases:
        raster.annotate(phase.name, ((phase.start + phase.stop) / 2, 1.01), ha="center",
                        xycoords=("data", "axes fraction"), color=QUIET, fontsize=10)
    figure.suptitle("The axon that fires in step with the query takes control of the soma")
    write_png(figure, path)


def _draw_raster(axes: Any, trace: Trace) -> None:
    """The matched axon on top, the others that came nearest under it, query and soma below."""
    order = np.argsort(-trace.scores[-1], kind="stable")
    order = np.concatenate([[trace.matched], order[order != trace.matched]])[:SHOWN]
    count = len(order)
    for row, axon in enumerate(order):
        height = count - row + 1
        colour = ACCENT if axon == trace.matched else INK
        _shade(axes, trace.weights[:, axon] > 0, height)
        times = np.flatnonzero(trace.axons[:, axon])
        axes.vlines(times, height - 0.4, height + 0.4, color=colour, lw=1.2)
    axes.vlines(np.flatnonzero(trace.query), 0.6, 1.4, color=QUIET, lw=1.4)
    axes.vlines(np.flatnonzero(trace.soma), -0.4, 0.4, color=ACCENT, lw=1.4)
    axes.set_yticks([0, 1, count + 1, count // 2 + 1],
                    ["soma", "query", "matched axon", f"{count - 1} others"])
    axes.set_ylim(-0.8, count + 1.8)


def _shade(axes: Any, on: NDArray[np.bool_], height: float) -> None:
    """A bar while a synapse is potentiated."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(int), [0]])))
    for start, stop in edges.reshape(-1, 2):
        axes.fill_between([start, stop], height - 0.5, height + 0.5, color=ACCENT, alpha=0.18,
                          lw=0)


def _draw_lines(axes: Any, trace: Trace, values: NDArray[Any], label: str) -> None:
    others = np.delete(values, trace.matched, axis=1)
    if others.shape[1]:
        axes.fill_between(np.arange(len(values)), others.min(axis=1), others.max(axis=1),
                          color=PALE, lw=0, label="all other axons, from least to most")
    axes.plot(values[:, trace.matched], color=ACCENT, lw=1.8, label="matched axon")
    axes.set_ylabel(label)
    axes.legend(frameon=False, loc="upper left", fontsize=9)
