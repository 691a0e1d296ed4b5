"""Phases add up, what happens in one step overlaps: small cases, computed by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph.compile import Program, Unit
from neuromorph.compile.packing.traffic import traffic
from neuromorph.compile.program import Slice
from neuromorph.cost.band import band
from neuromorph.cost.estimate import Estimate
from neuromorph.cost.events import Events, count_events
from neuromorph.cost.phases import phases_of, side_by_side, step_classes
from neuromorph.cost.steps import StepCounts, count_steps, work_of
from neuromorph.cost.work import PhaseWork
from neuromorph.errors import UsageError
from neuromorph.network import (
    CubaLIF,
    Network,
    Phase,
    Population,
    Projection,
    Schedule,
    Source,
    parallel,
)
from neuromorph.profiles import load_profile

LOIHI = load_profile("loihi1")
LATENCY, ENERGY = LOIHI.latency["published"], LOIHI.energy["published"]
TWO = Schedule(4, (Phase("load", 0, 1), Phase("settle", 1, 4)))


def unit(name: str, schedule: Schedule | None = None) -> Unit:
    """Two axons, each to all of three neurons; the neurons to each other."""
    return Unit(name, Network(name, "fixed", (
        Population("in", 2, Source()), Population("n", 3, CubaLIF(vth=10))), (
        Projection("in", "in", "n", np.full((3, 2), 2)),
        Projection("loop", "n", "n", 2 * np.eye(3, dtype=int)[:, [1, 2, 0]])), schedule))


def program(*units: Unit, cut: int = 3) -> Program:
    """Each unit on a core of its own, or cut over two."""
    parts = [(0, cut), (cut, 3)] if cut < 3 else [(0, 3)]
    slices = [Slice(u, "n", start, stop, u * len(parts) + n) for u in range(len(units))
              for n, (start, stop) in enumerate(parts)]
    cores = len(slices)
    return Program("loihi1", units, tuple(slices), np.stack(
        [np.zeros(cores, int), np.arange(cores), np.zeros(cores, int)], axis=1))


def trains(axons: list[int], neurons: list[int]) -> dict[str, NDArray[Any]]:
    """So many axons, and neurons, that spike in each step."""
    return {"in": np.array([[n > 0, n > 1] for n in axons], int),
            "n": np.array([[n > 0, n > 1, n > 2] for n in neurons], int)}


NO_BARRIER = replace(
    LOIHI, chip=LOIHI.chip.model_copy(update={"step_min": 0.0}),
    latency={**LOIHI.latency, "published": LATENCY.model_copy(update={"barrier_max": 0.0})})
"""So that small cases are long enough to be seen."""


def price(table: Any, name: str) -> float:
    found = getattr(table, name)
    assert found is not None
    return float(found)


def step(neurons: int, ops: float, reads: float = 0) -> float:
    """Seconds of a step of which these are the most of a core: the largest, not the sum."""
    return max(neurons * price(LATENCY, "neuron_active"),
               ops * price(LATENCY, "synaptic_op_dense"),
               reads * price(LATENCY, "synaptic_read")) * 1e-9


def estimated(
    counts: StepCounts, classes: dict[tuple[str, ...], NDArray[np.int64]], **more: Any
) -> Estimate:
    work = work_of(counts, classes, **{"hops": Events(), **more})
    found = band(work, NO_BARRIER, chips=1, cores=len(counts.neurons), costs="published")
    assert found is not None
    return found.shown


# --- counts


def test_steps_are_counted_by_hand() -> None:
    """Neuron 0 and 1 on one core, 2 on another; an axon meets all three."""
    placed, spikes = program(unit("u"), cut=2), trains([2, 1, 0, 0], [0, 0, 3, 1])
    found = count_steps(placed, [spikes])
    assert found.neurons.tolist() == [2, 1]
    assert found.synaptic_ops.tolist() == [[4, 2], [2, 1], [2, 1], [1, 0]]
    assert found.each["spikes"].tolist() == [0, 0, 3, 1]
    assert found.each["packets"].tolist() == [0, 0, 3, 1]
    assert found.each["neuron_steps"].tolist() == [3] * 4


def test_all_steps_together_are_the_events_of_the_units() -> None:
    placed, spikes = program(unit("u"), cut=2), trains([2, 1, 0, 0], [0, 2, 3, 1])
    found = count_steps(placed, [spikes])
    packets = traffic(placed, {"0/n": spikes["n"].sum(axis=0).astype(float)}).packets.sum()
    assert found.events(np.arange(4)) == replace(count_events(placed.units[0], spikes, 4),
                                                 packets=packets)


def test_a_train_of_another_length_is_refused() -> None:
    with pytest.raises(UsageError, match="a train is not as long as the run; found 3"):
        count_events(unit("u"), trains([1] * 4, [0] * 4) | {"in": np.zeros((3, 2))}, 4)


# --- phases


def test_a_step_has_all_phases_that_are_active_in_it() -> None:
    both = Schedule(4, (Phase("left.clear", 0, 3), Phase("right.clear", 2, 3)))
    assert phases_of(both, 6) == [("left.clear",), ("left.clear",),
                                  ("left.clear", "right.clear"), (), (), ()]
    assert phases_of(both, 8)[4:] == phases_of(both, 4)
    assert phases_of(both, 2) == [("left.clear",)] * 2
    assert phases_of(None, 2) == [(), ()]


def test_periods_of_units_begin_together() -> None:
    """Two periods of 2 and one step more, beside two of 5."""
    short, long = side_by_side([2, 5], [5, 10])
    assert short.tolist() == [0, 1, 5, 6, 10]
    assert long.tolist() == list(range(10))


def test_a_step_is_of_the_phases_of_all_units() -> None:
    brief = Schedule(2, (Phase("load", 0, 1), Phase("go", 1, 2)))
    found = step_classes([TWO, brief, None], side_by_side([4, 2, 8], [4, 2, 1]))
    assert {names: steps.tolist() for names, steps in found.items()} == {
        ("load",): [0], ("settle", "go"): [1], ("settle",): [2, 3]}


def test_parts_that_overlap_in_one_network() -> None:
    """A part of half the period is there twice; one that begins later goes on at the beginning."""
    part = unit("part", TWO).network
    other = replace(part, schedule=Schedule(8, (Phase("go", 0, 3),)))
    both = parallel({"left": part, "right": other}, at={"right": 6}).schedule
    found = step_classes([both], [np.arange(8)])
    assert {names: steps.tolist() for names, steps in found.items()} == {
        ("left.load", "right.go"): [0], ("left.settle",): [1, 2, 3, 5],
        ("left.load",): [4], ("right.go", "left.settle"): [6, 7]}


# --- estimates


def test_phases_one_after_the_other_add_up() -> None:
    placed, spikes = program(unit("u", TWO)), trains([2, 0, 1, 0], [0, 0, 3, 0])
    found = estimated(count_steps(placed, [spikes]), step_classes([TWO], [np.arange(4)]))
    load, settle = found.phases
    assert (load.phases, settle.phases) == (("load",), ("settle",))
    assert load.seconds == pytest.approx(step(3, 6))
    assert settle.seconds == pytest.approx(step(3, 0) + step(3, 6, 8) + step(3, 0))
    assert settle.step_seconds == pytest.approx(settle.seconds / 3)
    assert found.seconds == pytest.approx(load.seconds + settle.seconds)
    assert found.dynamic == pytest.approx(load.joules + settle.joules)
    assert found.events.steps == 4


def test_what_happens_in_one_step_overlaps() -> None:
    """Each unit on a core of its own: a step is as long as the longer one's."""
    placed = program(unit("a", TWO), unit("b", TWO))
    one, other = trains([2, 0, 0, 0], [0] * 4), trains([1, 2, 0, 0], [0] * 4)
    found = estimated(count_steps(placed, [one, other]),
                      step_classes([TWO, TWO], [np.arange(4)] * 2))
    assert found.seconds == pytest.approx(step(3, 6) + step(3, 6) + 2 * step(3, 0))
    assert [phase.core for phase in found.phases] == [0, 1]
    assert found.joules["synaptic operations"] == pytest.approx(
        15 * price(ENERGY, "synaptic_op_dense") * 1e-12)


def test_a_unit_of_a_shorter_period_waits() -> None:
    """Its one step of spikes falls in the first step of the long one."""
    brief = Schedule(1, (Phase("go", 0, 1),))
    placed = program(unit("long", TWO), unit("short", brief))
    at = side_by_side([4, 1], [8, 2])
    found = estimated(count_steps(placed, [trains([0, 1] * 4, [0] * 8), trains([2, 2], [0, 0])],
                                  at), step_classes([TWO, brief], at), runs=2)
    assert found.events.steps == 4
    assert found.seconds == pytest.approx(step(3, 6) + 2 * step(3, 3) + step(3, 0))
    assert found.phases[0].phases == ("load", "go")
    assert found.phases[0].events.steps == 1
    assert found.events.neuron_steps == 3 * 4 + 3


def test_hops_go_by_packets() -> None:
    placed, spikes = program(unit("u", TWO), cut=2), trains([0] * 4, [1, 0, 3, 0])
    found = estimated(count_steps(placed, [spikes]), step_classes([TWO], [np.arange(4)]),
                      hops=Events(hops_east_west=8))
    assert [phase.events.hops_east_west for phase in found.phases] == [2, 6]
    assert found.joules["hops"] == pytest.approx(8 * price(ENERGY, "hop_east_west") * 1e-12)


def test_without_a_schedule_all_steps_are_one_class_and_alike_ones_cost_as_before() -> None:
    placed, spikes = program(unit("u")), trains([1] * 4, [2] * 4)
    counts = count_steps(placed, [spikes])
    found = estimated(counts, step_classes([None], [np.arange(4)]))
    alike = PhaseWork((), counts.events(np.arange(4)), neurons=3, synaptic_ops=3 + 2,
                      synaptic_reads=2 * (1 + 2))
    before = band([alike], NO_BARRIER, chips=1, cores=1, costs="published")
    assert before is not None
    assert [phase.phases for phase in found.phases] == [()]
    assert found.seconds == pytest.approx(before.shown.seconds)
    assert found.joules == pytest.approx(before.shown.joules)
    assert band([alike], load_profile("cpu"), chips=1, cores=1) is None


def test_phases_without_some_step_are_refused() -> None:
    counts = count_steps(program(unit("u")), [trains([1] * 4, [0] * 4)])
    for steps in ([0, 1, 2], [0, 1, 2, 2], []):
        with pytest.raises(UsageError, match="phases have every step of a run once"):
            estimated(counts, {("go",): np.array(steps, int)})
