"""What cross-talk costs: its table and its curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from neuromorph.report.canvas import ACCENT, INK, QUIET, bare, new_figure, write_png
from neuromorph.report.tables import rows_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = {"keys": "keys", "centred_keys": "centred keys", "coded_keys": "coded keys",
           "values": "values", "values_expected": "expected", "spikes": "both, spikes"}


LEGEND = (
    "1 is no loss, strength 0 no mixing. keys, centred keys, coded keys: only keys mix, as they "
    "are, around their mean, around their codes' centre. values: only values mix; expected: what "
    "a formula says of that. both, spikes: keys and values mix, and heads run in spikes.")
"""What the table's columns are."""


def crosstalk_tables(curve: Sequence[Mapping[str, float]]) -> list[Table | Text]:
    """The table, and what its columns are."""
    return [crosstalk_table(curve), Text(LEGEND)]


def crosstalk_table(curve: Sequence[Mapping[str, float]]) -> Table:
    """Median and worst cosine over heads, by strength, of what mixes."""
    return rows_table(
        "Cosine to float attention without mixing: median / worst head",
        ("strength", *COLUMNS.values()),
        [(f"{row['strength']:g}",
          *(f"{row[kind]:.4f}/{row[f'{kind}_worst']:.3f}" for kind in COLUMNS))
         for row in curve])


def draw_crosstalk(curve: Sequence[Mapping[str, float]], path: Path) -> None:
    """`crosstalk_figure` as a PNG."""
    write_png(crosstalk_figure(curve), path)


def crosstalk_figure(curve: Sequence[Mapping[str, float]]) -> Figure:
    """Median cosine against strength; the worst heads dotted."""
    figure = new_figure(figsize=(8.5, 4.8))
    axes = figure.subplots()
    strengths = [row["strength"] for row in curve]
    for kind, colour, marker in (("centred_keys", INK, "o"), ("keys", "#3d7ea6", "s"),
                                 ("values", QUIET, "^"), ("spikes", ACCENT, "*")):
        axes.plot(strengths, [row[kind] for row in curve], color=colour, marker=marker,
                  label=f"{COLUMNS[kind]}, median head")
        axes.plot(strengths, [row[f"{kind}_worst"] for row in curve], ":", color=colour)
    axes.plot(strengths, [row["values_expected"] for row in curve], "--", color=QUIET,
              label="values, expected")
    axes.plot([], [], ":", color=INK, label="worst heads")
    axes.set(title="How wrong may a slot be: attention whose slots mix", xlim=(0, None),
             xlabel="strength e of the mixing, X + e G X", ylim=(None, 1.005),
             ylabel="cosine to attention without mixing")
    axes.legend(frameon=False)
    bare(axes)
    return figure
