"""What passes make of a network runs, through its view, as the network itself, to the bit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from placed_programs import changed
from small_heads import digits_like
from small_networks import everything
from small_relays import wide
from small_views import Case, random_case, rewritten

from neuromorph import backends
from neuromorph.api.export import export
from neuromorph.backends.interface import Recording
from neuromorph.circuits.latency_attention import build, stimulate
from neuromorph.circuits.plain_spikes import Lettered, Letters, lettered
from neuromorph.compile import compile_units
from neuromorph.compile.cut_view import Cut
from neuromorph.compile.lower import lower
from neuromorph.compile.parts import Part
from neuromorph.compile.program import Slice, Unit
from neuromorph.compile.relays.view import Late, late_by
from neuromorph.compile.split import split
from neuromorph.compile.view_fields import ViewFields, fields_of
from neuromorph.deploy.run import lab_trial, try_heads
from neuromorph.deploy.units import units_of
from neuromorph.errors import FitError, NeuromorphWarning, UnsupportedError, UsageError
from neuromorph.models.digits import WEIGHTS
from neuromorph.network import Network, Probe
from neuromorph.network.view import IDENTITY, View
from neuromorph.profiles import load_profile
from neuromorph.translate import TranslateOptions

SEEDS = 200


@cache
def cases() -> list[tuple[Case, list[Unit]]]:
    """Those that no pass refuses."""
    found = []
    for seed in range(SEEDS):
        case = random_case(seed)
        try:
            found.append((case, rewritten(case[0], seed)))
        except FitError:
            continue
    return found


def run(network: Network, case: Case, backend: str) -> Recording:
    return backends.get(backend).run(network, case[1], everything(network), case[2])


def assert_read(got: Recording, expected: Recording, late: bool) -> None:
    """Spikes, states, weights, tags and steps are the given network's; overflows all of the run."""
    assert got.steps == expected.steps
    for probe, trace in expected.traces.items():
        np.testing.assert_array_equal(got.traces[probe], trace, err_msg=str(probe))
    assert got.synapses.keys() == expected.synapses.keys()
    for name, both in expected.synapses.items():
        for mine, theirs in zip(got.synapses[name], both, strict=True):
            np.testing.assert_array_equal(mine, theirs, err_msg=name)
    for name, count in expected.overflows.items():
        assert got.overflows[name] == count or (late and got.overflows[name] > count)


@pytest.mark.parametrize("backend", ["fast", "reference"])
def test_what_is_rewritten_runs_as_what_was_given(backend: str) -> None:
    seen: Counter[str] = Counter()
    for case, units in cases():
        network, inputs, steps = case
        whole, last = run(network, case, backend), units[-1]
        got = last.run(backends.get(backend).run, inputs, everything(network), steps)
        kinds = {type(view).__name__ for view in last.view.parts}
        assert_read(got, whole, "Late" in kinds)
        learned = any((weights != p.weights).any() for p, (weights, _) in zip(
            network.plastic, whole.synapses.values(), strict=True))
        seen.update({*kinds, "all" if len(kinds) == 3 else "", "learned" if learned else "",
                     "learned, late" if learned and "Late" in kinds else "",
                     "payloads" if (whole.spikes("graded") < 0).any() else ""})
    assert min(seen[kind] for kind in ("Lettered", "Late", "Cut", "all", "learned",
                                       "learned, late", "payloads")) >= 10, seen


# --- laws


def test_views_compose_in_any_order_of_brackets() -> None:
    lettered_, late, cut = (Lettered({"a": Letters.of_bits(3)}), Late({"b": 2}, ("w",)),
                            Cut({"b": [Part("b.0", 0, 1), Part("b.1", 1, 3)]}, {}))
    assert cut.after(late).after(lettered_) == cut.after(late.after(lettered_))
    assert cut.after(late).after(lettered_).parts == (lettered_, late, cut)
    for view in (lettered_, late, cut, cut.after(late)):
        assert IDENTITY.after(view) == view == view.after(IDENTITY)


def test_a_composition_does_what_its_views_do_one_after_the_other() -> None:
    """Each pass's own view, found by rewriting the pass's network alone."""
    composed = 0
    for case, units in cases()[:40]:
        network, inputs, steps = case
        alone = [Unit(was.name, was.network) for was in units[:-1]]
        views = [_own(was, now) for was, now in zip(alone, units[1:], strict=True)]
        last, view = units[-1], units[-1].view
        trains, asked, length = dict(inputs), everything(network), steps
        for own in views:
            trains, asked, length = own.encode(trains), own.probes(asked), own.steps(length)
        assert trains.keys() == view.encode(inputs).keys()
        for name, train in view.encode(inputs).items():
            np.testing.assert_array_equal(trains[name], train)
        assert asked == view.probes(everything(network))
        assert length == view.steps(steps)
        done = backends.get("fast").run(last.network, trains, asked, length)
        read, composition = done, view.read(done)
        for own in reversed(views):
            read = own.read(read)
        assert read.traces.keys() == composition.traces.keys()
        for probe, trace in read.traces.items():
            np.testing.assert_array_equal(composition.traces[probe], trace)
        assert (read.steps, read.overflows) == (composition.steps, composition.overflows)
        composed += len(view.parts) > 1
    assert composed > 10


def _own(was: Unit, now: Unit) -> View:
    """The view of one pass, taken from what it put behind those before it."""
    if now.network is was.network:
        return IDENTITY
    return now.view.parts[-1] if now.view.parts else IDENTITY


def test_what_a_pass_has_added_is_read_in_the_steps_of_the_given_network() -> None:
    unit = next(units[2] for _, units in cases()
                if {type(view) for view in units[2].view.parts} == {Late}
                and any("relay" in p.name for p in units[2].neurons))
    relay = next(p.name for p in unit.neurons if "relay" in p.name)
    case = next(case for case, units in cases() if units[2] is unit)
    got = unit.run(backends.get("fast").run, case[1], [Probe(relay)], case[2])
    trains = unit.view.encode(case[1])
    done = backends.get("fast").run(unit.network, trains, [Probe(relay)],
                                    unit.view.steps(case[2]))
    assert got.steps == case[2] < done.steps
    np.testing.assert_array_equal(got.spikes(relay), done.spikes(relay)[: case[2]])


# --- a head


def test_a_head_for_loihi_1_differs_only_where_scores_keep_fractions() -> None:
    """Its match neurons' states hold what the graded sum rounds off; no spike and no answer."""
    case = digits_like()
    network = build(case.head, case.keys, case.values)
    inputs, steps = stimulate(case.head, case.queries, case.mask)
    lowered = lower(Unit("head", network))
    finer = {p.name for p in network.populations if not p.is_source
             and p.model != lowered.network.population(p.name).model}
    fast, asked = backends.get("fast"), everything(network)
    whole, got = fast.run(network, inputs, asked, steps), lowered.run(
        fast.run, inputs, asked, steps)
    moved = {probe for probe in asked if (got.traces[probe] != whole.traces[probe]).any()}
    assert moved <= {Probe(name, state) for name in finer for state in ("u", "v")}
    assert (finer, bool(moved)) == ({"match"}, True)


def test_heads_with_relays_are_tried_and_a_labs_trial_runs_until_the_late_have_ended(
    tmp_path: Path
) -> None:
    """Heads of 40 slots on cores of 30 axons, as given and as placed."""
    with pytest.warns(NeuromorphWarning, match="40 slots"):
        bundle = export(WEIGHTS, tmp_path / "b", options=TranslateOptions(slots=40)).bundle
    profile = changed(load_profile("loihi2-graded"), core={"in_axons": 30})
    state = compile_units(units_of(bundle, "static"), profile)
    tried = try_heads(bundle, state, "static", 3)
    assert (tried.heads, len(tried.runs)) == (3, 3)
    number = min(tried.runs)
    unit, (inputs, steps) = state.program.units[number], tried.runs[number]
    late = fields_of(unit).late
    assert late["control"] == max(late.values()) > 0
    trial = lab_trial(state.program, tried)
    assert trial.steps == steps + late["control"]
    whole = backends.get("fast").run(state.given[number].network, inputs,
                                     [Probe("control", "v")], steps)
    np.testing.assert_array_equal(trial.potentials["control"][-1],
                                  whole.potential("control")[-1])


# --- what is refused, and what files tell


def test_weights_that_went_on_learning_unseen_are_not_read() -> None:
    view = Late({"out": 2}, ("w",))
    blind = Recording("fast", "reference", 5, {}, {"w": (np.ones((1, 1)), np.ones((1, 1)))})
    with pytest.raises(UsageError, match="w: a projection learned in the steps"):
        view.read(blind)


def test_a_run_that_ends_too_early_is_not_read() -> None:
    with pytest.raises(UsageError, match="a run ended before what is late began; found 2"):
        Late({"out": 2}).read(Recording("fast", "reference", 2, {}))


@pytest.mark.parametrize("shape", [(4, 2), (4, 4), (4,)])
def test_a_train_of_another_size_is_not_cut(shape: tuple[int, ...]) -> None:
    view = Cut({"b": [Part("b.0", 0, 1), Part("b.1", 1, 3)]}, {})
    with pytest.raises(UsageError, match=r"b: an input has the wrong shape.*expected \(steps, 3\)"):
        view.encode({"b": np.zeros(shape, np.int64)})


def test_a_train_of_another_shape_is_refused_by_the_backend_as_ever() -> None:
    unit = Unit("u", wide(), Late({"out": 2}))
    with pytest.raises(UsageError, match="side: an input has the wrong shape"):
        unit.run(backends.get("fast").run, {"in": np.zeros((5, 30), int), "side": np.zeros(5, int)},
                 [Probe("out")], 5)


def test_a_source_that_never_sends_shows_nothing() -> None:
    view = lettered({"silent": Letters.of_payloads(())})
    assert view.encode({"silent": np.zeros((3, 2), np.int64)}) == {}
    with pytest.raises(UsageError, match="silent: a source that never sends"):
        view.probes([Probe("silent")])


def test_a_payload_without_letters_is_refused() -> None:
    view = lettered({"in": Letters.of_bits(4)})
    with pytest.raises(UsageError, match="in: a payload is none of those"):
        view.encode({"in": np.array([[8]])})


def test_a_probe_of_some_parts_is_left_out() -> None:
    view = Cut({"b": [Part("b.0", 0, 1), Part("b.1", 1, 3)]}, {})
    seen = {Probe("b.0"): np.zeros((4, 1)), Probe("b.0", "v"): np.ones((4, 1)),
            Probe("b.1", "v"): np.full((4, 2), 2)}
    got = view.read(Recording("fast", "reference", 4, seen, overflows={"b.0": 3, "b.1": 4}))
    assert {p: t.tolist()[0] for p, t in got.traces.items()} == {Probe("b", "v"): [1, 2, 2]}
    assert got.overflows == {"b": 7}


def test_files_tell_late_steps_and_letters_and_refuse_a_cut() -> None:
    network = wide()
    letters = {"in": Letters.of_bits(8)}
    view = late_by(network, {"out": 2, "in": 0}).after(lettered(letters))
    unit = Unit("u", network, view)
    assert fields_of(unit) == ViewFields({"out": 2}, letters)
    assert fields_of(unit).view(network) == view
    assert fields_of(replace(unit, view=late_by(network, {"out": 1}).after(view))).late == {
        "out": 3}
    cut = split(unit, {"out": [Slice(0, "out", 0, 1, 0), Slice(0, "out", 1, 3, 1)]})
    with pytest.raises(UnsupportedError, match=r"u: a program's files tell .*found Cut"):
        fields_of(cut)
