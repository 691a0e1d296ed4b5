"""The search, on trials whose loss and cost are functions of the options."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from small_tuning import lost_of, made_up, search, steps_of

from neuromorph.api.tuning.space import (
    AXES,
    KINDS,
    axes_of,
    first_trials,
    kind_of,
    moved,
    slots_tried,
)
from neuromorph.api.tuning.trial import Trial, frontier
from neuromorph.api.tuning.wish import parse_keep
from neuromorph.translate import TranslateOptions
from neuromorph.translate.preference import choose

SLOTS = (512, 1024, 2048)


@pytest.mark.parametrize("keep", ["kl<=0.01", "kl<=0.003", "kl<=0.0015"])
def test_it_finds_what_trying_all_finds(keep: str) -> None:
    found = search(keep).run(SLOTS)
    limit = parse_keep(keep)[0].limit
    every = [replace(one, window_nats=window, margin_nats=margin,
                     **({} if one.spikes == "graded" else {"step_nats": step}))
             for one in first_trials(TranslateOptions(slots=512), SLOTS)
             for window, step, margin in itertools.product(
                 AXES["window_nats"], AXES["step_nats"], AXES["margin_nats"])]
    assert found is not None
    assert found.costs["steps"] == pytest.approx(
        min(steps_of(one) for one in every if lost_of(one) <= limit))


def test_kinds_and_slots_come_first_and_the_default_before_all() -> None:
    looking = search(most=1)
    looking.run(SLOTS)
    assert looking.trials[0].options == TranslateOptions(slots=512)
    assert [(trial.kind, trial.options.slots) for trial in looking.trials] == [
        (kind.name, slots) for kind in KINDS for slots in SLOTS]


@pytest.mark.parametrize("most", [1, 7, 13, 20, 60])
def test_no_trial_is_made_twice_and_there_are_no_more_than_allowed(most: int) -> None:
    looking = search(most=most)
    looking.run(SLOTS)
    options = [trial.options for trial in looking.trials]
    assert len(set(options)) == len(options) <= max(most, len(KINDS) * len(SLOTS))
    again = search(most=most)
    again.run(SLOTS)
    assert [trial.options for trial in again.trials] == options


def test_every_kind_gets_its_share() -> None:
    looking = search(most=28)
    looking.run((512,))
    kinds = [trial.kind for trial in looking.trials]
    assert min(kinds.count(kind.name) for kind in KINDS) >= 6


def test_the_default_stays_where_nothing_is_better() -> None:
    def make(options: TranslateOptions) -> Trial:
        return made_up(options, steps=lambda _: 10.0)

    looking = search(make=make)
    assert looking.run(SLOTS) is looking.trials[0]


def test_what_does_not_keep_it_comes_as_near_as_it_can() -> None:
    looking = search("kl<=1e-9")
    nearest = looking.run(SLOTS)
    assert nearest is not None
    assert not nearest.keeps(looking.wishes)
    assert nearest.found["kl"] == min(trial.found["kl"] for trial in looking.trials)
    assert nearest.found["kl"] < looking.trials[0].found["kl"]


def test_what_is_refused_or_has_no_cost_is_not_chosen() -> None:
    def make(options: TranslateOptions) -> Trial:
        if options.spikes == "graded":
            return Trial(options, {}, {}, refused="no such neurons here")
        return made_up(options)

    found = search(make=make).run(SLOTS)
    assert found is not None
    assert found.kind != "graded"
    assert search(make=lambda one: Trial(one, {}, {}, refused="none")).run(SLOTS) is None
    assert search(by="energy").run(SLOTS) is None


def test_by_another_cost_another_is_best() -> None:
    found = search(by="spikes").run(SLOTS)
    assert found is not None
    assert found.options.slots == 512


def test_the_frontier_has_those_that_nothing_beats() -> None:
    looking = search()
    looking.run(SLOTS)
    front = frontier(looking.trials, looking.wishes[0], "steps")
    for one in front:
        assert not any(other.costs["steps"] <= one.costs["steps"]
                       and other.found["kl"] < one.found["kl"] for other in looking.trials)
    costs = [one.costs["steps"] for one in front]
    assert costs == sorted(costs)
    assert frontier([], looking.wishes[0], "steps") == []


def test_slots_are_doubled_as_far_as_a_model_goes() -> None:
    assert slots_tried(512, 2048, longer=True) == (512, 1024, 2048)
    assert slots_tried(512, 1024, longer=True) == (512, 1024)
    assert slots_tried(512, None, longer=False) == (512,)
    assert slots_tried(20_000, None, longer=True) == (20_000,)


def test_an_axis_has_ends_and_graded_spikes_one_step() -> None:
    graded = TranslateOptions(slots=64)
    assert kind_of(graded) == "graded"
    assert moved(graded, "step_nats", -1) is None
    assert moved(graded, "window_nats", -1) == replace(graded, window_nats=6.0)
    assert moved(replace(graded, window_nats=11.0), "window_nats", 1) is None
    between = replace(graded, window_nats=7.0)
    assert moved(between, "window_nats", 1) == replace(graded, window_nats=7.5)


def test_bits_of_queries_are_an_axis_on_loihi_1_alone() -> None:
    narrow = TranslateOptions(spikes="binary", target="loihi1", slots=64)
    assert "query_bits" not in axes_of(TranslateOptions())
    assert "query_bits" in axes_of(narrow)
    assert moved(narrow, "query_bits", -1) == replace(narrow, query_bits=5)
    assert moved(narrow, "query_bits", 1) == replace(narrow, query_bits=7)
    kinds = [kind_of(one) for one in first_trials(narrow, (64,))]
    assert sorted(kinds) == ["binary", "long ramp", "pairs"]


def test_every_kind_can_be_told_from_its_options() -> None:
    for kind in KINDS:
        options = kind.of(TranslateOptions(slots=8))
        assert options is not None
        assert kind_of(options) == kind.name
        assert kind.of(options) is options
        for other in KINDS:  # there and back again is where it began
            there = other.of(options)
            assert there is not None
            assert kind.of(there) == options


def test_kinds_of_plain_spikes_are_those_that_an_export_chooses_from() -> None:
    plain = TranslateOptions(spikes="binary", slots=8)
    made = {kind.name: kind.of(plain) for kind in KINDS}
    assert made["pairs"] == choose(plain).options
    assert made["long ramp"] == choose(plain, "cores").options
    assert made["binary"] is plain
    never = replace(plain, neurons_per_key=2, late_flush=False)
    assert kind_of(never) == "pairs"
