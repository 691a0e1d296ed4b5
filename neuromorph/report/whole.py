"""What the export of a whole model made, in tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from neuromorph.report.tables import WORST, pairs_table, rows_table
from neuromorph.report.text import readable


def whole_tables(result: Mapping[str, Any]) -> list[Table]:
    """The model, and its blocks, the worst first.

    Parameters
    ----------
    result : mapping
        Of ``WholeReport.as_dict``.
    """
    size = f"{result['blocks']} blocks of {result['width']}, {readable(result['weights'])} weights"
    return [pairs_table("Exported", {
        "bundle": result["bundle"], "model": f"{result['family']}, {size}",
        "licence": result["licence"] or "the model names none",
        "slots": result["slots"], "steps a token": result["period"],
        "cosine behind the last block": f"{result['last_cosine']:.5f}",
        "measured on": result["fidelity_on"],
    }), layers_table(result["by_layer"])]


def layers_table(layers: Sequence[Mapping[str, Any]]) -> Table:
    """Blocks by the cosine of their hidden states to float, worst first."""
    worst = sorted(layers, key=lambda layer: layer["cosine"])[:WORST]
    some = f"the worst {WORST} of {len(layers)}" if len(layers) > WORST else "worst first"
    return rows_table(
        f"Hidden states against float: {some} (room: the largest sum, of 24 bits)",
        ("block", "cosine", "worst token", "cut off", "largest sum", "room", "window"),
        [(layer["name"], f"{layer['cosine']:.5f}", f"{layer['worst']:.5f}",
          _cut(layer["saturations"]), layer["row"], f"{layer['share']:.3f}", layer["window"])
         for layer in worst])


def _cut(saturations: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in saturations.items()) or "nothing"
