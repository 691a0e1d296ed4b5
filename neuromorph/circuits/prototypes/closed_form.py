"""First spikes of rows by whole numbers alone: what the network must say."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.prototypes.numbers import Prototypes
from neuromorph.shapes import Int64, Integer

SILENT = -1
"""The step of a row that does not fire."""


def first_steps(
    numbers: Prototypes, codes: Annotated[Integer, "prototypes features"],
    queries: Annotated[Integer, "queries features"], ramp: int,
) -> Annotated[Int64, "queries prototypes"]:
    """max(0, ceil((threshold + 1 - 2 k.q) / ramp)), or -1 where that is after the ramp.

    Parameters
    ----------
    numbers : Prototypes
    codes : int array, shape (prototypes, features)
    queries : int array, shape (queries, features)
    ramp : int
        Steps of the ramp.

    Returns
    -------
    int array, shape (queries, prototypes)
    """
    similar = 2 * (np.asarray(queries, np.int64) @ np.asarray(codes, np.int64).T)
    missing = numbers.threshold + 1 - similar
    steps: NDArray[np.int64] = np.maximum(-(-missing // numbers.ramp), 0)
    return np.where(steps > ramp, SILENT, steps)
