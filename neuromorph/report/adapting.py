"""What adaptation did, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from neuromorph.report.tables import rows_table

ROWS = (("the new text, before", "before"), ("the new text, after", "after"),
        ("the bundle's own sample, before", "own_before"),
        ("the bundle's own sample, after", "own_after"))


def fit_table(found: Mapping[str, Any]) -> Table:
    """How codes and windows fit, before and after."""
    rows = []
    for label, name in ROWS:
        fit = found[name]
        rows.append((label, f"{fit['clipped']:.3%}", f"{fit['forced']:.2g}",
                     f"{fit['worst_forced']:.2g}", f"{fit['cosine']:.5f}", f"{fit['steps']:.1f}"))
    return rows_table(
        f"Adapted to {found['adapted_to']} passages, measured on {found['measured_on']} others",
        ("on", "clipped", "forced a query", "worst layer", "cosine", "steps"), rows)
