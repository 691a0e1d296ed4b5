"""Cut, and cut again, until no core needs more out-axons than it has.

::

    out-axons of a core  =  sum over its neurons i of (cores that hold a synapse of i)

Where spikes go is known only after a cut. So the first cut does not look at out-axons; where a
core then exceeds them, every neuron gets as many reserved as it took, and all is cut again. A
neuron keeps the most that it ever took: reservations only grow, until they suffice or cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, TypeAlias

import numpy as np

from neuromorph.compile.packing.core import OutAxons
from neuromorph.compile.packing.cut import cut
from neuromorph.compile.packing.demand import Demand
from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.packing.traffic import reach_of
from neuromorph.compile.packing.ways import USUAL, Ways
from neuromorph.compile.program import Program, Slice
from neuromorph.errors import FitError
from neuromorph.shapes import Int64

Taken: TypeAlias = dict[tuple[int, str], Annotated[Int64, "_"]]
"""Out-axons of each neuron, shape (size,), by unit and population."""

ROUNDS = 30
"""Cuts at most. Where one does not do, two are usual; hundreds of units may take ten."""

FEWER = "fewer slots or values, so that its spikes go to fewer cores"
"""What helps where a core has too few out-axons."""


def cut_within_out_axons(
    program: Program, found: Sequence[Sequence[Demand]], limits: Limits, ways: Ways = USUAL,
    going: Callable[[], None] = lambda: None,
) -> tuple[Slice, ...]:
    """Slices of all units' populations, with which no core exceeds its out-axons.

    Those of `cut`, where they do not exceed them.

    Parameters
    ----------
    program : Program
        Whose units are cut.
    found : sequence of units' demands
    limits : Limits
    ways : Ways
    going : callable
        Called before each cut; it may raise.

    Raises
    ------
    FitError
        As `cut` does; or if no cut is found, as where the spikes of a single neuron, or of a
        population that must stay whole, go to too many cores.
    """
    slices, most = tuple[Slice, ...](), Taken()
    for _ in range(ROUNDS):
        going()
        before, slices = slices, cut(found, limits, _reserved(found, most, limits), ways)
        taken = out_axons(replace(program, slices=slices))
        if of_cores(slices, taken).max(initial=0) <= limits.out_axons:
            return slices
        if slices == before:  # nothing is left to reserve
            break
        most = {key: np.maximum(each, most.get(key, 0)) for key, each in taken.items()}
    raise _too_many(program, slices, taken, limits)


def out_axons(program: Program) -> Taken:
    """Out-axons of every neuron that sends to a core; its own core counts as any other."""
    taken = Taken()
    for unit in range(len(program.units)):
        for (pre, _), hit in reach_of(program, unit).items():
            each = taken.setdefault((unit, pre), np.zeros(len(hit), np.int64))
            each += hit
    return taken


def of_cores(slices: Sequence[Slice], taken: Taken) -> Annotated[Int64, "cores"]:
    """Out-axons of each core, shape (cores,)."""
    found = np.zeros(max((piece.core for piece in slices), default=-1) + 1, np.int64)
    for piece in slices:
        found[piece.core] += _of_slice(piece, taken)
    return found


def _of_slice(piece: Slice, taken: Taken) -> int:
    each = taken.get((piece.unit, piece.population))
    return 0 if each is None else int(each[piece.start : piece.stop].sum())


def _reserved(found: Sequence[Sequence[Demand]], most: Taken, limits: Limits) -> OutAxons:
    """Out-axons up to each neuron; nothing that cannot be cut gets more than a core has."""
    whole = {(unit, demand.population.name) for unit, demand_list in enumerate(found)
             for demand in demand_list if demand.whole}
    sums = {key: np.append(0, np.minimum(each, limits.out_axons).cumsum())
            for key, each in most.items()}
    return {key: np.minimum(upto, limits.out_axons) if key in whole else upto
            for key, upto in sums.items()}


def _too_many(
    program: Program, slices: Sequence[Slice], taken: Taken, limits: Limits
) -> FitError:
    """About the population that takes most of the fullest core."""
    cores = of_cores(slices, taken)
    core = int(cores.argmax())
    worst = max((piece for piece in slices if piece.core == core),
                key=lambda piece: _of_slice(piece, taken))
    return FitError("no cut was found that leaves this population enough out_axons",
                    where=f"{program.units[worst.unit].name}.{worst.population}",
                    found=int(cores[core]), expected=limits.out_axons, hint=FEWER)
