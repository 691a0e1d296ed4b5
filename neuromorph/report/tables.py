"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from neuromorph.translate import HeadFidelity

WORST = 12
"""Rows of a fidelity table; the rest are summed up."""


def numbers_table(title: str, rows: Mapping[str, object]) -> Table:
    """Two columns: what, and how much."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    for name, value in rows.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    return table


def fidelity_table(fidelity: Sequence[HeadFidelity]) -> Table:
    """The heads that lose most, worst first."""
    worst = sorted(fidelity, key=lambda f: f.cosine)[:WORST]
    title = f"Fidelity of {len(fidelity)} heads, the {len(worst)} worst first"
    table = Table(title=title, title_justify="left")
    for name in ("layer", "head", "cosine", "KL (nat)", "forced", "spikes/query", "steps/query"):
        table.add_column(name, justify="left" if name == "layer" else "right")
    for f in worst:
        table.add_row(f.layer, str(f.head), f"{f.cosine:.5f}", f"{f.kl:.5f}", str(f.forced),
                      f"{f.spikes_per_query:.1f}", str(f.steps))
    return table


def inspection_tables(result: Mapping[str, Any]) -> list[Table]:
    """What `neuromorph.api.inspect.describe` found: the whole, and its layers."""
    general = {k: v for k, v in result.items() if k not in ("layers", "options", "provenance",
                                                           "files", "notes")}
    tables = [numbers_table(f"{result['kind']} {result['path']}", general)]
    for part in ("options", "provenance", "files"):
        if result.get(part):
            tables.append(numbers_table(part, result[part]))
    columns = list(result["layers"][0])
    table = Table(title=f"{len(result['layers'])} layers", title_justify="left")
    for name in columns:
        table.add_column(name, justify="left" if name == "layer" else "right")
    for layer in result["layers"]:
        table.add_row(*(_short(layer[name]) for name in columns))
    return [*tables, table]


def diagnosis_tables(result: Mapping[str, Any]) -> list[Table]:
    """What `neuromorph.api.doctor.diagnose` found: the machine, the packages, what to install."""
    general = {k: v for k, v in result.items() if k != "packages"}
    table = Table(title="Packages", title_justify="left")
    for name in ("group", "name", "installed", "tested", "status"):
        table.add_column(name)
    for package in result["packages"]:
        table.add_row(*(str(package[name] or "-")
                        for name in ("group", "name", "installed", "tested", "status")))
    missing = {p["name"]: p["install"] for p in result["packages"] if p["install"]}
    tables = [numbers_table("This machine", general), table]
    return [*tables, numbers_table("What installs the missing", missing)] if missing else tables


def _short(value: object) -> str:
    if isinstance(value, list) and value:
        return f"{min(value)}…{max(value)}"
    return str(value)
