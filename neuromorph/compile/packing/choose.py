"""Of two ways to cut, the one with fewer cores; of as many, the one whose phases wait less."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from neuromorph.compile.packing.balance import Loads
from neuromorph.compile.packing.demand import Demand
from neuromorph.compile.packing.even import evenly
from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.packing.out_axons import cut_within_out_axons, of_cores, out_axons
from neuromorph.compile.packing.ways import USUAL, Ways
from neuromorph.compile.program import Program, Slice


def packed(
    program: Program, found: Sequence[Sequence[Demand]], limits: Limits, ways: Ways = USUAL,
    going: Callable[[], None] = lambda: None,
) -> tuple[Slice, ...]:
    """Slices of all units' populations: cut with few spikes between cores, or evenly.

    Parameters are those of `cut_within_out_axons`, which also says what is raised.
    """
    slices = cut_within_out_axons(program, found, limits, ways, going)
    cores = _cores(slices)
    even = evenly(found, limits, ways) if cores > 1 else None
    if even is None or _cores(even) > cores or not _keeps_to_out_axons(program, even, limits):
        return slices
    if _cores(even) < cores:
        return even
    loads = Loads(program.units)
    return even if loads.busiest(even) < loads.busiest(slices) else slices


def _cores(slices: Sequence[Slice]) -> int:
    return 1 + max((piece.core for piece in slices), default=-1)


def _keeps_to_out_axons(program: Program, slices: tuple[Slice, ...], limits: Limits) -> bool:
    taken = out_axons(replace(program, slices=slices))
    return bool(of_cores(slices, taken).max(initial=0) <= limits.out_axons)
