"""Pictures of spiking attention, drawn with matplotlib and saved as PNG."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.errors import MissingExtraError

INK, ACCENT, QUIET = "#1f2430", "#c8553d", "#8a93a6"


@dataclass(frozen=True, eq=False)
class Episode:
    """One query of one head, step by step.

    Attributes
    ----------
    head : LatencyAttention
    query : int array, shape (key_size,)
        The query's codes.
    match, control : array, shape (period + 2, slots) and (period + 2, value_size)
        Match spikes (payloads) and control potentials from the start of the query's period.
    read_at : int
        Step at which `done` fired.
    """

    head: LatencyAttention
    query: NDArray[Any]
    match: NDArray[Any]
    control: NDArray[Any]
    read_at: int


def require_matplotlib() -> Any:
    """matplotlib's pyplot on the file-only backend.

    Raises
    ------
    MissingExtraError
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise MissingExtraError("pictures need matplotlib", found=str(error),
                                hint="pip install 'neuromorph[plot]'") from error
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    return plt


def draw_raster(episode: Episode, path: Path, title: str) -> None:
    """Query codes, match spikes and control potentials of one query, on one time axis."""
    plt = require_matplotlib()
    figure, (top, middle, bottom) = plt.subplots(
        3, 1, figsize=(9, 8), height_ratios=(1, 2, 2), layout="constrained")
    _draw_query(top, episode)
    _draw_match(middle, episode)
    _draw_control(bottom, episode)
    figure.suptitle(title)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


def _draw_query(axes: Any, episode: Episode) -> None:
    axes.bar(np.arange(len(episode.query)), episode.query,
             color=[INK if q >= 0 else ACCENT for q in episode.query], width=0.7)
    axes.set(title="query: one graded spike a dimension (payload)", xlabel="query axon",
             ylabel="payload")
    axes.axhline(0, color=QUIET, linewidth=0.8)


def _draw_match(axes: Any, episode: Episode) -> None:
    steps, slots = np.nonzero(episode.match)
    payload = episode.match[steps, slots]
    forced = steps == episode.head.period
    size = 18 + 26 * payload / max(1, payload.max())
    axes.scatter(steps[~forced], slots[~forced], s=size[~forced], marker="|", color=INK)
    axes.scatter(steps[forced], slots[forced], s=40, marker="x", color=ACCENT, label="forced")
    axes.axvspan(4, episode.head.period, color=QUIET, alpha=0.12)
    axes.text(4.1, 1.01, "match window", transform=axes.get_xaxis_transform(), color=QUIET)
    axes.set(title="match neurons: the better the key, the later its spike", ylabel="slot",
             ylim=(-1, episode.head.slots), xlim=(0, len(episode.match)))
    if forced.any():
        axes.legend(loc="upper left")


def _draw_control(axes: Any, episode: Episode) -> None:
    axes.plot(np.arange(len(episode.control)), episode.control, color=INK, linewidth=0.9,
              alpha=0.8, drawstyle="steps-post")
    axes.axvline(episode.read_at, color=ACCENT, linestyle="--")
    axes.text(episode.read_at, 0.98, " read: every key has spoken", color=ACCENT, va="top",
              transform=axes.get_xaxis_transform())
    axes.set(title="control neurons: values arrive with the spikes and fade step by step",
             xlabel="step", ylabel="potential", xlim=(0, len(episode.control)))


def draw_maps(
    target: NDArray[Any], spiking: NDArray[Any], path: Path, title: str
) -> None:
    """Attention maps of all heads, float above spikes, on one colour scale.

    Parameters
    ----------
    target, spiking : array, shape (heads, queries, keys)
    """
    plt = require_matplotlib()
    heads = len(target)
    top = float(max(target.max(), spiking.max()))
    figure, rows = plt.subplots(2, heads, figsize=(2.4 * heads + 1, 5.2), layout="constrained",
                                squeeze=False)
    for h in range(heads):
        for axes, maps in zip(rows[:, h], (target, spiking), strict=True):
            image = axes.imshow(maps[h], vmin=0, vmax=top, cmap="viridis")
            axes.set(xticks=[], yticks=[])
        rows[0, h].set_title(f"head {h}")
    rows[0, 0].set_ylabel("float softmax\nquery")
    rows[1, 0].set_ylabel("spikes\nquery")
    figure.colorbar(image, ax=rows, label="attention weight", shrink=0.8)
    figure.suptitle(title)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


def draw_accuracy(bars: dict[str, float], path: Path, title: str) -> None:
    """Accuracies as labelled bars, from 0 to 100 %."""
    plt = require_matplotlib()
    figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
    names, values = list(bars), [100 * value for value in bars.values()]
    drawn = axes.barh(names, values, color=[QUIET, INK, INK, ACCENT][: len(names)])
    axes.bar_label(drawn, fmt="%.2f %%", padding=4)
    axes.set(xlim=(0, 115), xlabel="test accuracy (%)", title=title)
    axes.invert_yaxis()
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)
