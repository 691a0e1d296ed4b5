"""The circuit keeps its promises for every head that passes its proof, on the reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_heads import Case, cases, heads, scores

from neuromorph.backends.reference import ReferenceBackend
from neuromorph.circuits.latency_attention import (
    Attended,
    LatencyAttention,
    StaticAttention,
    build,
    prove_ranges,
    schedule_of,
    stimulate,
)
from neuromorph.errors import NetworkError, RangeProofError, UsageError
from neuromorph.network import Source, verify
from neuromorph.neurons.latency_match import latency_payload

REFERENCE = ReferenceBackend()
quick = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])

BINARY = LatencyAttention(
    slots=4, key_size=3, value_size=2, spikes="binary", key_shift=1, ramp=300, window=12,
    score_bound=1201, latest=1000, query_limit=20, key_limit=20, value_limit=127, value_shift=0,
    control_decay=2048, unit=254)
GRADED = replace(BINARY, spikes="graded", value_shift=2)
NARROW = replace(BINARY, input_bits=22)


# --- what happens in a run


@given(cases())
@quick
def test_no_accumulator_ever_overflows(case: Case) -> None:
    recording, _ = case.run(REFERENCE)
    assert recording.overflows == dict.fromkeys(("match", "control", "normaliser", "done"), 0)


@given(cases())
@quick
def test_done_fires_once_a_query_right_after_its_last_spike(case: Case) -> None:
    recording, attended = case.run(REFERENCE)
    start = np.arange(len(case.queries)) * case.head.period
    excused, last = start + case.head.clears + 1, start + case.head.arrival + attended.last + 1
    assert np.flatnonzero(recording.spikes("done")).tolist() == np.where(
        attended.last < 0, excused, last).tolist()


@given(cases())
@quick
def test_every_slot_fires_once_a_query_unless_masked(case: Case) -> None:
    recording, attended = case.run(REFERENCE)
    window = case.head.window
    rows = recording.spikes("match") != 0
    for i, allowed in enumerate(case.mask):
        first = i * case.head.period + case.head.arrival
        assert rows[first : first + window + 1].sum(axis=0).tolist() == allowed.tolist()
    assert rows.sum() == case.mask.sum()
    assert attended.spikes.tolist() == case.mask.sum(axis=1).tolist()


LOUD = LatencyAttention(
    slots=3, key_size=8, value_size=1, spikes="binary", key_shift=2, ramp=6000, window=21,
    score_bound=64_517, latest=64_000, query_limit=127, key_limit=127, value_limit=1,
    value_shift=0, control_decay=2048, unit=2)


def test_a_masked_slot_stays_silent_however_it_scores() -> None:
    """The worst match there is starts highest; the mask holds it down for the whole window."""
    assert LOUD.threshold > 126_000
    keys = np.array([[-127], [127], [127]]) * np.ones(8, int)
    mask = np.array([[False, False, True], [False, True, False]])
    recording, attended = Case(LOUD, keys, np.ones((3, 1), int), np.full((2, 8), 127),
                               mask).run(REFERENCE)
    assert attended.times is not None
    assert (attended.times >= 0).tolist() == mask.tolist()
    assert (recording.spikes("match") != 0).sum() == 2


@given(cases())
@quick
def test_slots_fire_when_the_formula_says(case: Case) -> None:
    head, start = case.head, case.head.score_bound
    climb = head.threshold - start - scores(case)
    due = np.clip(-(-climb // head.ramp), 0, head.window)
    _, attended = case.run(REFERENCE)
    np.testing.assert_array_equal(attended.times, np.where(case.mask, due, -1))
    np.testing.assert_array_equal(attended.last, np.where(case.mask, due, -1).max(axis=1))


@given(cases())
@quick
def test_the_go_pulse_forces_what_is_not_due_before_it(case: Case) -> None:
    """All that is `latest` or better is forced, so is what needs the window's last step."""
    head = case.head
    before_go = head.score_bound + scores(case) + head.ramp * (head.window - 1)
    forced = (before_go < head.threshold) & case.mask
    _, attended = case.run(REFERENCE)
    assert attended.forced.tolist() == forced.sum(axis=1).tolist()
    assert forced[case.mask & (-scores(case) >= head.latest)].all()


@given(cases())
@quick
def test_control_is_what_the_formula_says(case: Case) -> None:
    """Values arrive in the order of spikes and fade towards zero, in whole numbers."""
    head = case.head
    _, attended = case.run(REFERENCE)
    weights = np.column_stack([2 * case.values, np.full(head.slots, head.unit)])
    for i in range(len(case.queries)):
        held = [0] * (head.value_size + 1)
        for n in range(int(attended.last[i]) + 1):
            now = attended.times[i] == n
            arriving = (attended.payloads[i][now] @ weights[now]) >> head.value_shift
            held = [int(np.sign(h)) * (abs(h) * (4096 - head.control_decay) // 4096)
                    + (int(new) if head.graded else int(new) << head.control_shift)
                    for h, new in zip(held, arriving, strict=True)]
        assert [*attended.control[i], attended.normaliser[i]] == held


@given(cases())
@quick
def test_a_query_remembers_nothing_of_the_ones_before(case: Case) -> None:
    _, together = case.run(REFERENCE)
    for i in range(len(case.queries)):
        _, alone = case.only(i).run(REFERENCE)
        for name in ("control", "normaliser", "last", "spikes", "forced", "times", "payloads"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[i])


@given(heads(spikes="graded", slots=2), st.integers(0, 2**32))
@quick
def test_binary_and_graded_spikes_come_at_the_same_steps(
    head: LatencyAttention, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    keys = rng.integers(-head.key_limit, head.key_limit + 1, (2, head.key_size))
    queries = rng.integers(-head.query_limit, head.query_limit + 1, (2, head.key_size))
    values, mask = np.zeros((2, head.value_size), np.int64), np.ones((2, 2), bool)
    _, graded = Case(head, keys, values, queries, mask).run(REFERENCE)
    plain = replace(head, spikes="binary", value_shift=0)
    _, binary = Case(plain, keys, values, queries, mask).run(REFERENCE)
    np.testing.assert_array_equal(graded.times, binary.times)
    assert (binary.payloads == 1).all()


# --- payloads


@pytest.mark.parametrize("ramp", [1, 2, 3, 63, 64, 446, 4088, 4089, 5861, 10_007, 30_000])
def test_payloads_fall_along_a_line_within_one_step_of_the_ramp(ramp: int) -> None:
    head = replace(GRADED, ramp=ramp, window=1)
    overshoot = (np.arange(ramp) << 6) + 1
    payloads = latency_payload(overshoot, np.zeros(ramp, bool), base=128, span=head.payload_span,
                               gain=head.payload_gain, gain_shift=head.payload_gain_shift)
    line = 256 - 128 * overshoot / (ramp << 6)
    assert (np.diff(payloads) <= 0).all()
    assert np.abs(payloads - line).max() < 1.1


STEEP = replace(GRADED, slots=3, key_size=1, score_bound=64_009, latest=60_774, ramp=30_000,
                window=4, key_limit=127, query_limit=126, key_shift=0)


def expected_payload(base: int, steps: Any, early: Any) -> Any:
    """2 base 2^-x by straight lines between whole x; beyond one step only for early spikes."""
    steps = np.clip(steps, 0, 1000)
    octave = np.floor(steps)
    line = base * (2 - (steps - octave)) * 2.0**-octave
    return np.where(octave == 0, line, np.where(early, np.maximum(1, line), 2 * base))


def payloads_by_formula(case: Case, attended: Attended) -> Any:
    """What unmasked slots should send; NaN just past a whole step, where rounding decides."""
    head = case.head
    assert attended.times is not None
    forced = np.where(attended.times == head.window, head.go - head.ramp, 0)
    height = head.score_bound + scores(case) + head.ramp * attended.times + forced
    past = (height - head.threshold + 1 / 64) / head.ramp
    sent = expected_payload(head.payload_base, past, attended.times == 0)
    return np.where((np.abs(past - 1) < 1e-3) & (attended.times > 0), np.nan, sent)


@given(cases())
@quick
def test_payloads_say_how_far_past_threshold_a_slot_was(case: Case) -> None:
    _, attended = case.run(REFERENCE)
    assert attended.payloads is not None
    if case.head.graded:
        sent = payloads_by_formula(case, attended)
        known = case.mask & ~np.isnan(sent)
        np.testing.assert_allclose(attended.payloads[known], sent[known], atol=1.5)
    else:
        np.testing.assert_array_equal(attended.payloads, case.mask)


def test_payloads_of_a_steep_ramp_are_right_or_its_head_is_refused() -> None:
    case = Case(STEEP, np.array([[110], [60], [-10]]), np.zeros((3, 2), int), np.array([[90]]),
                np.ones((1, 3), bool))
    try:
        _, attended = case.run(REFERENCE)
    except RangeProofError:
        return
    sent = payloads_by_formula(case, attended)
    np.testing.assert_allclose(attended.payloads, sent, atol=1.5)


# --- attention weights


@given(cases())
@quick
def test_attention_weights_sum_to_one_where_anything_is_seen(case: Case) -> None:
    _, attended = case.run(REFERENCE)
    weights = attended.weights(0.5)
    assert (weights >= 0).all()
    assert (weights[~case.mask] == 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), case.mask.any(axis=1), atol=1e-12)


@pytest.mark.parametrize("head", [BINARY, GRADED], ids=["binary", "graded"])
def test_weights_explain_control_and_normaliser(head: LatencyAttention) -> None:
    """Up to truncation, control / normaliser is the weighted mean of the values."""
    rng = np.random.default_rng(0)
    case = Case(head, rng.integers(-20, 21, (4, 3)), rng.integers(-127, 128, (4, 2)),
                rng.integers(-20, 21, (8, 3)), np.ones((8, 4), bool))
    _, attended = case.run(REFERENCE)
    mean = attended.control / attended.normaliser[:, None] * head.unit / 2
    np.testing.assert_allclose(mean, attended.weights(np.log(2)) @ case.values, atol=1)
    assert len(np.unique(attended.times)) > 5


def test_weights_need_spike_times() -> None:
    case = Case(BINARY, *(np.zeros(s, np.int64) for s in ((4, 3), (4, 2), (1, 3))),
                np.ones((1, 4), bool))
    _, attended = case.run(REFERENCE)
    with pytest.raises(UsageError, match="times were not recorded"):
        replace(attended, times=None).weights(0.5)


# --- what is refused

BEYOND: dict[str, tuple[LatencyAttention, str]] = {
    "score": (replace(BINARY, score_bound=1200), "smaller than the largest score"),
    "lift": (replace(BINARY, score_bound=65_024), "lift and query together wrap the current"),
    "threshold": (replace(BINARY, ramp=1, window=131_071 - 200),
                  "the threshold does not fit its register"),
    "go": (replace(NARROW, window=1, ramp=32_640 - 200), "the go pulse wraps the current"),
    "registers": (replace(BINARY, input_bits=23),
                  "of this width; found 23 bits; expected 24 bits or 22 bits"),
    "narrow graded": (replace(GRADED, input_bits=22),
                      "no head of graded spikes has a synaptic input of this width"),
    "narrow lift": (replace(NARROW, score_bound=16_065), "lift and query together wrap"),
    "ramp": (replace(BINARY, ramp=0), "the ramp must climb"),
    "window": (replace(BINARY, window=0), "the window must have a step"),
    "late": (replace(BINARY, latest=1202), "latest score lies beyond the score bound"),
    "early": (replace(BINARY, latest=-1202), "latest score lies beyond the score bound"),
    "binary flush": (replace(BINARY, slots=412), "the flush does not clear"),
    "graded flush": (replace(GRADED, slots=413), "the flush does not clear"),
    "graded decay": (replace(GRADED, control_decay=2047), "graded payloads double a step"),
    "keys": (replace(BINARY, key_limit=128, query_limit=1), "codes do not fit 8-bit synapses"),
    "values": (replace(BINARY, value_limit=128), "codes do not fit 8-bit synapses"),
    "queries": (replace(BINARY, query_limit=128, key_limit=1), "queries do not fit their payload"),
    "unit": (replace(BINARY, unit=256), "the normaliser's unit does not fit a synapse"),
}


@pytest.mark.parametrize("rule", BEYOND)
def test_a_head_beyond_a_bound_has_no_proof(rule: str) -> None:
    head, text = BEYOND[rule]
    with pytest.raises(RangeProofError, match=text):
        prove_ranges(head)


@pytest.mark.parametrize("head", [
    replace(BINARY, score_bound=65_023),
    replace(BINARY, ramp=1, window=131_071 - 201),
    replace(NARROW, score_bound=16_064),
    replace(NARROW, ramp=1, window=131_071 - 201),
    replace(BINARY, latest=1201),
    replace(BINARY, latest=-1201),
    replace(BINARY, key_limit=127, query_limit=1),
    replace(BINARY, query_limit=127, key_limit=1),
    replace(BINARY, window=1, ramp=1, slots=1, unit=2, value_limit=1),
])
def test_a_head_at_a_bound_has_one(head: LatencyAttention) -> None:
    assert prove_ranges(head) is head


@given(heads())
@quick
def test_what_is_proven_can_be_built(head: LatencyAttention) -> None:
    network = build(head, np.full((head.slots, head.key_size), -head.key_limit),
                    np.full((head.slots, head.value_size), head.value_limit))
    assert verify(network).parts[0].circuit == StaticAttention(head)


@pytest.mark.parametrize(("keys", "values", "text"), [
    (np.zeros((3, 3), int), np.zeros((4, 2), int), "keys have the wrong shape"),
    (np.zeros((4, 3), int), np.zeros((4, 1), int), "values have the wrong shape"),
    (np.zeros((4, 3)), np.zeros((4, 2), int), "keys must be integer codes"),
    (np.full((4, 3), -21), np.zeros((4, 2), int), "keys exceed their limit; found 21"),
    (np.zeros((4, 3), int), np.full((4, 2), 128), "values exceed their limit; found 128"),
    (np.full((4, 3), -128, np.int8), np.zeros((4, 2), int), "keys exceed their limit; found 128"),
])
def test_codes_that_do_not_fit_the_head_are_refused(keys: Any, values: Any, text: str) -> None:
    with pytest.raises(NetworkError, match=text):
        build(BINARY, keys, values)


@pytest.mark.parametrize(("queries", "mask", "text"), [
    (np.zeros((2, 4), int), None, "queries have the wrong shape"),
    (np.zeros((0, 3), int), None, "queries have the wrong shape"),
    (np.full((2, 3), 21), None, "a query code exceeds its limit"),
    (np.zeros((2, 3), int), np.ones((2, 3), bool), "the mask has the wrong shape"),
    (np.zeros((2, 3), int), np.ones((2, 4), int), "the mask has the wrong shape or type"),
])
def test_queries_that_do_not_fit_the_head_are_refused(queries: Any, mask: Any, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        stimulate(BINARY, queries, mask)


# --- the schedule


def test_the_schedule_names_every_step_of_a_query_once() -> None:
    schedule = schedule_of(BINARY)
    steps = [n for phase in schedule.phases for n in range(phase.start, phase.stop)]
    assert steps == list(range(schedule.period))
    assert [phase.name for phase in schedule.phases] == ["clear", "lift", "query", "ramp", "go"]


def test_sources_speak_in_their_phase() -> None:
    inputs, steps = stimulate(BINARY, np.array([[1, 2, 3], [4, 5, 6]]))
    phase = {p.name: p for p in schedule_of(BINARY).phases}
    drive = inputs["drive"][: BINARY.period, 0]
    assert (drive[: phase["clear"].stop] < 0).all()
    assert (drive[phase["ramp"].start : phase["ramp"].stop] == BINARY.ramp).all()
    assert drive[phase["go"].start] == BINARY.go
    asked = np.flatnonzero(inputs["query"].any(axis=1))
    assert asked.tolist() == [phase["query"].start, phase["query"].start + BINARY.period]
    network = build(BINARY, np.zeros((4, 3), int), np.zeros((4, 2), int))
    assert set(inputs) == {p.name for p in network.populations if isinstance(p.model, Source)}
    assert {len(train) for train in inputs.values()} == {steps}
