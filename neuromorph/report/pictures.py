"""Pictures of spiking attention, drawn with matplotlib and saved as PNG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.report.canvas import ACCENT, INK, PALE, QUIET, bare, new_figure, write_png
from neuromorph.shown import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 6
"""Heads beside each other; further ones stand below."""

FEW_SLOTS = 32
"""So many slots leave room for a tick and a bar each."""

STEPS = (1, 2, 4, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)
"""From one tick to the next."""

FEW_TICKS = 6
"""On the axes of a small map."""


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
    target, spiking : array, shape (slots,)
        Attention weights in float, and those that the spikes stand for.
    image : array, shape (side, side), optional
    patch : int
        Side of a patch of the image; slot 0 is the class token, slot 1 the first patch.
    """

    target: NDArray[Any]
    spiking: NDArray[Any]
    image: NDArray[Any] | None = None
    patch: int = 0


def draw_raster(episode: Episode, query: Query, path: Path, title: str) -> None:
    """`raster_figure` as a PNG."""
    write_png(raster_figure(episode, query, title), path)


def raster_figure(episode: Episode, query: Query, title: str) -> Figure:
    """Query, match spikes and control potentials of one query; the last two on one time axis."""
    figure = new_figure(figsize=(11, 9.5))
    corner = "query" if query.image is None else "image"
    axes: Any = figure.subplot_mosaic(
        [[corner, "query"], ["weights", "match"], ["none", "control"]],
        width_ratios=(1, 3.2), height_ratios=(1.1, 2, 2))
    axes["match"].sharex(axes["control"])
    axes["weights"].sharey(axes["match"])
    axes["none"].remove()
    if query.image is not None:
        _draw_image(axes["image"], query.image, query.patch)
    _draw_query(axes["query"], episode)
    _draw_weights(axes["weights"], query)
    _draw_match(axes["match"], episode)
    _draw_control(axes["control"], episode)
    figure.suptitle(title, fontsize=14, parse_math=False)
    return figure


def _draw_image(axes: Any, image: NDArray[Any], patch: int) -> None:
    axes.imshow(image, cmap="gray_r")
    side = len(image)
    for edge in range(0, side + 1, patch):
        axes.axhline(edge - 0.5, color=QUIET, linewidth=0.6)
        axes.axvline(edge - 0.5, color=QUIET, linewidth=0.6)
    numbers = np.arange((side // patch) ** 2).reshape(side // patch, -1)
    for (row, column), number in np.ndenumerate(numbers):
        axes.text(column * patch - 0.35, row * patch + 0.1, str(number + 1),
                  color=ACCENT, fontsize=7)
    axes.set(xticks=[], yticks=[], title="image, its patches by slot")


def _draw_query(axes: Any, episode: Episode) -> None:
    axes.bar(np.arange(len(episode.query)), episode.query,
             color=[INK if q >= 0 else ACCENT for q in episode.query], width=0.7)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set(title="query: one graded spike a dimension", xlabel="query axon", ylabel="payload",
             xticks=_ticks(len(episode.query)))
    bare(axes)


def _ticks(count: int) -> range:
    """Every number of few, some of many."""
    return range(0, count, 1 if count <= FEW_SLOTS else -(-count // (FEW_SLOTS // 2)))


def _draw_weights(axes: Any, query: Query) -> None:
    slots = np.arange(len(query.target))
    few = len(slots) <= FEW_SLOTS
    axes.barh(slots, query.target, height=0.8 if few else 1.0, color=QUIET, label="float softmax")
    if few:
        axes.barh(slots, query.spiking, height=0.3, color=INK, label="spikes")
    else:
        axes.plot(query.spiking, slots, ".", color=INK, markersize=3, label="spikes")
    axes.set(title="attention weight", xlabel="weight", ylabel="slot", yticks=_ticks(len(slots)),
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
    size = 70 * min(1.0, FEW_SLOTS / episode.match.shape[1]) ** 2  # a spike is as high as a slot
    axes.scatter(steps, slots, s=max(1.0, size), marker="|", linewidths=2.5, alpha=shade,
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
    axes.xaxis.get_major_locator().set_params(integer=True)
    # In the empty corner to the left: inside, lines or "read" would lie below it.
    axes.legend(loc="upper right", bbox_to_anchor=(-0.1, 1.0), frameon=False).set_in_layout(False)
    bare(axes)


def draw_maps(
    target: NDArray[Any], spiking: NDArray[Any], path: Path, title: str
) -> None:
    """`maps_figure` as a PNG."""
    write_png(maps_figure(target, spiking, title), path)


def maps_figure(
    target: NDArray[Any], spiking: NDArray[Any], title: str, names: Sequence[str] | None = None,
) -> Figure:
    """Attention maps of all heads, float above spikes, on one colour scale.

    Parameters
    ----------
    target, spiking : array, shape (heads, queries, keys)
    title : str
    names : sequence of str, optional
        Over each head; ``head 0``, … if left out.
    """
    heads, queries, keys = target.shape
    names = names or [f"head {h}" for h in range(heads)]
    across = min(heads, COLUMNS)
    down = -(-heads // across)
    top = float(max(target.max(), spiking.max()))
    high = min(1.6, max(0.45, queries / keys))  # few queries of many keys are a low picture
    figure = new_figure(figsize=(2.6 * across + 1.4, down * (4.6 * high + 0.9) + 0.8))
    rows = figure.subplots(2 * down, across, squeeze=False, sharex=True, sharey=True)
    for h in range(down * across):
        pair = rows[2 * (h // across) : 2 * (h // across) + 2, h % across]
        if h >= heads:
            _hide(pair)
            continue
        for axes, maps in zip(pair, (target, spiking), strict=True):
            image = axes.imshow(maps[h], norm=_by_root(top), cmap="viridis", aspect="auto",
                                interpolation="nearest")
        pair[0].set_title(names[h], parse_math=False)
        pair[1].set(xticks=_few_ticks(keys), yticks=_few_ticks(queries))
    for place in range(down):
        rows[2 * place, 0].set_ylabel("float softmax\nquery")
        rows[2 * place + 1, 0].set_ylabel("spikes\nquery")
    for axes in rows[-1]:
        axes.set_xlabel("key")
    figure.colorbar(image, ax=rows, shrink=0.8, aspect=30 * down,
                    label="attention weight (colours follow its root)")
    figure.suptitle(f"{title}\nlargest difference of a weight: "
                    f"{float(np.abs(target - spiking).max()):.3f}", fontsize=13, parse_math=False)
    return figure


def _by_root(top: float) -> Any:
    """Colours that tell small weights from none."""
    from matplotlib.colors import PowerNorm

    return PowerNorm(0.5, vmin=0, vmax=top or 1.0)


def _few_ticks(count: int) -> range:
    """Round numbers at equal distances."""
    wide = (step for step in STEPS if count <= FEW_TICKS * step)
    return range(0, count, next(wide, -(-count // FEW_TICKS)))


def _hide(pair: Iterable[Any]) -> None:
    for axes in pair:
        axes.axis("off")


def draw_accuracy(
    bars: Mapping[str, float], path: Path, title: str,
    intervals: Sequence[tuple[float, float]] | None = None,
) -> None:
    """`accuracy_figure` as a PNG."""
    write_png(accuracy_figure(bars, title, intervals), path)


def accuracy_figure(
    bars: Mapping[str, float], title: str,
    intervals: Sequence[tuple[float, float]] | None = None,
) -> Figure:
    """Accuracies as labelled bars, from 0 to 100 %; the last one is the control.

    Parameters
    ----------
    bars : mapping of name to share
    title : str
    intervals : sequence of (low, high), optional
        Shares, of each bar.
    """
    figure = new_figure(figsize=(8, 2.9))
    axes: Any = figure.subplots()
    names, values = list(bars), [100 * value for value in bars.values()]
    colours = [QUIET, *[INK] * (len(names) - 2), ACCENT]
    drawn = axes.barh(names, values, color=colours, height=0.65)
    labels = [f"{value:.2f} %" for value in values]
    if intervals is not None:
        for row, (value, (low, high)) in enumerate(zip(values, intervals, strict=True)):
            ends = [[max(0.0, value - 100 * low)], [max(0.0, 100 * high - value)]]
            axes.errorbar([value], [row], xerr=ends, fmt="none", capsize=3, clip_on=False,
                          ecolor=QUIET if colours[row] == INK else INK)
        labels = [f"{label} ({100 * low:.1f} to {100 * high:.1f})"
                  for label, (low, high) in zip(labels, intervals, strict=True)]
    axes.bar_label(drawn, labels, padding=14)
    axes.set(xlim=(0, 100), xlabel="test accuracy (%)", title=title)
    axes.set_xticks(range(0, 101, 20))
    axes.invert_yaxis()
    axes.margins(x=0)
    bare(axes)
    return figure
