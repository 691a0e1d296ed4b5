"""Picture of attention whose keys are written by plasticity: synapses over time, and maps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, new_figure, write_png
from neuromorph.shown import Shown

MOMENTS = 4
"""Moments at which the key synapses are shown."""


@dataclass(frozen=True, eq=False, repr=False)
class Memories(Shown):
    """One run of a head.

    Attributes
    ----------
    held : int array, shape (steps, slots, key_size)
        The keys that the synapses hold.
    match : int array, shape (steps, slots)
        Match spikes.
    keys : int array, shape (slots, key_size)
        What was to be written.
    target, spiking : float array, shape (queries, slots)
        Attention weights in float, and those that the spikes stand for.
    """

    held: NDArray[Any]
    match: NDArray[Any]
    keys: NDArray[Any]
    target: NDArray[Any]
    spiking: NDArray[Any]


def draw_memories(memories: Memories, path: Path) -> None:
    """The key synapses as they fill, all match spikes, and both attention maps."""
    figure: Any = new_figure(figsize=(12, 9.5))
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=(1.5, 1.6, 2))
    _draw_synapses(top, memories)
    _draw_spikes(middle.subplots(), memories)
    _draw_maps(bottom, memories)
    figure.suptitle("Keys and values written by Hebbian plasticity, token by token")
    write_png(figure, path)


def _draw_synapses(figure: Any, memories: Memories) -> None:
    steps = len(memories.held)
    moments = [steps * (n + 1) // MOMENTS - 1 for n in range(MOMENTS)]
    axes = figure.subplots(1, MOMENTS + 1, sharey=True)
    limit = max(1, int(np.abs(memories.keys).max()))
    shown = [*((f"step {m + 1}", memories.held[m]) for m in moments),
             ("keys of the model", memories.keys)]
    for ax, (title, values) in zip(axes, shown, strict=True):
        ax.imshow(values, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto",
                  interpolation="nearest")
        ax.set_title(title, fontsize=10)
        ax.set_xlabel("key dimension")
        ax.locator_params(integer=True)
    axes[0].set_ylabel("slot")
    figure.suptitle("what the key synapses hold", fontsize=11)


def _draw_spikes(axes: Any, memories: Memories) -> None:
    at, slot = np.nonzero(memories.match)
    changed = (np.diff(memories.held, axis=0, prepend=0) != 0).any(axis=2)
    wrote = changed[at, slot]
    axes.scatter(at[~wrote], slot[~wrote], s=4, color=INK, label="match spike")
    axes.scatter(at[wrote], slot[wrote], s=26, marker="D", color=ACCENT,
                 label="a slot fires and its synapses learn")
    axes.set_xlabel("step")
    axes.set_ylabel("slot")
    axes.invert_yaxis()
    axes.legend(frameon=False, loc="lower left", fontsize=9)
    axes.locator_params(axis="y", integer=True)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_maps(figure: Any, memories: Memories) -> None:
    axes = figure.subplots(1, 2)
    for ax, title, weights in ((axes[0], "float softmax", memories.target),
                               (axes[1], "spikes", memories.spiking)):
        image = ax.imshow(weights, cmap="magma", vmin=0, vmax=1, interpolation="nearest")
        ax.set_title(title, fontsize=11)
        ax.set_xlabel("slot")
    axes[0].set_ylabel("query")
    figure.colorbar(image, ax=axes, shrink=0.8, label="attention weight")
