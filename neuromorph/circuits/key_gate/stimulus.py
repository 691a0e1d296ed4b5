"""What a host sends to a gate for a sequence of queries, and what it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np

from neuromorph.circuits.key_gate.build import ARRIVAL, QUERY_AT, SWEEP, KeyGate, waveform
from neuromorph.errors import UsageError
from neuromorph.shapes import Bool, Int64, Integer, Num

TAIL_STEPS = 1
"""Steps after the last period, none of which a read-out needs but the step of a spike itself."""


def stimulate(
    gate: KeyGate, queries: Annotated[Integer, "queries rank"],
    mask: Annotated[Bool, "queries keys"] | None = None,
) -> tuple[dict[str, Annotated[Int64, "_ _"]], int]:
    """Source trains for queries one after the other, and their steps.

    Raises
    ------
    UsageError
        If codes or mask do not fit the gate.
    """
    count, (keys, rank) = len(queries), gate.keys.shape
    seen = np.ones((count, keys), np.bool_) if mask is None else mask
    if (queries.ndim != 2 or not count or queries.shape[1] != rank
            or not np.issubdtype(queries.dtype, np.integer)
            or np.abs(queries).max() > gate.limit):
        raise UsageError("queries do not fit the gate", where="key gate",
                         found=f"{queries.dtype}, shape {queries.shape}",
                         expected=f"codes up to {gate.limit}, (queries, {rank})")
    if seen.shape != (count, keys) or seen.dtype != np.bool_:
        raise UsageError("the mask does not fit the gate", where="key gate",
                         found=f"{seen.shape} {seen.dtype}", expected=f"({count}, {keys}) bool")
    steps = count * gate.period + TAIL_STEPS
    starts = np.arange(count) * gate.period
    trains = {name: np.zeros((steps, size), np.int64) for name, size in
              (("guess", rank), ("drive", 1), ("mask", keys), ("ask", 1))}
    drive = waveform(gate)
    for start in starts:
        trains["drive"][start : start + len(drive), 0] = drive
    trains["guess"][starts + QUERY_AT] = queries
    trains["mask"][starts + QUERY_AT - 1] = np.where(seen, 0, SWEEP)
    trains["ask"][starts + ARRIVAL + gate.window + 1, 0] = 1
    return trains, steps


def read(
    gate: KeyGate, spikes: Callable[[str], Annotated[Num, "steps _"]], queries: int
) -> tuple[Annotated[Bool, "queries groups"], Annotated[Int64, "queries"]]:
    """Which gates are open, (queries, keys), and how many are said to be closed, (queries,)."""
    at = np.arange(queries) * gate.period + gate.known_at
    return spikes("hold")[at] == 0, spikes("count")[at, 0].astype(np.int64)
