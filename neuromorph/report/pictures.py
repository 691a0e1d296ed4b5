"""Pictures of spiking attention, drawn with matplotlib and saved as PNG."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.errors import MissingExtraError, WriteError
from neuromorph.shown import Shown

INK, ACCENT, QUIET, PALE = "#1f2430", "#c8553d", "#8a93a6", "#e8ebf1"
DPI = 130


@dataclass(frozen=True, eq=False, repr=False)
class Episode(Shown):
    """One query of one head, step by step.

    Attributes
    ----------
    head : LatencyAttention
    query : int array, shape (key_size,)
        The query's codes.
    match : int array, shape (steps, slots)
        Payloads of the match spikes from the start of the query's period.
    control : int array, shape (steps, value_size)
        Control potentials.
    normaliser : int array, shape (steps,)
        The normaliser's potential.
    read_at : int
        Step at which `done` fired.
    """

    head: LatencyAttention
    query: NDArray[Any]
    match: NDArray[Any]
    control: NDArray[Any]
    normaliser: NDArray[Any]
    read_at: int


@dataclass(frozen=True, eq=False, repr=False)
class Query(Shown):
    """Where the query of an episode comes from, and what it found.

    Attributes
    ----------
    image : array, shape (side, side)
    patch : int
        Side of a patch; slot 0 is the class token, slot 1 the first patch.
    target, spiking : array, shape (slots,)
        Attention weights in float, and those that the spikes stand for.
    """

    image: NDArray[Any]
    patch: int
    target: NDArray[Any]
    spiking: NDArray[Any]


def require_matplotlib() -> Any:
    """matplotlib's pyplot on the file-only backend.

    Raises
    ------
    MissingExtraError
    WriteError
        If matplotlib finds no folder for its settings.
    """
    # It warns where it cannot keep its settings, which is none of the reader's business.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        import matplotlib as mpl

        mpl.use("Agg")
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise MissingExtraError("pictures need matplotlib", found=str(error),
                                hint="run: pip install 'neuromorph[plot]'") from error
    except OSError as error:
        raise WriteError("matplotlib finds no folder that it can write to", found=error,
                         hint="set MPLCONFIGDIR to one") from error
    return plt


def draw_raster(episode: Episode, query: Query, path: Path, title: str) -> None:
    """Query, match spikes and control potentials of one query; the last two on one time axis."""
    plt = require_matplotlib()
    figure, axes = plt.subplot_mosaic(
        [["image", "query"], ["weights", "match"], ["none", "control"]], figsize=(11, 9.5),
        width_ratios=(1, 3.2), height_ratios=(1.1, 2, 2), layout="constrained")
    axes["match"].sharex(axes["control"])
    axes["weights"].sharey(axes["match"])
    axes["none"].remove()
    _draw_image(axes["image"], query)
    _draw_query(axes["query"], episode)
    _draw_weights(axes["weights"], query)
    _draw_match(axes["match"], episode)
    _draw_control(axes["control"], episode)
    figure.suptitle(title, fontsize=14)
    save(plt, figure, path)


def _draw_image(axes: Any, query: Query) -> None:
    axes.imshow(query.image, cmap="gray_r")
    side = len(query.image)
    for edge in range(0, side + 1, query.patch):
        axes.axhline(edge - 0.5, color=QUIET, linewidth=0.6)
        axes.axvline(edge - 0.5, color=QUIET, linewidth=0.6)
    numbers = np.arange((side // query.patch) ** 2).reshape(side // query.patch, -1)
    for (row, column), number in np.ndenumerate(numbers):
        axes.text(column * query.patch - 0.35, row * query.patch + 0.1, str(number + 1),
                  color=ACCENT, fontsize=7)
    axes.set(xticks=[], yticks=[], title="image, its patches by slot")


def _draw_query(axes: Any, episode: Episode) -> None:
    axes.bar(np.arange(len(episode.query)), episode.query,
             color=[INK if q >= 0 else ACCENT for q in episode.query], width=0.7)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set(title="query: one graded spike a dimension", xlabel="query axon", ylabel="payload",
             xticks=np.arange(len(episode.query)))
    bare(axes)


def _draw_weights(axes: Any, query: Query) -> None:
    slots = np.arange(len(query.target))
    axes.barh(slots, query.target, height=0.8, color=QUIET, label="float softmax")
    axes.barh(slots, query.spiking, height=0.3, color=INK, label="spikes")
    axes.set(title="attention weight", xlabel="weight", ylabel="slot", yticks=slots,
             ylim=(-0.7, len(slots) - 0.3))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), frameon=False)
    axes.tick_params(axis="y", labelsize=7)
    bare(axes)


def _draw_match(axes: Any, episode: Episode) -> None:
    steps, slots = np.nonzero(episode.match)
    payload = episode.match[steps, slots]
    begin, end = episode.head.arrival, episode.head.arrival + episode.head.window
    forced = steps >= end
    axes.axvspan(begin - 0.5, end + 0.5, color=PALE, zorder=0)
    shade = 0.35 + 0.65 * payload / max(1, payload.max())
    axes.scatter(steps, slots, s=70, marker="|", linewidths=2.5, alpha=shade,
                 color=[ACCENT if f else INK for f in forced])
    axes.text(begin - 0.3, 1.01, "match window", color=QUIET, fontsize=9,
              transform=axes.get_xaxis_transform())
    if forced.any():
        axes.text(0.99, 0.03, "red: forced by the go pulse", color=ACCENT, fontsize=9,
                  ha="right", transform=axes.transAxes)
    axes.set_title("match neurons: the better the key, the later its spike", pad=18)
    axes.set(xlabel="step (darker: larger payload)")
    axes.tick_params(axis="y", labelsize=7)
    bare(axes)


def _draw_control(axes: Any, episode: Episode) -> None:
    steps = np.arange(len(episode.control))
    axes.plot(steps, episode.control, color=INK, linewidth=0.9, alpha=0.7,
              drawstyle="steps-mid")
    axes.plot(steps, episode.normaliser, color=ACCENT, linewidth=1.8, drawstyle="steps-mid")
    axes.plot([], [], color=INK, label="control, one line a value channel")
    axes.plot([], [], color=ACCENT, linewidth=1.8, label="normaliser")
    axes.axvline(episode.read_at, color=QUIET, linestyle="--")
    axes.text(episode.read_at + 0.15, 0.97, "read", color=QUIET, va="top", fontsize=9,
              transform=axes.get_xaxis_transform())
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set(title="control neurons: values arrive with the spikes and fade step by step",
             xlabel="step", ylabel="potential", xlim=(-0.5, len(steps) - 0.5))
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, 4))
    axes.legend(loc="upper left", frameon=False)
    bare(axes)


def draw_maps(
    target: NDArray[Any], spiking: NDArray[Any], path: Path, title: str
) -> None:
    """Attention maps of all heads, float above spikes, on one colour scale.

    Parameters
    ----------
    target, spiking : array, shape (heads, queries, keys)
    """
    plt = require_matplotlib()
    heads, top = len(target), float(max(target.max(), spiking.max()))
    figure, rows = plt.subplots(2, heads, figsize=(2.6 * heads + 1.4, 6.2), layout="constrained",
                                squeeze=False, sharex=True, sharey=True)
    for h in range(heads):
        for axes, maps in zip(rows[:, h], (target, spiking), strict=True):
            image = axes.imshow(maps[h], vmin=0, vmax=top, cmap="viridis")
        rows[0, h].set_title(f"head {h}")
        rows[1, h].set(xlabel="key (token)", xticks=range(0, target.shape[2], 4),
                       yticks=range(0, target.shape[1], 4))
    rows[0, 0].set_ylabel("float softmax\nquery (token)")
    rows[1, 0].set_ylabel("spikes\nquery (token)")
    figure.colorbar(image, ax=rows, label="attention weight", shrink=0.8)
    figure.suptitle(f"{title}\nlargest difference of a weight: "
                    f"{float(np.abs(target - spiking).max()):.3f}", fontsize=13)
    save(plt, figure, path)


def draw_accuracy(bars: Mapping[str, float], path: Path, title: str) -> None:
    """Accuracies as labelled bars, from 0 to 100 %; the last one is the control."""
    plt = require_matplotlib()
    figure, axes = plt.subplots(figsize=(8, 2.9), layout="constrained")
    names, values = list(bars), [100 * value for value in bars.values()]
    colours = [QUIET, *[INK] * (len(names) - 2), ACCENT]
    drawn = axes.barh(names, values, color=colours, height=0.65)
    axes.bar_label(drawn, fmt="%.2f %%", padding=4)
    axes.set(xlim=(0, 100), xlabel="test accuracy (%)", title=title)
    axes.set_xticks(range(0, 101, 20))
    axes.invert_yaxis()
    axes.margins(x=0)
    bare(axes)
    save(plt, figure, path)


def bare(axes: Any) -> None:
    """Without the upper and the right edge."""
    axes.spines[["top", "right"]].set_visible(False)


def save(plt: Any, figure: Any, path: Path | BinaryIO) -> None:
    """The same picture gives the same bytes: matplotlib's version stays out of the file."""
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    plt.close(figure)
