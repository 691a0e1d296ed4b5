"""Pictures of a compiled program: where it is, what travels, what it costs and loses."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import printable
from neuromorph.report.canvas import ACCENT, INK, PALE, QUIET, bare, new_figure, png_of
from neuromorph.report.compile_tables import core_shares, drawn_resource, resource
from neuromorph.report.si import si
from neuromorph.report.text import readable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEW_CHIPS = 32
"""A board of so many is drawn whole; of a larger one only the rectangle around the chips in use."""

FEW_CELLS = 256
"""So many squares leave room for a number in each."""

LONGEST_TICK = 24
"""Characters of a layer's name on an axis."""

GAP = 2
"""Empty squares between two chips."""


def draw_pictures(report: Mapping[str, Any]) -> dict[str, bytes]:
    """PNG files by name, of all that there is to draw; none for a program that does not fit.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    if not report["fits"]:
        return {}
    pictures = {"chips": draw_chips(report)}
    if report["fidelity"]:
        pictures["fidelity"] = draw_fidelity(report)
    if report["schedule"]:
        pictures["schedule"] = draw_schedule(report)
    if any(a != b for a, b, _ in report["links"]):
        pictures["spikes"] = draw_links(report)
    if report["energy_joules"] is not None:
        pictures["energy"] = draw_energy(report)
    return pictures


# --- where the cores are


def draw_chips(report: Mapping[str, Any]) -> bytes:
    """`chips_figure` as a PNG."""
    return _png(chips_figure(report))


def chips_figure(report: Mapping[str, Any]) -> Figure:
    """Every chip's mesh, its cores coloured by how full they are of the worst resource."""
    exists, share, labels = _floor_plan(report)
    rows, columns = share.shape
    height = min(13.0, 2.0 + 10.8 * rows / columns)
    figure = new_figure(figsize=(11, height))
    axes: Any = figure.subplots()
    edges = {"edgecolors": "white", "linewidth": 0.6 if columns < FEW_CELLS else 0}
    axes.pcolormesh(np.where(exists, 0.0, np.nan), cmap=_one_colour(PALE), **edges)
    mesh = axes.pcolormesh(share, cmap="viridis_r", vmin=0, vmax=max(1.0, np.nanmax(share)),
                           **edges)
    if share.size <= FEW_CELLS:
        _write_shares(axes, share)
    for (row, column), chip in labels.items():
        axes.text(column, row - 0.15, f"chip {chip}", fontsize=9, color=INK)
    axes.set_aspect("equal")
    axes.set_title(_chips_title(report), pad=20, parse_math=False)
    axes.invert_yaxis()
    axes.axis("off")
    bar = figure.colorbar(mesh, ax=axes, orientation="horizontal", shrink=0.5, aspect=40,
                          format=lambda tick, _: f"{100 * tick:.0f} %")
    bar.set_label(f"{resource(drawn_resource(report))}: share in use; pale: a core that is free")
    return figure


def chip_at(chip: int, columns: int) -> tuple[int, int]:
    """Row and column of a chip: the board is filled to and fro, as `compile.packing.place` does."""
    row, column = divmod(chip, columns)
    return row, columns - 1 - column if row % 2 else column


def _floor_plan(
    report: Mapping[str, Any]
) -> tuple[NDArray[np.bool_], NDArray[np.float64], dict[tuple[int, int], int]]:
    """Which squares are cores, how full those in use are, and where a chip's name stands."""
    (wide, high), side = _squares(report)
    grid = report["chip_grid_columns"]
    place = {chip: chip_at(chip, grid) for chip in _chips_drawn(report)}
    top, left = (min(at[axis] for at in place.values()) for axis in (0, 1))
    corner = {chip: ((row - top) * (high + GAP), (column - left) * (wide + GAP))
              for chip, (row, column) in place.items()}
    down, along = (max(at[axis] for at in corner.values()) for axis in (0, 1))
    exists = np.zeros((down + high, along + wide), np.bool_)
    share = np.full(exists.shape, np.nan)
    for row, column in corner.values():
        exists[row : row + high, column : column + wide] = True
    full = core_shares(report, drawn_resource(report))
    for (chip, x, y, *_), filled in zip(report["core_table"], full, strict=True):
        tile, core = divmod(x, side * side)
        at = corner[chip][0] + y * side + core // side, corner[chip][1] + tile * side + core % side
        share[at] = filled
    many = len(corner) > FEW_CHIPS or len(corner) == 1
    return exists, share, {} if many else {at: chip for chip, at in corner.items()}


def _squares(report: Mapping[str, Any]) -> tuple[tuple[int, int], int]:
    """Columns and rows of a chip as it is drawn; cores on the side of a tile, 2 if it has 4."""
    columns, rows = report["mesh"]
    side = math.isqrt(report["cores_per_tile"])
    if side * side != report["cores_per_tile"]:
        side = 1
    return (columns // side, rows * side), side


def _chips_drawn(report: Mapping[str, Any]) -> list[int]:
    """All chips of a small board; of a large one those in the rectangle of those in use."""
    grid = report["chip_grid_columns"]
    if report["chips"] <= FEW_CHIPS:
        return list(range(report["chips"]))
    used = [chip_at(row[0], grid) for row in report["core_table"]]
    rows, columns = zip(*used, strict=True)
    near = range(min(rows) * grid, min(report["chips"], (max(rows) + 1) * grid))
    return [c for c in near if min(columns) <= chip_at(c, grid)[1] <= max(columns)]


def _write_shares(axes: Any, share: NDArray[np.float64]) -> None:
    for row, column in np.argwhere(np.isfinite(share)):
        filled = share[row, column]
        axes.text(column + 0.5, row + 0.5, f"{100 * filled:.0f}", ha="center", va="center",
                  fontsize=8, color="white" if filled > 0.5 else INK)


def _chips_title(report: Mapping[str, Any]) -> str:
    return (f"{printable(report['title'])}: {readable(report['cores_used'])} of "
            f"{readable(report['cores_usable'])} usable cores in use")


# --- what travels


def draw_links(report: Mapping[str, Any]) -> bytes:
    """`links_figure` as a PNG."""
    return _png(links_figure(report))


def links_figure(report: Mapping[str, Any]) -> Figure:
    """Packets from chip to chip, or from core to core where there is but one chip."""
    matrix, names, what = _packets(report)
    side = min(6.4, 3 + 0.4 * len(names))
    figure = new_figure(figsize=(side + 1.1, side))
    axes: Any = figure.subplots()
    image = axes.imshow(np.where(matrix > 0, matrix, np.nan), cmap="viridis_r", norm="log")
    axes.set_facecolor(PALE)
    if matrix.size <= FEW_CELLS:
        _write_packets(axes, matrix)
    else:
        _colour_key(figure, image, matrix)
    ticks = range(0, len(names), -(-len(names) // 16))
    axes.set(xticks=ticks, xticklabels=[names[i] for i in ticks], yticks=ticks,
             yticklabels=[names[i] for i in ticks], xlabel=f"to {what}", ylabel=f"from {what}",
             title=f"Packets from {what} to {what},\n{report['per']}")
    return figure


def _packets(report: Mapping[str, Any]) -> tuple[NDArray[np.float64], list[int], str]:
    """Packets by ends, what is at the ends, and whether those are chips or cores."""
    by_chip = report["chips_used"] > 1
    at = [row[0] if by_chip else n for n, row in enumerate(report["core_table"])]
    names = sorted(set(at))
    index = {name: i for i, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)))
    for source, target, packets in report["links"]:
        if source != target:  # a spike that stays in its core is no packet
            matrix[index[at[source]], index[at[target]]] += packets
    return matrix, names, "chip" if by_chip else "core"


def _write_packets(axes: Any, matrix: NDArray[np.float64]) -> None:
    middle = math.sqrt(matrix[matrix > 0].min() * matrix.max())
    for row, column in np.argwhere(matrix > 0):
        count = matrix[row, column]
        axes.text(column, row, readable(float(round(count))), ha="center", va="center", fontsize=9,
                  color="white" if count >= middle else INK)


def _colour_key(figure: Any, image: Any, matrix: NDArray[np.float64]) -> None:
    """Ticks at equal ratios: the default ones crowd where the range is wide."""
    ends = np.geomspace(matrix[matrix > 0].min(), matrix.max(), 5)
    bar = figure.colorbar(image, ax=image.axes, shrink=0.8, label="packets (pale: none)",
                          ticks=ends, format=lambda tick, _: readable(float(f"{tick:.3g}")))
    bar.minorticks_off()


# --- what it costs, what it loses, and when


def draw_energy(report: Mapping[str, Any]) -> bytes:
    """`energy_figure` as a PNG."""
    return _png(energy_figure(report))


def energy_figure(report: Mapping[str, Any]) -> Figure:
    """Energy by kind of event, with one cost set, static power first."""
    kinds = {name: joules for name, joules in report["energy_joules"].items() if joules}
    figure = new_figure(figsize=(9, 3.4))
    axes: Any = figure.subplots()
    bars = axes.barh(list(kinds), list(kinds.values()), color=INK, height=0.65)
    axes.bar_label(bars, [si(joules, "J") for joules in kinds.values()], padding=4)
    axes.set(xlabel="energy", title=f"Estimate, not a measurement: "
             f"{si(report['energy_total_joules'], 'J')} for {report['per']}\n"
             f"costs {report['costs']}")
    axes.xaxis.set_major_formatter(lambda tick, _: si(tick, "J"))
    axes.invert_yaxis()
    axes.margins(x=0.12)
    bare(axes)
    return figure


def draw_fidelity(report: Mapping[str, Any]) -> bytes:
    """`fidelity_figure` as a PNG."""
    return _png(fidelity_figure(report))


def fidelity_figure(report: Mapping[str, Any]) -> Figure:
    """Every head's cosine to float attention, by layer; the worst is named."""
    heads = [h for h in report["fidelity"] if h["cosine"] is not None
             and math.isfinite(h["cosine"])]
    layers = sorted({h["layer"] for h in report["fidelity"]}, key=_natural)
    at = {layer: x - 0.25 for x, layer in enumerate(layers)}
    spread = 0.5 / max([1, *(h["head"] for h in report["fidelity"])])
    figure = new_figure(figsize=(11, 3.6))
    axes: Any = figure.subplots()
    axes.scatter([at[h["layer"]] + spread * h["head"] for h in heads],
                 [h["cosine"] for h in heads], s=28, color=INK, alpha=0.7, linewidths=0)
    if heads:
        worst = heads[0]
        axes.set_title(f"worst: {printable(worst['layer'])}, head {worst['head']}, "
                       f"{worst['cosine']:.5f}", parse_math=False)
        axes.scatter([at[worst["layer"]] + spread * worst["head"]], [worst["cosine"]], s=60,
                     color=ACCENT, linewidths=0)
    step = -(-len(layers) // 16)
    axes.set_xticks(range(0, len(layers), step), short_names(layers)[::step], parse_math=False)
    axes.set(xlim=(-0.6, len(layers) - 0.4), xlabel="layer; a dot a head",
             ylabel="cosine to float attention")
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.grid(axis="y", color=PALE)
    axes.set_axisbelow(True)
    bare(axes)
    return figure


def _natural(name: str) -> list[tuple[int, str]]:
    """Layer 2 before layer 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def short_names(layers: Sequence[str]) -> list[str]:
    """The number that tells a layer from the next, if that is all that differs."""
    frames = {re.sub(r"\d+", "#", name) for name in layers}
    numbers = [re.findall(r"\d+", name) for name in layers]
    if len(frames) == 1 and all(len(found) == 1 for found in numbers):
        return [found[0] for found in numbers]
    return [printable(name, LONGEST_TICK) for name in layers]


def draw_schedule(report: Mapping[str, Any]) -> bytes:
    """`schedule_figure` as a PNG."""
    return _png(schedule_figure(report))


def schedule_figure(report: Mapping[str, Any]) -> Figure:
    """The phases of one query on one axis of steps."""
    phases = report["schedule"]
    figure = new_figure(figsize=(11, 1.1 + 0.42 * len(phases)))
    axes: Any = figure.subplots()
    names = [name for name, _, _ in phases]
    bars = axes.barh(names, [stop - start for _, start, stop in phases],
                     left=[start for _, start, _ in phases], color=QUIET, height=0.6)
    axes.bar_label(bars, [_steps(stop - start) for _, start, stop in phases], padding=4)
    axes.set(xlabel="step of the query", title="One query of one head, phase by phase")
    axes.invert_yaxis()
    axes.margins(x=0.08)
    axes.set_xlim(left=0)
    bare(axes)
    return figure


def _steps(count: int) -> str:
    return f"{count} step{'s' if count != 1 else ''}"


# --- matplotlib


def _one_colour(colour: str) -> Any:
    from matplotlib.colors import ListedColormap

    return ListedColormap([colour])


def _png(figure: Figure) -> bytes:
    return png_of(figure, bbox_inches="tight")
