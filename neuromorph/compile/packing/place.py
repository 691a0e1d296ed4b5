"""Where the cores are: along a line that never jumps, and what their traffic costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.packing.traffic import Traffic
from neuromorph.errors import FitError
from neuromorph.shapes import Int64

Places = NDArray[np.int64]


STRIP = 4
"""Width of the strips of a chip that are filled one after the other."""


def place(cores: int, limits: Limits) -> Annotated[Int64, "cores 3"]:
    """Chip, column and row of each core, along a line through each chip and through the board.

    A chip is filled in strips of four columns, each in a snake, up one and down the next:
    cores that follow each other are neighbours, and sixteen of them a square. Units that share
    cores are so never far apart.

    Raises
    ------
    FitError
        If the board has fewer cores.
    """
    a_chip = _check_fit(cores, limits)
    line = np.array(list(_line(limits.columns, limits.rows)), np.int64)[:a_chip]
    index = np.arange(cores)
    return np.concatenate([(index // a_chip)[:, None], line[index % a_chip]], axis=1)


def row_by_row(cores: int, limits: Limits) -> Annotated[Int64, "cores 3"]:
    """Every row of a chip from left to right: what to compare with."""
    a_chip = _check_fit(cores, limits)
    index = np.arange(cores)
    at = index % a_chip
    return np.stack([index // a_chip, at % limits.columns, at // limits.columns], axis=1)


def _check_fit(cores: int, limits: Limits) -> int:
    """Cores of a chip, if the board has enough of them."""
    if limits.total_cores is not None and cores > limits.total_cores:
        raise FitError("the board has too few cores", found=cores, expected=limits.total_cores)
    return limits.cores or max(cores, 1)


def _line(columns: int, rows: int) -> Iterator[tuple[int, int]]:
    for strip, left in enumerate(range(0, columns, STRIP)):
        across = range(left, min(left + STRIP, columns))
        up = range(rows) if strip % 2 == 0 else range(rows - 1, -1, -1)
        for n, row in enumerate(up):
            for column in across if n % 2 == 0 else reversed(across):
                yield column, row


def coordinates(places: Annotated[Int64, "cores 3"], limits: Limits) -> Annotated[Int64, "cores 2"]:
    """Column and row of each core's tile on one mesh over the board, shape (cores, 2)."""
    chip = places[:, 0]
    row, column = chip // limits.chip_columns, chip % limits.chip_columns
    column = np.where(row % 2, limits.chip_columns - 1 - column, column)
    return np.stack([(column * limits.columns + places[:, 1]) // limits.tile,
                     row * limits.rows + places[:, 2]], axis=1)


def hops(traffic: Traffic, places: Annotated[Int64, "cores 3"], limits: Limits) -> float:
    """Sum over packets of the mesh steps they travel."""
    at = coordinates(places, limits)
    distance = np.abs(at[traffic.source] - at[traffic.target]).sum(axis=1)
    return float((distance * traffic.packets).sum())
