"""A band over cost sets: its ends and who gives them, what is missing, what a step waits for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.packing.traffic import Traffic
from neuromorph.compile.program import Unit
from neuromorph.cost import (
    Band,
    Events,
    PhaseWork,
    band,
    count_events,
    fullest_link,
    passes_of,
    pipelined,
)
from neuromorph.errors import UsageError
from neuromorph.learning import LearningRule
from neuromorph.network import CubaLIF, Network, Population, Projection, Source
from neuromorph.profiles import Profile, load_profile
from neuromorph.profiles.second_limits import with_compiler_memory, with_routers

BOARD = load_profile("kapoho_point")
EVENTS = Events(neuron_steps=1e5, synaptic_ops=2e7, spikes=1e4, packets=2e4, steps=30)


def found(work: PhaseWork, profile: Profile = BOARD, **more: Any) -> Band:
    result = band([work], profile, **{"chips": 2, "cores": 181, **more})
    assert result is not None
    return result


def without(table: str, name: str, costs: str = "scaled") -> Profile:
    """The board with one constant less."""
    sets = dict(getattr(BOARD, table))
    sets[costs] = sets[costs].model_copy(update={name: None})
    return replace(BOARD, **{table: sets})


# --- ends


def test_the_ends_are_those_of_the_sets_and_name_them() -> None:
    result = found(PhaseWork(("go",), EVENTS, neurons=800, synaptic_ops=1e5))
    for what in ("dynamic", "total", "seconds", "static_chips"):
        ends = result.ends(what)
        assert ends is not None
        each = {one["costs"]: one["static_chips" if what == "static_chips" else f"{what}_ends"]
                for one in result.as_dict()["sets"]}
        known = {name: two for name, two in each.items() if two is not None}
        assert ends.low == known[ends.low_set][0] == min(two[0] for two in known.values())
        assert ends.high == known[ends.high_set][1] == max(two[1] for two in known.values())


def test_a_set_has_its_own_ends() -> None:
    """2e7 operations at 15 to 38 pJ, neurons at 0 to 81."""
    result = found(PhaseWork((), EVENTS), costs="pilotnet_measured")
    assert [one.costs for one in result.sets] == ["pilotnet_measured"]
    assert result.shown.dynamic_ends == pytest.approx((2e7 * 15e-12, 2e7 * 38e-12 + 1e5 * 81e-12))
    assert result.shown.dynamic == pytest.approx(2e7 * 24.2e-12 + 1e5 * 81e-12)


def test_idle_power_is_of_the_chips_in_use_and_of_the_whole_board() -> None:
    one = found(PhaseWork((), EVENTS, synaptic_ops=1e6), costs="pilotnet_measured").shown
    assert one.seconds_ends == pytest.approx((30 * 1e-3, 30 * 1.2e-3))
    assert one.static_chips == pytest.approx((2 * .18 * .03, 2 * .38 * .036))
    assert one.static_board == pytest.approx((8 * .7 * .03, 8 * 1.8 * .036))


def test_a_core_takes_energy_for_each_step_it_is_in_use() -> None:
    work = PhaseWork((), Events(steps=30))
    assert found(work, costs="pilotnet_per_core").shown.dynamic == pytest.approx(
        181 * 30 * 4300e-12)
    assert found(work, costs="pilotnet_measured").shown.dynamic == 0


def test_the_host_is_a_term_of_its_own() -> None:
    quiet = PhaseWork((), EVENTS, synaptic_ops=1e4)
    asked = replace(quiet, events=replace(EVENTS, host_spikes=1e5))
    assert found(asked).ends("seconds") == found(quiet).ends("seconds")
    host = found(asked).ends("host_seconds")
    assert host is not None
    assert (host.low, host.high) == pytest.approx((.017, .024))


# --- what is missing


def test_no_total_while_a_price_is_missing_and_it_is_named() -> None:
    lacking = found(PhaseWork((), EVENTS), without("energy", "packet"), costs="scaled").shown
    assert lacking.total is None
    assert lacking.total_ends is None
    assert lacking.missing == ("energy.scaled.packet",)
    assert "spikes" not in lacking.joules
    assert lacking.joules["synaptic operations"] > 0


def test_a_price_that_nothing_asks_for_is_not_missing() -> None:
    silent = PhaseWork((), replace(EVENTS, packets=0))
    assert found(silent, without("energy", "packet"), costs="scaled").shown.total is not None


def test_no_time_while_a_time_is_missing() -> None:
    lacking = found(PhaseWork((), EVENTS, neurons=1), without("latency", "neuron_active"),
                    costs="scaled").shown
    assert (lacking.seconds, lacking.static_chips, lacking.total) == (None, None, None)
    assert lacking.missing == ("latency.scaled.neuron_active",)
    assert lacking.dynamic is not None


def test_what_measured_sets_lack_is_said() -> None:
    missing = found(PhaseWork((), EVENTS, neurons=1, synaptic_ops=1)).missing
    assert "power.intel_peak.static_chip" in missing
    assert "latency.clp_measured.synaptic_op_dense" in missing


def test_no_steps_are_refused() -> None:
    with pytest.raises(UsageError, match="an estimate is of some steps; found 1 phases"):
        found(PhaseWork((), Events()))
    with pytest.raises(UsageError, match="an estimate is of some steps; found 0 phases"):
        band([], BOARD, chips=1, cores=1)


# --- what a step waits for


@pytest.mark.parametrize(("most", "binding"), [
    ({"neurons": 1e5}, "neuron updates"), ({"synaptic_ops": 1e5}, "synaptic operations"),
    ({"synaptic_reads": 1e5}, "synaptic memory"), ({"link_packets": 1e5}, "fullest link"),
    ({}, "barrier")])
def test_a_step_lasts_as_long_as_its_largest_term(most: dict[str, float], binding: str) -> None:
    one = found(PhaseWork((), Events(steps=1), **most), costs="pilotnet_measured").shown
    assert one.binding == binding
    both = found(PhaseWork((), Events(steps=1), **{"neurons": 1, "synaptic_ops": 1, **most}),
                 costs="pilotnet_measured").shown
    assert both.seconds == one.seconds  # the largest, not the sum


def test_steps_are_as_long_as_each_of_them() -> None:
    """Not as their mean work: of two steps one waits for synapses, the other for neurons."""
    work = PhaseWork((), Events(steps=2), neurons=np.array([2e4, 0.]),
                     synaptic_ops=np.array([0., 3e4]))
    one = found(work, costs="pilotnet_measured").shown
    assert one.seconds == pytest.approx((2e4 * .59 + 3e4 * 1.013) * 1e-9)
    assert one.binding == "synaptic operations"


def test_most_of_the_time_is_what_all_phases_wait_for_together() -> None:
    short, long = Events(steps=3), Events(steps=4)
    work = [PhaseWork(("a",), short, synaptic_ops=1e5), PhaseWork(("b",), long, neurons=1.7e5),
            PhaseWork(("c",), short, synaptic_ops=1e5)]
    result = band(work, BOARD, chips=2, cores=1, costs="pilotnet_measured")
    assert result is not None
    assert [phase.binding for phase in result.shown.phases] == [
        "synaptic operations", "neuron updates", "synaptic operations"]
    assert result.shown.binding == "synaptic operations"


# --- counts


def learning(rule: LearningRule, pre: list[list[int]], post: list[list[int]]) -> list[float]:
    """Plastic synapses that change in each step: two axons, three neurons."""
    network = Network("n", "fixed", (
        Population("in", 2, Source()), Population("n", 3, CubaLIF(vth=10))), (
        Projection("p", "in", "n", np.full((3, 2), 4), rule=rule),))
    trains = {"in": np.array(pre), "n": np.array(post)}
    steps = len(pre)
    whole = count_events(Unit("u", network), trains, steps).synaptic_updates
    each = [count_events(Unit("u", network), {k: v[:t + 1] for k, v in trains.items()},
                         t + 1).synaptic_updates for t in range(steps)]
    assert each[-1] == whole
    return list(np.diff([0, *each]))


def test_only_synapses_whose_term_is_not_0_are_counted() -> None:
    """Pair rule: a neuron that spikes, at axons whose trace is not 0; not all six, each epoch."""
    rule = LearningRule(dw="2^-1*x1*y0", x1_impulse=16, x1_tau=10)
    assert learning(rule, [[0, 0], [1, 0], [0, 0], [1, 1]],
                    [[1, 1, 1], [0, 0, 0], [1, 0, 1], [0, 1, 0]]) == [0, 0, 2, 2]


def test_an_epoch_counts_once_at_its_end() -> None:
    rule = LearningRule(dw="2^-1*x0*w", epoch=2)
    assert learning(rule, [[1, 0], [0, 0], [0, 0], [1, 1]], [[0] * 3] * 4) == [0, 3, 0, 6]


def test_the_fullest_link_is_counted_by_hand() -> None:
    """Cores in a row of the 16 x 8 mesh: 0 to 2 and 1 to 2 share the link from 1 to 2."""
    limits = limits_of(BOARD)
    places = np.array([[0, 0, 0], [0, 1, 0], [0, 2, 0], [0, 2, 1]])
    links = Traffic(np.array([0, 1, 2, 0, 3]), np.array([2, 2, 0, 3, 3]),
                    np.array([5., 2., 4., 1., 99.]))
    assert fullest_link(links, places, limits) == 5 + 2 + 1
    assert fullest_link(Traffic(*(np.array([0]),) * 2, np.array([7.])), places, limits) == 0
    # on routers of four cores all four are at one, and only their own links are left
    routers = with_routers(BOARD)
    assert routers is not None
    assert fullest_link(links, places, limits_of(routers)) == 7


def test_the_other_memory_is_one_header_word_and_four_weights_a_word() -> None:
    other = with_compiler_memory(BOARD)
    assert other is not None
    limits = limits_of(other)
    assert limits.synapse_bits == 12_000 * 32
    assert [limits.list_bits(n, 8) / 32 for n in (1, 4, 5, 512)] == [2, 2, 3, 129]
    assert with_compiler_memory(load_profile("loihi1")) is None
    assert with_routers(load_profile("loihi1")) is None


# --- other paces


TOKEN = (PhaseWork(("attention",), Events(neuron_steps=600, spikes=5, synaptic_ops=70, steps=60),
                   neurons=10, synaptic_ops=9),
         PhaseWork(("mlp",), Events(neuron_steps=400, spikes=1, synaptic_ops=30, steps=40),
                   neurons=10, synaptic_ops=np.array([1., 20.])))


def test_a_pipeline_ticks_less_and_waits_for_the_longest_phase() -> None:
    one, = pipelined(TOKEN, 25)
    assert (one.events.steps, one.events.neuron_steps) == (25, 250)
    assert (one.events.spikes, one.events.synaptic_ops) == (6, 100)
    assert (one.neurons, one.synaptic_ops) == (10, 20)
    assert pipelined(TOKEN, 100)[0].events.neuron_steps == 1000
    for period in (0, 101):
        with pytest.raises(UsageError, match="a pipeline's period is within the steps"):
            pipelined(TOKEN, period)


def test_an_encoder_takes_its_work_once_a_pass() -> None:
    seven = passes_of(TOKEN, 6 + 1)
    assert [each.events.synaptic_ops for each in seven] == [490, 210]
    whole, once = (band(work, BOARD, chips=1, cores=1, costs="scaled") for work in (seven, TOKEN))
    assert whole is not None
    assert once is not None
    assert whole.shown.dynamic == pytest.approx(7 * (once.shown.dynamic or 0))
    assert whole.shown.seconds == pytest.approx(7 * (once.shown.seconds or 0))
    with pytest.raises(UsageError, match="there is at least one pass; found 0"):
        passes_of(TOKEN, 0)
