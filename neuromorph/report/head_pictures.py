"""Pictures of what heads lose: by layer and head, and by how many keys are in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError
from neuromorph.report.canvas import ACCENT, INK, PALE, QUIET, bare, new_figure
from neuromorph.report.compile_pictures import short_names
from neuromorph.translate import HeadFidelity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST = 1e-9
"""Where a scale of logarithms ends."""

FEW = 160
"""So many squares leave room for a number in each."""


class Length(Protocol):
    """Fidelity of all heads, where a query sees at most so many ``keys``."""

    @property
    def keys(self) -> int:
        """In sight."""

    @property
    def cosine(self) -> float:
        """Median head."""

    @property
    def cosine_worst(self) -> float:
        """Worst head."""

    @property
    def kl(self) -> float:
        """Median head, in nats."""

    @property
    def kl_worst(self) -> float:
        """Worst head, in nats."""


def heads_figure(fidelity: Sequence[HeadFidelity]) -> Figure:
    """1 - cosine and KL divergence of every head, a row a layer; the worst is framed.

    Raises
    ------
    UsageError
        If there are none.
    """
    if not fidelity:
        raise UsageError("no heads were compared", where="fidelity", found="none")
    layers = list(dict.fromkeys(one.layer for one in fidelity))
    size = len(layers), 1 + max(one.head for one in fidelity)
    names = short_names(layers)
    wide = min(13.0, 2 * (1.4 + 0.42 * size[1]) + 1.6)
    figure = new_figure(figsize=(max(7.5, wide), min(14.0, 1.9 + 0.3 * size[0])))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (what, values) in zip(panels, (
            ("1 - cosine of contexts", _grid(fidelity, layers, size, "cosine")),
            ("KL divergence (nat)", _grid(fidelity, layers, size, "kl"))), strict=True):
        _draw_grid(figure, axes, values, what)
    step = -(-size[0] // 24)
    panels[0].set_yticks(range(0, size[0], step), names[::step], parse_math=False)
    panels[0].set_ylabel("layer")
    worst = min(fidelity, key=lambda one: one.cosine)
    figure.suptitle(f"Heads against float attention; worst: layer "
                    f"{names[layers.index(worst.layer)]}, head {worst.head}, cosine "
                    f"{worst.cosine:.4f}", fontsize=12, parse_math=False)
    return figure


def _grid(
    fidelity: Sequence[HeadFidelity], layers: Sequence[str], size: tuple[int, int], what: str
) -> NDArray[np.float64]:
    """The mean of those that were measured several times."""
    at = {layer: row for row, layer in enumerate(layers)}
    total, count = np.zeros(size), np.zeros(size)
    for one in fidelity:
        total[at[one.layer], one.head] += getattr(one, what)
        count[at[one.layer], one.head] += 1
    mean = np.divide(total, count, out=np.full(size, np.nan), where=count > 0)
    return np.maximum(1 - mean if what == "cosine" else mean, LEAST)


def _draw_grid(figure: Any, axes: Any, values: NDArray[np.float64], what: str) -> None:
    image = axes.imshow(values, norm="log", cmap="viridis_r", aspect="auto")
    axes.set(title=what, xlabel="head", xticks=range(0, values.shape[1],
                                                     -(-values.shape[1] // 16)))
    figure.colorbar(image, ax=axes, shrink=0.9)
    row, column = np.unravel_index(int(np.nanargmax(values)), values.shape)
    axes.add_patch(_frame(int(column) - 0.5, int(row) - 0.5))
    if values.size <= FEW:
        middle = float(np.sqrt(np.nanmin(values) * np.nanmax(values)))
        for (y, x), value in np.ndenumerate(values):
            if np.isfinite(value):
                axes.text(x, y, f"{value:.0e}".replace("e-0", "e-"), ha="center", va="center",
                          fontsize=6, color="white" if value > middle else INK)


def _frame(x: float, y: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), 1, 1, fill=False, edgecolor=ACCENT, linewidth=2)


def context_figure(found: Sequence[Length]) -> Figure:
    """1 - cosine and KL divergence against the keys in sight; median head, and the worst.

    Raises
    ------
    UsageError
        If there are none.
    """
    if not found:
        raise UsageError("no contexts were compared", where="lengths", found="none")
    figure = new_figure(figsize=(9.5, 3.8))
    keys = [one.keys for one in found]
    panels = figure.subplots(1, 2)
    for axes, (what, median, worst) in zip(panels, (
            ("1 - cosine of contexts", [1 - one.cosine for one in found],
             [1 - one.cosine_worst for one in found]),
            ("KL divergence (nat)", [one.kl for one in found],
             [one.kl_worst for one in found])), strict=True):
        axes.plot(keys, _above(worst), "--", color=ACCENT, marker="o", markersize=4,
                  label="worst head")
        axes.plot(keys, _above(median), color=INK, marker="o", markersize=5,
                  label="median head")
        axes.set_xscale("log", base=2)
        axes.set_xticks(keys, [str(one) for one in keys])
        axes.minorticks_off()
        axes.set(title=what, xlabel="keys in sight, at most", yscale="log")
        axes.grid(axis="y", color=PALE)
        axes.tick_params(colors=INK, which="both")
        axes.spines[["left", "bottom"]].set_color(QUIET)
        bare(axes)
    panels[0].legend(frameon=False)
    figure.suptitle("What a head loses, by the length of its context", fontsize=12)
    return figure


def _above(values: Sequence[float]) -> NDArray[np.float64]:
    """What a scale of logarithms can show: of one key in sight nothing is lost."""
    array = np.array(values, np.float64)
    return np.where(array > LEAST, array, np.nan)
