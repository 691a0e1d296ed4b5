"""The closed form of energy is SANA-FE's, and where our counts differ, by how much and why.

SANA-FE reports synapses, somas (steps and spikes of neurons) and network (packets and hops);
it knows no idle power and no plasticity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from placed_lif import LOIHI, STEPS, Counted, count, placed, run_sanafe

from neuromorph.compile.packing.traffic import Traffic
from neuromorph.cost.estimate import estimate
from neuromorph.cost.events import Events
from neuromorph.cost.work import PhaseWork

RELATIVE = 1e-9
FITTED = LOIHI.energy["fitted"]
ALL, ONE = {"a": 180, "b": 150, "c": 160}, {"a": 180}
"""Biases: with one on every neuron all are active at every step, with one on a few are not."""


@dataclass(frozen=True)
class Both:
    """``synaptic_op`` is what one takes in the lists that SANA-FE was told to use, in pJ."""

    ours: Counted
    theirs: dict[str, Any]
    synaptic_op: float


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Every neuron active, dense lists."""
    program, folder = placed(ALL, seed=3), tmp_path_factory.mktemp("busy")
    return Both(count(program), run_sanafe(program, folder, "loihi_dense_synapse"),
                FITTED.synaptic_op_dense)


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Neurons often at rest, sparse lists."""
    program, folder = placed(ONE, seed=4), tmp_path_factory.mktemp("idle")
    return Both(count(program), run_sanafe(program, folder, "loihi_sparse_synapse"),
                FITTED.synaptic_op_sparse)


@pytest.fixture(params=["busy", "idle"])
def both(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def picojoules(events: Events) -> float:
    """The estimate without idle power."""
    found = estimate([PhaseWork((), replace(events, steps=1))], LOIHI, "fitted", chips=1, cores=0)
    assert found.dynamic is not None
    return found.dynamic * 1e12


def reported(theirs: dict[str, Any], kind: str) -> float:
    return float(theirs["energy"][kind]) * 1e12


def their_events(theirs: dict[str, Any]) -> Events:
    """SANA-FE's own counts; a neuron that it updates is what we call active."""
    packets = np.array(theirs["packets"])
    return Events(neuron_steps=theirs["updated"], spikes=theirs["fired"],
                  synaptic_ops=packets[:, 4].sum(), packets=len(packets),
                  hops_east_west=packets[:, 2].sum(), hops_north_south=packets[:, 3].sum())


def packets_between(links: Traffic, one: int, other: int) -> float:
    """Both ways."""
    there = (links.source == one) & (links.target == other)
    back = (links.source == other) & (links.target == one)
    return float(links.packets @ (there | back))


def to_own_core(theirs: dict[str, Any]) -> int:
    packets = np.array(theirs["packets"])
    return int((packets[:, 0] == packets[:, 1]).sum())


def test_both_run_the_same_network(both: Both) -> None:
    assert np.argwhere(both.ours.trains).tolist() == sorted(both.theirs["spikes"])
    assert 0.02 < both.ours.trains.mean() < 0.6
    assert both.ours.trains.any(axis=0).mean() > 0.6


def test_on_the_same_counts_the_energy_is_the_same_in_all_and_by_kind(busy: Both) -> None:
    events, theirs = their_events(busy.theirs), busy.theirs
    assert events.neuron_steps == STEPS * busy.ours.trains.shape[1]  # none at rest
    assert min(events.packets, events.hops_east_west, events.hops_north_south) > 0
    kinds = {
        "synapse": Events(synaptic_ops=events.synaptic_ops),
        "soma": Events(neuron_steps=events.neuron_steps, spikes=events.spikes),
        "network": Events(packets=events.packets, hops_east_west=events.hops_east_west,
                          hops_north_south=events.hops_north_south),
    }
    for kind, some in kinds.items():
        assert picojoules(some) == pytest.approx(reported(theirs, kind), rel=RELATIVE), kind
    assert reported(theirs, "dendrite") == 0
    assert picojoules(events) == pytest.approx(reported(theirs, "total"), rel=RELATIVE)


def test_both_count_alike(both: Both) -> None:
    """All but what the next tests are about."""
    ours, theirs = both.ours.events, their_events(both.theirs)
    assert ours.spikes == theirs.spikes
    assert ours.synaptic_ops == theirs.synaptic_ops
    assert ours.hops_north_south == theirs.hops_north_south
    assert both.ours.links.packets.sum() == theirs.packets


def test_packets_to_the_own_core_are_paid_for_too(busy: Both) -> None:
    assert to_own_core(busy.theirs) > 0
    assert busy.ours.events.packets == their_events(busy.theirs).packets


def test_hops_are_between_tiles(busy: Both) -> None:
    """Columns 1 and 2 are of one tile; column 9 is 8 and 7 cores away, and two tiles."""
    links = busy.ours.links
    beside, eight, seven = (packets_between(links, *ends) for ends in ((0, 1), (0, 2), (1, 2)))
    assert min(beside, eight, seven) > 0
    assert busy.ours.events.hops_east_west == 2 * (eight + seven)
    assert their_events(busy.theirs).hops_east_west == 2 * (eight + seven)


def test_a_neuron_at_rest_takes_less_there(busy: Both, idle: Both) -> None:
    """Here every neuron counts as active in every step."""
    assert busy.ours.events.neuron_steps == their_events(busy.theirs).neuron_steps
    at_rest = idle.ours.events.neuron_steps - their_events(idle.theirs).neuron_steps
    assert at_rest > 0
    steps = Events(neuron_steps=idle.ours.events.neuron_steps, spikes=idle.ours.events.spikes)
    less = at_rest * (FITTED.neuron_active - FITTED.neuron_inactive)
    assert picojoules(steps) - less == pytest.approx(reported(idle.theirs, "soma"), rel=RELATIVE)


def test_the_whole_estimate_differs_by_just_that(both: Both) -> None:
    ours, theirs = both.ours.events, their_events(both.theirs)
    at_rest = ours.neuron_steps - theirs.neuron_steps
    more = (at_rest * (FITTED.neuron_active - FITTED.neuron_inactive)
            + ours.synaptic_ops * (FITTED.synaptic_op_dense - both.synaptic_op)
            + (ours.hops_east_west - theirs.hops_east_west) * FITTED.hop_east_west)
    assert picojoules(ours) == pytest.approx(reported(both.theirs, "total") + more,
                                             rel=RELATIVE)
