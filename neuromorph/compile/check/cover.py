"""Every neuron is on exactly one core."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neuromorph.compile.check.placed import Group, Piece, Placed
from neuromorph.compile.check.report import Violation


def check_cover(placed: Placed) -> Iterator[Violation]:
    """Slices of nothing, neurons on no core or on two, astrocytes in parts."""
    for number, piece in enumerate(placed.pieces):
        if not placed.sound(piece):
            yield _unsound(placed, number, piece)
    for circuit, rows in zip(placed.circuits, placed.rows(), strict=True):
        for group in filter(lambda g: g.needs_cores, circuit.groups.values()):
            cores = rows.get(group.name, {})
            where = f"{circuit.name}.{group.name}"
            times = np.zeros(group.size, np.int64)
            for neurons in cores.values():
                np.add.at(times, neurons, 1)
            if (times != 1).any():
                first = int(np.flatnonzero(times != 1)[0])
                yield Violation("each neuron is on exactly one core", where,
                                f"neuron {first} in {times[first]} slices", "1")
            if group.row.whole and len(cores) > 1:
                yield Violation("this population stays on one core", where,
                                f"cores {', '.join(map(str, sorted(cores)))}", "1 core")


def _unsound(placed: Placed, number: int, piece: Piece) -> Violation:
    where = f"slice {number}"
    if not 0 <= piece.circuit < len(placed.circuits):
        return Violation("a slice is of a unit of the program", where, piece.circuit,
                         f"below {len(placed.circuits)}")
    groups = placed.circuits[piece.circuit].groups
    group = groups.get(piece.group)
    if group is None or not group.needs_cores:
        return Violation("a slice is of a population that needs cores", where, piece.group,
                         ", ".join(_names(groups)))
    if not 0 <= piece.core < len(placed.cores):
        return Violation("a slice is on a core of the program", where, piece.core,
                         f"below {len(placed.cores)}")
    return Violation("a slice is within its population", where, f"{piece.start}:{piece.stop}",
                     f"0 <= start < stop <= {group.size}")


def _names(groups: dict[str, Group]) -> list[str]:
    return [name for name, group in groups.items() if group.needs_cores]
