"""Prototypes in spikes: the nearest fires first, what is new is imprinted, nothing overflows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray
from small_prototypes import SMALL, Samples, counted, remembered, samples, vectors

from neuromorph import backends
from neuromorph.api.circuits import prototypes_run
from neuromorph.api.circuits.prototypes_placed import placed
from neuromorph.api.circuits.prototypes_run import Sent, lay, run
from neuromorph.circuits.prototypes import (
    NOBODY,
    PROBES,
    Learner,
    Prototypes,
    Timeline,
    build,
    codes_of,
    first_steps,
    host,
    inputs_of,
    outputs_of,
    said,
    timeline,
    vote,
)
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import DisagreementError, FitError, RangeProofError, UsageError
from neuromorph.network import CubaLIF, Network, verify
from neuromorph.network.promises import Promise, lacks
from neuromorph.numerics.interval import Interval
from neuromorph.papers.prototypes import learn_prototypes
from neuromorph.profiles import load_profile

MANY = Prototypes.of_cosines(1280, 2, 2, novelty=0.92, resolution=0.0122, window=66)
"""As many axons as Intel's measurement had."""


def shown(numbers: Prototypes = SMALL, count: int = 4, seed: int = 0) -> Samples:
    rng = np.random.default_rng(seed)
    codes = codes_of(vectors(rng, count + 4, numbers.features, signed=numbers.signed))
    return Samples(numbers, codes[:count], np.arange(count) % numbers.classes, codes[count:])


def sent(given_: Samples) -> Sent:
    return lay(given_.numbers, given_.codes, given_.labels, given_.tests)


def check(given_: Samples, backend: str = "fast", network: Network | None = None) -> None:
    """The run is the closed form, and both are what counting says."""
    laid = sent(given_)
    done = run(laid, backend, network)
    kept, answers = remembered(given_)
    assert list(laid.learned.rows) == kept
    assert done.answers.tolist() == answers == laid.answers.tolist()
    np.testing.assert_array_equal(done.labels, given_.labels[kept])
    counts = [[counted(given_.numbers, code, query, given_.numbers.window)
               for code in laid.learner.codes] for query in given_.tests]
    np.testing.assert_array_equal(done.said.first[len(given_.codes) :, : len(kept)], counts)


@given(samples())
@settings(max_examples=60, deadline=None)
def test_what_is_learned_and_answered_is_what_counting_says(given_: Samples) -> None:
    check(given_)


def test_a_host_that_listens_to_the_network_alone_writes_the_same() -> None:
    """After each query the run so far is heard again, and only its spikes decide."""
    given_ = case_for_faults()
    told, network, labels = Timeline(given_.numbers), build(given_.numbers), list[int]()
    rows = []
    for n, (code, label) in enumerate(zip(given_.codes, given_.labels, strict=True)):
        told.query(code, test=False)
        inputs, steps = told.trains()
        heard = backends.get("fast").run(network, inputs, PROBES, steps)
        first = said(told, heard.spikes("match"), heard.spikes("label")).first[-1]
        if vote(first, np.array([*labels, *[0] * (len(first) - len(labels))])) != label:
            assert told.write(code, int(label)) == len(rows)
            rows.append(n)
            labels.append(int(label))
    assert rows == list(sent(given_).learned.rows)
    assert 3 < len(rows) < len(given_.codes)


@given(samples())
@settings(max_examples=40, deadline=None)
def test_first_spikes_come_in_the_order_of_similarity(given_: Samples) -> None:
    """As far as the ramp resolves it, and never in another."""
    numbers = given_.numbers
    told = Timeline(numbers)
    for code, label in zip(given_.codes, given_.labels, strict=True):
        told.write(code, int(label))
    for query in given_.tests:
        told.query(query)
    inputs, steps = told.trains()
    done = backends.get("fast").run(build(numbers), inputs, PROBES, steps)
    first = said(told, done.spikes("match"), done.spikes("label")).first
    for query, row in zip(given_.tests, first, strict=True):
        when = np.where(row < 0, numbers.window + 1, row)
        similar = 2 * given_.codes @ query
        for a, b in np.ndindex(len(row), len(row)):
            if similar[a] >= similar[b]:
                assert when[a] <= when[b]
            if similar[a] >= similar[b] + numbers.ramp and when[b] <= numbers.window:
                assert when[a] < when[b] or when[b] == 0


def test_the_reference_says_the_same() -> None:
    check(shown(), "reference")


@pytest.mark.lava
def test_stock_lava_says_the_same() -> None:
    pytest.importorskip("lava.magma.core", reason="lava-nc is not installed")
    check(shown(), "lava")
    assert all(isinstance(p.model, CubaLIF) for p in build(SMALL).populations if not p.is_source)


def test_it_lies_on_a_chip_of_stock_neurons_and_runs_there_alike() -> None:
    laid = sent(shown())
    found = placed(laid, run(laid, "fast"))
    assert (found["profile"], found["programmable_neurons"]) == ("loihi2", False)
    assert (found["cores"], found["chips"]) == (1, 1)
    bands = {(row["of"], row["what"]): row for row in found["bands"]}
    assert len(bands) == len(found["bands"]) == 8
    assert all(0 < row["low"] <= row["high"] for row in bands.values())
    learned = bands["a learned sample", "µJ of events"]
    assert {learned["low_set"], learned["high_set"]} <= set(load_profile("loihi2").energy)


def test_as_many_axons_and_rows_as_were_measured_take_some_cores() -> None:
    numbers = replace(MANY, rows=300)
    rng = np.random.default_rng(2)
    codes = codes_of(rng.random((4, numbers.features)))
    laid = lay(numbers, codes[:3], np.array([0, 1, 0]), codes[3:])
    found = placed(laid, run(laid, "fast"))
    assert found["cores"] > 1


def test_the_network_is_sound_and_its_contract_is_proved() -> None:
    network = verify(build(MANY))
    assert prove_contract(network).proved
    assert [p.name for p in network.plastic] == ["code", "label"]
    assert network.schedule is not None
    assert [phase.name for phase in network.schedule.phases] == [
        "write", "clear", "lift", "query", "ramp"]


def test_ports_keep_what_they_say_period_by_period() -> None:
    numbers, given_ = SMALL, shown()
    told = Timeline(numbers)
    for code, label in zip(given_.codes, given_.labels, strict=True):
        told.write(code, int(label))
        told.query(code)
    inputs, steps = told.trains()
    network = build(numbers)
    done = backends.get("fast").run(network, inputs, PROBES, steps)
    trains = {**inputs, **{p.target: done.traces[p] for p in PROBES}}
    for port in (*inputs_of(numbers), *outputs_of(numbers, network.populations)):
        at, neuron = np.nonzero(trains[port.population])
        assert set((at % network.period).tolist()) <= set(port.steps or ())
        values = trains[port.population][at, neuron]
        assert port.low <= values.min() <= values.max() <= port.high
        if port.norm is not None:
            assert np.linalg.norm(trains[port.population], axis=1).max() <= port.norm
            assert np.linalg.norm(trains[port.population], axis=1).max() > port.norm / 2


# --- the 2-norm


def test_by_the_number_of_axons_alone_a_similarity_would_overflow() -> None:
    widest = 254 * 127 * MANY.features
    assert widest > 2**25.2
    assert MANY.longest == 145
    assert MANY.reach < 2**17 < widest


def test_a_code_that_is_not_normalised_is_refused() -> None:
    told, long = Timeline(MANY), np.full(1280, 127)
    for ask in (lambda: told.write(long, 0), lambda: told.query(long)):
        with pytest.raises(UsageError, match=r"not normalised: its similarities could overflow; "
                                             r"found 2-norm 4543.7; expected at most 145"):
            ask()
    told.query(codes_of(long[None])[0])


def test_a_code_that_is_not_normalised_would_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "check_code", lambda _, code: code)
    told = Timeline(MANY)
    told.write(np.full(1280, 127), 0)
    told.query(np.full(1280, 127), test=False)
    inputs, steps = told.trains()
    done = backends.get("reference").run(build(MANY), inputs, PROBES, steps)
    assert done.overflows["match"] > 0


def test_a_wire_that_promises_no_length_does_not_fit() -> None:
    port = inputs_of(MANY)[0]
    found = lacks(Promise(Interval.same(port.size, -127, 127)), replace(port, steps=None,
                                                                       course=None), 1, 1)
    assert ["2-norm" in lack.what for lack in found] == [True]
    short = Promise(Interval.same(port.size, -127, 127), norm=port.norm)
    assert lacks(short, replace(port, steps=None, course=None), 1, 1) == []


@pytest.mark.parametrize(("changed", "text"), [
    ({"features": 10_000, "threshold": 30_000}, "a similarity may wrap the current"),
    ({"threshold": 131_072, "window": 1, "learning": 1}, "threshold is wider than its register"),
    ({"threshold": 100_000}, "two clears do not bring a row to the floor"),
    ({"window": 82}, "a row that holds nothing fires before the test ends; found 32308"),
    ({"rows": 70_000}, "votes may wrap the current"),
])
def test_what_could_overflow_is_not_built(changed: dict[str, int], text: str) -> None:
    with pytest.raises(RangeProofError, match=text):
        build(replace(MANY, **changed))


# --- edges


def test_two_equal_matches_of_two_classes_vote() -> None:
    numbers = Prototypes(2, 3, 3, ramp=100, threshold=23_000, learning=5, window=50)
    told, learner = Timeline(numbers), Learner(numbers)
    codes = np.array([[90, 90], [90, 90], [127, 0]])
    for code, label in zip(codes, (2, 1, 0), strict=True):
        told.write(code, label)
    told.query(codes[0])
    inputs, steps = told.trains()
    done = backends.get("fast").run(build(numbers), inputs, PROBES, steps)
    found = said(told, done.spikes("match"), done.spikes("label"))
    assert found.first[0, 0] == found.first[0, 1] >= 0
    assert found.classes.tolist() == [[False, True, True]]
    assert vote(found.first[0], np.array([2, 1, 0])) == 1  # one vote each: the lower class
    assert vote(np.array([3, 3, 3, -1]), np.array([2, 1, 2, 0])) == 2
    assert learner.answer(codes).tolist() == [NOBODY] * 3


def test_a_class_that_was_never_seen_is_nobody_and_then_learned() -> None:
    numbers = Prototypes.of_cosines(2, 3, 3, novelty=0.9, resolution=0.02, window=20)
    axes = codes_of(np.eye(2))
    laid = lay(numbers, axes[:1], np.array([0]), axes)
    assert run(laid, "fast").answers.tolist() == [0, NOBODY]
    laid = lay(numbers, axes, np.array([0, 2]), axes)
    assert run(laid, "fast").answers.tolist() == [0, 2]
    assert laid.learned.answers == (NOBODY, NOBODY)


def test_a_known_sample_of_another_class_is_imprinted_too() -> None:
    numbers = Prototypes.of_cosines(2, 3, 3, novelty=0.9, resolution=0.02, window=20)
    twice = codes_of(np.array([[1.0, 0.2], [1.0, 0.25], [1.0, 0.2]]))
    laid = lay(numbers, twice, np.array([0, 1, 0]), twice)
    assert laid.learned.rows == (0, 1)
    assert laid.learned.answers == (NOBODY, 0, 0)  # the last one by a tie
    run(laid, "fast")


def test_more_prototypes_than_rows_are_refused_by_name() -> None:
    given_ = shown(count=6)
    text = "all rows hold a prototype, and another one is to be written; found 5.*at most 4 rows"
    different = replace(given_, labels=np.zeros(6, int), codes=codes_of(
        np.concatenate([np.eye(3), -np.eye(3)])))
    with pytest.raises(FitError, match=text):
        sent(different)
    with pytest.raises(FitError, match=text):
        Learner(SMALL).learn(different.codes, different.labels.tolist())
    told = Timeline(SMALL)
    assert [told.write(code, 0) for code in different.codes[:4]] == [0, 1, 2, 3]
    with pytest.raises(FitError, match=text):
        told.write(different.codes[4], 0)


def test_by_a_fine_ramp_it_learns_what_floats_learn() -> None:
    numbers = Prototypes.of_cosines(16, 80, 4, novelty=0.9, resolution=0.0101, window=9)
    rng = np.random.default_rng(5)
    centres = rng.random((4, 16))
    labels = np.repeat(np.arange(4), 20)
    some = np.abs(centres[labels] + 0.25 * rng.normal(size=(80, 16)))
    integers = Learner(numbers).learn(codes_of(some), labels.tolist()).rows
    floats = learn_prototypes(some, labels, 0.9)
    assert abs(len(integers) - len(floats)) <= 3
    assert len(set(integers) & set(floats.tolist())) >= 0.9 * len(floats)


@pytest.mark.parametrize(("call", "text"), [
    (lambda t: t.write(np.zeros(3, int), 3), "there is no such class; found 3"),
    (lambda t: t.write(np.zeros(2, int), 0), "a code has the wrong shape or type"),
    (lambda t: t.query(np.zeros(3)), "a code has the wrong shape or type"),
    (lambda t: t.query(np.array([128, 0, 0])), "a code exceeds 7 bits; found 128"),
    (lambda t: t.query(np.array([127, 127, 0])), "a code is not normalised"),
    (lambda _: Timeline(replace(SMALL, sides=1)).query(np.array([-1, 0, 0])),
     "a code is negative; found -1"),
    (lambda _: codes_of(np.zeros((1, 3))), "vector 0: a vector has no direction"),
    (lambda _: codes_of(np.array([[1, 0], [np.nan, 1]])), "vector 1: a vector has no direction"),
    (lambda _: replace(SMALL, norm=128), "norm: a number of the prototypes is out of range"),
    (lambda _: replace(SMALL, sides=3), "sides: a number of the prototypes is out of range"),
    (lambda _: replace(SMALL, rows=0), "rows: a number of the prototypes is out of range"),
    (lambda _: replace(SMALL, window=0), "window: a number of the prototypes is out of range"),
    (lambda _: Prototypes.of_cosines(3, 4, 3, novelty=1.0, resolution=0.1, window=9),
     "novelty: this is no cosine between 0 and 1"),
])
def test_what_makes_no_sense_is_refused(call: Callable[[Timeline], Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        call(Timeline(SMALL))


# --- planted faults


def other_threshold(network: Network) -> Network:
    return replace(network, populations=tuple(
        replace(p, model=replace(p.model, vth=p.model.vth + 200)) if p.name == "match" else p
        for p in network.populations))


def other_rule(network: Network) -> Network:
    """The code is added to what the row holds, and at half its size."""
    return replace(network, projections=tuple(
        replace(p, rule=replace(p.rule, dw="2^0*x1*y0*y1")) if p.name == "code" else p
        for p in network.projections))


def labels_one_further(network: Network) -> Network:
    return replace(network, projections=tuple(
        replace(p, rule=replace(p.rule, dw="2^2*x0*y1")) if p.name == "label" else p
        for p in network.projections))


FAULTS: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "ramp": lambda patch: patch.setattr(
        Timeline, "_lay_query", _with(Timeline._lay_query, "drive", 21, 20)),
    "sign": lambda patch: patch.setattr(
        Timeline, "_lay_query", _with(Timeline._lay_query, "axon", -1, 1)),
    "vote": lambda patch: patch.setattr(
        host, "vote", lambda steps, labels: -1 if (steps < 0).all() else int(labels[-1])),
    "closed form": lambda patch: patch.setattr(
        prototypes_run, "first_steps", lambda *a: first_steps(*a) + 1),
    "allocation": lambda patch: patch.setattr(
        Learner, "_ask", lambda _, __, ___: NOBODY),
    "window": lambda patch: patch.setattr(
        Learner, "_ask", lambda self, code, ramp: _ASK(self, code, ramp // 2)),
}
_ASK = Learner._ask


def _with(lay_query: Callable[..., None], name: str, by: int, over: int) -> Callable[..., None]:
    """A query of which one train is multiplied where it is positive."""
    def changed(self: Timeline, inputs: dict[str, NDArray[np.int64]], start: int,
                code: NDArray[np.int64], ramp: int) -> None:
        lay_query(self, inputs, start, code, ramp)
        some = inputs[name][start + 3 : start + 4 + ramp]
        some[:] = np.where(some > 0, some * by // over, some)
    return changed


def case_for_faults() -> Samples:
    numbers = Prototypes.of_cosines(4, 12, 3, novelty=0.8, resolution=0.02, window=40, signed=True)
    rng = np.random.default_rng(3)
    some = np.abs(rng.normal(size=(18, 4))) - 0.1
    return Samples(numbers, codes_of(some[:12]), rng.integers(3, size=12), codes_of(some[12:]))


def test_the_case_for_faults_has_none() -> None:
    check(case_for_faults())


@pytest.mark.parametrize("fault", [other_threshold, other_rule, labels_one_further])
def test_a_fault_of_the_network_is_found(fault: Callable[[Network], Network]) -> None:
    given_ = case_for_faults()
    broken = replace(fault(build(given_.numbers)), parts=())
    with pytest.raises(DisagreementError, match="the memory of prototypes is not what its closed"):
        check(given_, network=broken)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_host_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[fault](monkeypatch)
    with pytest.raises((DisagreementError, AssertionError, FitError)):
        check(case_for_faults())
