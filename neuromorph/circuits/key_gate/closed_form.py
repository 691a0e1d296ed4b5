"""The closed form of a gate of keys."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.key_gate.build import KeyGate
from neuromorph.errors import UsageError
from neuromorph.shapes import Bool, Int64, Integer


def open_gates(
    gate: KeyGate, queries: Annotated[Integer, "queries rank"],
    mask: Annotated[Bool, "queries keys"] | None = None,
) -> Annotated[Bool, "queries keys"]:
    """n_i <= min_j n_j + margin with n_i = clip(ceil((top - 2 a.b_i) / ramp), 0, window + 1).

    Parameters
    ----------
    gate : KeyGate
    queries : int array, shape (queries, rank)
        Codes within the gate's limit.
    mask : bool array, shape (queries, keys), optional
        True where a query may look; everywhere if left out.

    Returns
    -------
    bool array, shape (queries, keys)
        All False for a query that may look nowhere.
    """
    steps = gate_steps(gate, queries)
    seen = np.ones(steps.shape, np.bool_) if mask is None else mask
    first = np.where(seen, steps, gate.window + 1).min(axis=1, keepdims=True)
    found: NDArray[np.bool_] = seen & (steps <= first + gate.margin)
    return found


def gate_steps(
    gate: KeyGate, queries: Annotated[Integer, "queries rank"]
) -> Annotated[Int64, "queries keys"]:
    """n_i of every key, open or not, shape (queries, keys)."""
    scores = 2 * np.asarray(queries, np.int64) @ np.asarray(gate.keys, np.int64).T
    return np.clip(-((scores - gate.top) // gate.ramp), 0, gate.window + 1)


def groups_open(
    opened: Annotated[Bool, "queries keys"], size: int
) -> Annotated[Bool, "queries groups"]:
    """Whether any gate of each group of so many keys is open, shape (queries, groups).

    Raises
    ------
    UsageError
        If a group has no keys.
    """
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise UsageError("a group of keys has no such size", where="key gate", found=size,
                         expected="at least 1")
    starts = np.arange(0, opened.shape[1], size)
    found: NDArray[np.bool_] = np.logical_or.reduceat(opened, starts, axis=1)
    return found
