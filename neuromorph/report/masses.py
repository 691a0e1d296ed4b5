"""Windows by what they keep, as tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.table import Table

from neuromorph.report.tables import WORST, rows_table
from neuromorph.translate import HeadWindow


def window_tables(windows: Sequence[HeadWindow]) -> list[Table]:
    """The heads that keep least, and the mean of all; nothing without windows by mass."""
    if not windows:
        return []
    mean = np.mean([_shares(one) for one in windows], axis=0).tolist()
    steps = float(np.mean([one.steps for one in windows]))
    worst = sorted(windows, key=lambda one: one.kept)[:WORST]
    return [rows_table(
        "What windows keep of the attention, least first; a match neuron speaks once a query, also "
        "below its window: what is saved are steps",
        ("layer", "head", "mass kept", "keys above the floor", "keys needed", "steps"),
        [*((one.layer, one.head, *map(_percent, _shares(one)), one.steps) for one in worst),
         (f"all {len(windows)}", "mean", *map(_percent, mean), f"{steps:.1f}")])]


def _shares(one: HeadWindow) -> tuple[float, float, float]:
    return one.kept, one.above, one.needed


def _percent(share: float) -> str:
    return f"{share:.1%}"
