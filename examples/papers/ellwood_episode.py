"""One query from beginning to end, step by step: keys, match scores, gates, values, output."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from examples.papers.common import picture
from examples.papers.ellwood_control import CONTROL, EFFICACY, GAP
from examples.papers.ellwood_noise import Floats
from neuromorph.dynamics.coincidence import (
    ELLWOOD_KERNEL,
    THRESHOLDS,
    potentiation_gate,
    rest,
    step_match,
)
from neuromorph.papers.trains import matched_train, renewal_trains, to_steps
from neuromorph.report.canvas import ACCENT, INK, PALE, QUIET

LEAD = 10.0
"""ms before the query in which the matched axon's first spike may lie."""

WINDOW, AXONS, MATCHED, SEED = 1000.0, 150, 75, 8
THRESHOLD = THRESHOLDS[1.0]


@dataclass(frozen=True, eq=False)
class Episode:
    """What happened in each step of 1 ms, from LEAD before the query.

    Attributes
    ----------
    axons : bool array, shape (steps, axons)
        Spikes of the keys, then of the values.
    query, output : bool array, shape (steps,)
        Spikes that the soma is made to fire, and those that it fires by itself.
    copy : float array, shape (steps, axons)
        Delayed copies of the match scores.
    """

    axons: NDArray[np.bool_]
    query: NDArray[np.bool_]
    output: NDArray[np.bool_]
    copy: Floats


def play(rng: np.random.Generator) -> Episode:
    """One noise-free trial, with the step form of the synapse."""
    steps = int(LEAD + WINDOW + GAP + CONTROL) + 1
    post = renewal_trains(rng, (1,), WINDOW)
    keys = renewal_trains(rng, (AXONS,), WINDOW)
    own = matched_train(post)
    keys = np.pad(keys, ((0, 0), (0, own.shape[1])), constant_values=np.nan)
    keys[MATCHED] = np.pad(own[0], (0, keys.shape[1] - own.shape[1]), constant_values=np.nan)
    values = renewal_trains(rng, (AXONS,), CONTROL) + WINDOW + GAP
    axons = to_steps(np.concatenate([keys, values], axis=1), steps, start=-LEAD)
    query = to_steps(post, steps, start=-LEAD)[:, 0]
    copy = _copies(axons, query)
    passed = (axons > 0) & (potentiation_gate(copy, THRESHOLD) > 0.5)
    passed &= rng.random(axons.shape) < EFFICACY
    passed[: int(LEAD + WINDOW + GAP)] = False
    return Episode(axons > 0, query > 0, passed.any(axis=1), copy)


def _copies(axons: NDArray[Any], query: NDArray[Any]) -> Floats:
    delay = ELLWOOD_KERNEL.delay_steps()
    arrived = np.concatenate([np.zeros((delay, axons.shape[1])), axons[:-delay]])
    state, copies = rest(axons.shape[1:]), []
    for pre, post in zip(arrived, query, strict=True):
        state = step_match(state, pre, post)
        copies.append(state.copy)
    return np.array(copies)


def draw_episode(path: Path) -> None:
    """Raster above, delayed scores below."""
    episode = play(np.random.default_rng(SEED))
    seconds = (np.arange(len(episode.query)) - LEAD) / 1000
    with picture(path, 3, 1, figsize=(11, 8), sharex=True,
                 height_ratios=(0.45, 2.4, 1.4)) as (soma, raster, scores):
        _draw_soma(soma, episode, seconds)
        _draw_raster(raster, episode, seconds)
        _draw_scores(scores, episode, seconds)
        for axes in (soma, raster, scores):
            axes.axvspan(0, WINDOW / 1000, color=PALE, zorder=0)
            axes.axvspan((WINDOW + GAP) / 1000, seconds[-1], color=PALE, zorder=0)


def _draw_soma(axes: Any, episode: Episode, seconds: Floats) -> None:
    axes.eventplot([seconds[episode.query], seconds[episode.output]], lineoffsets=[0, 0],
                   linelengths=0.8, linewidths=1.8, colors=[INK, ACCENT])
    axes.set(yticks=[], ylabel="soma", ylim=(-0.6, 0.6), xlim=(seconds[0], seconds[-1]))
    for middle, text in ((WINDOW / 2, "match window: the soma fires the query"),
                         (WINDOW + GAP / 2, "gap"),
                         (WINDOW + GAP + CONTROL / 2, "control window: it fires the value")):
        axes.text(middle / 1000, 1.08, text, ha="center", transform=axes.get_xaxis_transform())


def _draw_raster(axes: Any, episode: Episode, seconds: Floats) -> None:
    step, axon = np.nonzero(episode.axons)
    for colour, chosen, size in ((QUIET, axon != MATCHED, 12), (ACCENT, axon == MATCHED, 90)):
        axes.scatter(seconds[step[chosen]], axon[chosen], s=size, marker="|", color=colour,
                     linewidths=1 if size < 50 else 2.2)
    axes.set(ylabel="axon: its key, then its value", ylim=(-1, AXONS))


def _draw_scores(axes: Any, episode: Episode, seconds: Floats) -> None:
    others = np.delete(episode.copy, MATCHED, axis=1)
    axes.plot(seconds, others, color=QUIET, linewidth=0.6)
    axes.plot(seconds, episode.copy[:, MATCHED], color=ACCENT, linewidth=2, label="matched axon")
    axes.plot([], [], color=QUIET, label="the 149 others")
    axes.axhline(THRESHOLD, color=INK, linestyle="--", linewidth=1, label="threshold")
    axes.set(xlabel="time (s)", ylabel="delayed match score", ylim=(0, 1.75))
    axes.legend(frameon=False, loc="upper left")
