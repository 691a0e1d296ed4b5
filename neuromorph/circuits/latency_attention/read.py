"""What a run of the circuit says: numerators, normalisers, and how it went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention.motif import LatencyAttention
from neuromorph.errors import BackendError


@dataclass(frozen=True, eq=False)
class Attended:
    """Integer results of a batch of queries; any leading axes.

    Attributes
    ----------
    control : int64 array, shape (..., queries, value_size)
        Numerators: sum_i keep^(last - n_i) 2 v_i, in units of the control potential.
    normaliser : int64 array, shape (..., queries)
        Denominators in the same units; 0 where every slot was masked.
    last : int64 array, shape (..., queries)
        Step of the last match spike after the query; -1 where there was none.
    spikes, forced : int64 array, shape (..., queries)
        Match spikes of the query, and how many of them the go pulse forced.
    """

    control: NDArray[np.int64]
    normaliser: NDArray[np.int64]
    last: NDArray[np.int64]
    spikes: NDArray[np.int64]
    forced: NDArray[np.int64]

    def differs_from(self, other: Attended) -> str | None:
        """Name of the first field that is not equal to the bit, or None."""
        for name in ("control", "normaliser", "last", "spikes", "forced"):
            if not np.array_equal(getattr(self, name), getattr(other, name)):
                return name
        return None


def read(
    head: LatencyAttention, spikes: Callable[[str], NDArray[Any]],
    potential: Callable[[str], NDArray[Any]], queries: int,
) -> Attended:
    """Sample control and normaliser when `done` fires, once a query.

    Parameters
    ----------
    head : LatencyAttention
    spikes, potential : callable
        Population name to recorded array, shape (steps, size).
    queries : int
        How many queries the run held.

    Raises
    ------
    BackendError
        If `done` did not fire exactly once a query.
    """
    done_at = np.flatnonzero(spikes("done")[:, 0])
    if len(done_at) != queries:
        raise BackendError("the done neuron did not fire once a query",
                           where="latency attention", found=f"{len(done_at)} times",
                           expected=queries)
    matched = (spikes("match") != 0).sum(axis=1)
    arrival = np.arange(queries)[:, None] * head.period + 4
    windows = matched[arrival + np.arange(head.window + 1)]
    control, normaliser = potential("control")[done_at], potential("normaliser")[done_at, 0]
    return Attended(
        control=control.astype(np.int64), normaliser=normaliser.astype(np.int64),
        last=_last(windows), spikes=windows.sum(axis=1), forced=windows[:, -1],
    )


def _last(windows: NDArray[Any]) -> NDArray[np.int64]:
    steps = np.where(windows > 0, np.arange(windows.shape[1]), -1)
    return steps.max(axis=1).astype(np.int64)
