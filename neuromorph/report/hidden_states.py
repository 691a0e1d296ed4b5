"""Picture of a whole transformer: its hidden states by layer, float against integers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError
from neuromorph.report.canvas import (
    ACCENT,
    INK,
    PALE,
    QUIET,
    bare,
    new_figure,
    write_png,
)
from neuromorph.translate.block.compared import cosines as cosines_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCATTERED = 4
"""Layers that are shown number by number, the first and the last among them."""

LEAST = 1e-9
"""Where 1 - cosine ends: float64 says no less of so many numbers."""


def draw_hidden_states(
    floats: NDArray[Any], decoded: NDArray[Any], path: Path, title: str,
    names: Sequence[str] | None = None,
) -> None:
    """How far the integers of each layer are from float, and some layers number by number.

    Parameters
    ----------
    floats, decoded : array, shape (layers, tokens, width)
        Hidden states: what the float model has, and what the integers stand for.
    path : Path
        Of a PNG.
    title : str
    names : sequence of str, optional
        Of layers; ``embedding`` and ``block 0``, ... if left out.

    Raises
    ------
    UsageError
        If the two have different shapes, or hold nothing.
    MissingExtraError, WriteError
        As `require_matplotlib`.
    """
    if floats.shape != decoded.shape or floats.ndim != 3 or not floats.size:
        raise UsageError("hidden states of two models are compared layer by layer",
                         where="hidden states", found=f"{floats.shape} and {decoded.shape}",
                         expected="twice (layers, tokens, width)")
    names = names or ["embedding", *(f"block {n}" for n in range(len(floats) - 1))]
    if len(names) != len(floats):
        raise UsageError("layers have other names", where="hidden states", found=len(names),
                         expected=f"{len(floats)} names")
    shown = scattered(len(floats))
    figure: Any = new_figure(figsize=(2.9 * max(len(shown), 2) + .6, 6.4))
    top, bottom = figure.add_gridspec(2, 1, height_ratios=(1, 1.15))
    _draw_distances(figure.add_subplot(top), distances(floats, decoded), names)
    below = bottom.subgridspec(1, len(shown))
    for place, layer in enumerate(shown):
        axes = figure.add_subplot(below[place])
        _draw_layer(axes, floats[layer].ravel(), decoded[layer].ravel(), names[layer])
        if not place:
            axes.set_ylabel("integers - float")
    figure.get_layout_engine().set(hspace=.06)
    figure.suptitle(title, fontsize=13)
    write_png(figure, path)


def hidden_figure(cosines: Sequence[float], title: str) -> Figure:
    """How far hidden states are from float, in front of each block and behind the last.

    ::

        1 - cosine        mean over tokens, on a scale of logarithms

    Parameters
    ----------
    cosines : sequence of float
        ``cosine_by_layer`` of an evaluation.
    title : str

    Raises
    ------
    UsageError
        If there are none.
    """
    if not cosines:
        raise UsageError("no hidden states were compared", where="cosine_by_layer", found="none",
                         hint="a bundle that was exported without streams has none to show")
    far = np.maximum(1 - np.array(cosines, np.float64), LEAST)
    figure = new_figure(figsize=(8.5, 3.6))
    axes: Any = figure.subplots()
    axes.plot(range(len(far)), far, color=INK, marker="o", markersize=5)
    worst = int(far.argmax())
    axes.plot([worst], [far[worst]], "o", color=ACCENT, markersize=7)
    axes.annotate(f"{far[worst]:.2g}", (worst, far[worst]), xytext=(0, 8), ha="center",
                  textcoords="offset points", color=ACCENT)
    last = len(far) - 1
    ticks = list(range(0, last, -(-len(far) // 12)))
    axes.set_xticks([*ticks, last], [*map(str, ticks), "end"])
    axes.set(yscale="log", ylabel="1 - cosine to float", title=title,
             xlabel="in front of block; end: behind the last")
    axes.margins(y=.18)
    axes.grid(axis="y", color=PALE)
    axes.set_axisbelow(True)
    bare(axes)
    return figure


def distances(floats: NDArray[Any], decoded: NDArray[Any]) -> NDArray[np.float64]:
    """1 - cosine of each token's hidden states, shape (layers, tokens)."""
    found = [1 - cosines_of(one, other) for one, other in zip(floats, decoded, strict=True)]
    return np.maximum(np.array(found, np.float64), LEAST)


def scattered(layers: int) -> list[int]:
    """Which layers are shown number by number: evenly from the first to the last."""
    return sorted({round(n) for n in np.linspace(0, layers - 1, min(layers, SCATTERED))})


def _draw_distances(axes: Any, far: NDArray[np.float64], names: Sequence[str]) -> None:
    """A token a dot; the mean of all as a line."""
    layers = np.arange(len(far))
    for token in far.T:
        axes.plot(layers, token, "o", color=QUIET, alpha=.45, markersize=3.5, markeredgewidth=0)
    axes.plot(layers, far.mean(axis=1), color=INK, linewidth=1.6, marker="o", markersize=5)
    axes.plot(layers, far.max(axis=1), color=ACCENT, linewidth=1, linestyle="--")
    axes.annotate("mean", (layers[-1], far[-1].mean()), xytext=(7, -3),
                  textcoords="offset points", color=INK)
    axes.annotate("worst token", (layers[-1], far[-1].max()), xytext=(7, 2),
                  textcoords="offset points", color=ACCENT)
    step = -(-len(names) // 12)
    axes.set(yscale="log", ylabel="1 - cosine to float", xticks=layers[::step],
             xticklabels=names[::step], xlim=(-.15, len(far) - 1 + .14 * max(len(far) - 1, 1)))
    axes.grid(axis="y", color=PALE)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_layer(axes: Any, floats: NDArray[Any], decoded: NDArray[Any], name: str) -> None:
    """Every number of every token: float to the right, how far the integers are off upwards."""
    off = decoded - floats
    wide, high = (1.05 * max(float(np.abs(one).max()), LEAST) for one in (floats, off))
    axes.axhline(0, color=ACCENT, linewidth=.9, zorder=1)
    axes.plot(floats, off, ".", color=INK, alpha=.35, markersize=3.5, markeredgewidth=0, zorder=2)
    error, size = (float(np.sqrt(np.mean(one**2))) for one in (off, floats))
    axes.set(title=f"{name}\nrms error {error:.2g} of {size:.2g}", xlabel="float",
             xlim=(-wide, wide), ylim=(-high, high))
    axes.title.set_fontsize(10)
    axes.spines[["top", "right"]].set_visible(False)
