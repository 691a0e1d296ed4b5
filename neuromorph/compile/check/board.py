"""Cores are where the board has some.

Column and row count cores: those of one tile lie side by side in a row of the mesh.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neuromorph.compile.check.placed import Placed
from neuromorph.compile.check.report import Violation
from neuromorph.profiles import Profile


def check_board(placed: Placed, profile: Profile) -> Iterator[Violation]:
    """Places off the board, twice used, and chips that are too full."""
    chip = profile.chip
    sides = {"chip": profile.board.chips, "column": chip.mesh_columns * chip.cores_per_tile,
             "row": chip.mesh_rows}
    for index, (name, size) in enumerate(sides.items()):
        value = placed.cores[:, index]
        for core in np.flatnonzero((value < 0) | (value >= size)):
            yield Violation(f"{name} of a core", f"core {core}", int(value[core]),
                            f"0 to {size - 1}")
    places, times = np.unique(placed.cores, axis=0, return_counts=True)
    for place in places[times > 1]:
        same = np.flatnonzero((placed.cores == place).all(axis=1))
        yield Violation("one core a place", "place " + ", ".join(map(str, place.tolist())),
                        "cores " + ", ".join(map(str, same.tolist())), "1 core")
    for number, used in zip(*np.unique(placed.cores[:, 0], return_counts=True), strict=True):
        if used > chip.cores_usable:
            yield Violation("cores of a chip", f"chip {number}", int(used), chip.cores_usable)
    if len(placed.cores) > profile.cores_usable:
        yield Violation("cores of the board", placed.profile, len(placed.cores),
                        profile.cores_usable)
