"""Heads cut evenly: each core gets its share of the keys' phase and of the values'."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from test_out_axons import LARGE, LOIHI2, checked, head_of

from neuromorph.compile import Unit, compile_units
from neuromorph.compile.packing.balance import KEYS, VALUES, Loads
from neuromorph.compile.packing.even import evenly
from neuromorph.compile.packing.out_axons import cut_within_out_axons
from neuromorph.compile.program import Program


def heads(slots: int, count: int) -> list[Unit]:
    unit = head_of(replace(LARGE, slots=slots))
    return [replace(unit, name=f"head {n}") for n in range(count)]


@pytest.mark.parametrize(("slots", "count"), [(512, 24), (1024, 12), (2048, 9)])
def test_the_better_of_two_cuts_is_kept(slots: int, count: int) -> None:
    """Never more cores than without, and what is fullest in each phase is no fuller."""
    state = compile_units(heads(slots, count), LOIHI2)
    plain = replace(state.program, slices=cut_within_out_axons(
        state.program, state.demands, state.limits))
    loads = Loads(state.program.units)
    assert checked(state.program, LOIHI2).violations == ()
    assert state.program.cores <= plain.cores
    if state.program.cores == plain.cores:
        assert loads.busiest(state.program.slices) <= loads.busiest(plain.slices)


def test_phases_are_balanced_on_no_more_cores() -> None:
    state = compile_units(heads(512, 48), LOIHI2)
    plain = cut_within_out_axons(state.program, state.demands, state.limits)
    loads, slices = Loads(state.program.units), state.program.slices
    assert state.program.cores == state.lower_bound
    for who in (KEYS, VALUES):
        before, after = loads.balance(plain, who), loads.balance(slices, who)
        assert before is not None
        assert after is not None
        assert after < before
    assert loads.busiest(slices) < 0.9 * loads.busiest(plain)


def test_every_neuron_is_laid_once() -> None:
    state = compile_units(heads(400, 7), LOIHI2, stop_after="relays")
    slices = evenly(state.demands, state.limits)
    assert slices is not None
    program = Program("even", state.program.units, slices)
    for number, unit in enumerate(program.units):
        for population in unit.neurons:
            pieces = program.slices_of(number)[population.name]
            assert [pieces[0].start, *(piece.stop for piece in pieces)][-1] == population.size
            assert all(a.stop == b.start for a, b in pairwise(pieces))


def test_loads_are_counted_by_hand() -> None:
    """Each neuron of `match` hears 64 queries, and is heard by what follows it."""
    state = compile_units(heads(64, 1), LOIHI2)
    network, loads = state.program.units[0].network, Loads(state.program.units)
    assert loads.balance(state.program.slices, KEYS) == 1.0
    by_pre: dict[str, int] = {}
    for projection in network.projections:
        kind = "".join(letter for letter in projection.pre if not letter.isdigit())
        by_pre[kind] = by_pre.get(kind, 0) + int(np.count_nonzero(projection.weights))
    assert loads.busiest(state.program.slices) == sum(by_pre.values())
    assert Loads(()).balance((), KEYS) is None
