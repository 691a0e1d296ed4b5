"""The stage that adds up dense layers."""

from __future__ import annotations

from typing import Any

from neuromorph.backends.fast.lanes import beyond
from neuromorph.backends.fast.transformer.calls import Stage
from neuromorph.backends.fast.transformer.dense import rows_of, sums_of_one, sums_of_panel
from neuromorph.backends.fast.transformer.memory import bytes_at, ints_at, longs_at, shorts_at
from neuromorph.backends.fast.transformer.tables import (
    COLUMN,
    LAYER,
    LAYERS,
    LAYERS_FROM,
    LAYERS_TO,
    OUTPUTS,
    PANEL,
    PANEL_STRIDE,
    PANELS,
    SAID,
    SAID_STRIDE,
    SUMS,
    SUMS_STRIDE,
    TOKENS,
    WIDE_SAID,
)


@Stage
def add_up(first: int, stride: int, which: Any, work: Any, _counts: Any) -> None:
    """A thread's share of the sums of some layers."""
    said, narrow = ints_at(work[WIDE_SAID]), shorts_at(work[SAID])
    panel = beyond(bytes_at(work[PANELS]), first * work[PANEL_STRIDE])
    for n in range(which[LAYERS_FROM], which[LAYERS_TO]):
        layer = beyond(longs_at(work[LAYERS]), n * LAYER)
        sums = beyond(ints_at(work[SUMS]), layer[COLUMN])
        if work[TOKENS] == 1:
            begin, stop = rows_of(layer[OUTPUTS], first, stride)
            sums_of_one(layer, begin, stop, said, narrow, sums)
        else:
            for row in range(first * PANEL, layer[OUTPUTS], stride * PANEL):
                sums_of_panel(layer, row, work[TOKENS], said, narrow, work[SAID_STRIDE], panel,
                              beyond(sums, row), work[SUMS_STRIDE])
