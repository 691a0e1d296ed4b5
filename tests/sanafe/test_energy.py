"""The closed form of energy is SANA-FE's, and where our counts differ, by how much and why.

SANA-FE reports synapses, somas (steps and spikes of neurons) and network (packets and hops);
it knows no idle power and no plasticity.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from placed_lif import LOIHI, STEPS, Counted, count, placed, run_sanafe

from neuromorph.compile import estimate
from neuromorph.compile.events import Events

RELATIVE = 1e-9
FITTED = LOIHI.energy["fitted"]
ALL, ONE = {"a": 180, "b": 150, "c": 160}, {"a": 180}
"""Biases: with one on every neuron all are active at every step, with one on a few are not."""


@dataclass(frozen=True)
class Both:
    ours: Counted
    theirs: dict[str, Any]


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Every neuron active, dense lists."""
    program = placed(ALL, seed=3)
    return Both(count(program),
                run_sanafe(program, tmp_path_factory.mktemp("busy"), "loihi_dense_synapse"))


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Some neurons often at rest, sparse lists."""
    program = placed(ONE, seed=4)
    return Both(count(program),
                run_sanafe(program, tmp_path_factory.mktemp("idle"), "loihi_sparse_synapse"))


def picojoules(events: Events) -> float:
    """The estimate without idle power."""
    found = estimate(events, LOIHI, chips=1, busiest_neurons=0, busiest_ops=0, costs="fitted")
    assert found is not None
    return (found.total - found.joules["static"]) * 1e12


def reported(theirs: dict[str, Any], kind: str) -> float:
    return float(theirs["energy"][kind]) * 1e12


def their_events(theirs: dict[str, Any]) -> Events:
    """SANA-FE's own counts; a neuron that it updates is what we call active."""
    packets = np.array(theirs["packets"])
    return Events(neuron_steps=theirs["updated"], spikes=theirs["fired"],
                  synaptic_ops=packets[:, 4].sum(), packets=len(packets),
                  hops_east_west=packets[:, 2].sum(), hops_north_south=packets[:, 3].sum())


def to_own_core(theirs: dict[str, Any]) -> int:
    packets = np.array(theirs["packets"])
    return int((packets[:, 0] == packets[:, 1]).sum())


@pytest.mark.parametrize("which", ["busy", "idle"])
def test_both_run_the_same_network(which: str, request: pytest.FixtureRequest) -> None:
    both = request.getfixturevalue(which)
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


@pytest.mark.parametrize("which", ["busy", "idle"])
def test_both_count_alike(which: str, request: pytest.FixtureRequest) -> None:
    """All but what the next tests are about."""
    both = request.getfixturevalue(which)
    ours, theirs = both.ours.events, their_events(both.theirs)
    assert ours.spikes == theirs.spikes
    assert ours.synaptic_ops == theirs.synaptic_ops
    assert ours.hops_north_south == theirs.hops_north_south
    assert both.ours.links.packets.sum() == theirs.packets


def test_packets_to_the_own_core_are_paid_for_there_but_not_here(busy: Both) -> None:
    own = to_own_core(busy.theirs)
    assert own > 0
    assert busy.ours.events.packets == their_events(busy.theirs).packets - own


def test_our_hops_east_and_west_are_from_core_to_core_theirs_from_tile_to_tile(
    busy: Both,
) -> None:
    """Columns 1 and 2 are one tile; column 9 lies 8 or 7 cores away, but two tiles."""
    packets = np.array(busy.theirs["packets"])
    within_tile = int(((packets[:, 0] != packets[:, 1]) & (packets[:, 2] == 0)).sum())
    assert within_tile > 0
    links = busy.ours.links
    far = links.packets @ (np.abs(links.source - links.target) == 2)
    near = links.packets @ ((links.source + links.target) == 3)
    assert busy.ours.events.hops_east_west == within_tile + 8 * far + 7 * near
    assert their_events(busy.theirs).hops_east_west == 2 * (far + near)


@pytest.mark.parametrize("which", ["busy", "idle"])
def test_the_whole_estimate_differs_by_just_that(
    which: str, request: pytest.FixtureRequest
) -> None:
    both = request.getfixturevalue(which)
    ours, theirs = both.ours.events, their_events(both.theirs)
    at_rest = ours.neuron_steps - theirs.neuron_steps
    assert (at_rest > 0) == (which == "idle")
    step = FITTED.neuron_active - FITTED.neuron_inactive
    sparse = FITTED.synaptic_op_dense - FITTED.synaptic_op_sparse
    more = (at_rest * step + (ours.hops_east_west - theirs.hops_east_west) * FITTED.hop_east_west
            + (theirs.synaptic_ops * sparse if which == "idle" else 0))
    less = to_own_core(both.theirs) * FITTED.packet
    assert picojoules(ours) == pytest.approx(reported(both.theirs, "total") + more - less,
                                             rel=RELATIVE)
