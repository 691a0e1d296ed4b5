"""Multitasking memory: critical dilutions, mean field, and spins that may be silent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from neuromorph import backends
from neuromorph.api.circuits.multitasking import Settings, binary, make, recall
from neuromorph.circuits.multitasking import (
    Multitasking,
    at_rest,
    build,
    prove,
    random_patterns,
    retrieved,
    selectivity,
    threshold_for,
    trains,
    warnings_of,
)
from neuromorph.compile.passes import compile_units
from neuromorph.compile.program import Unit
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import DisagreementError, RangeProofError, TensorError, UsageError
from neuromorph.network import Probe, parallel, verify, wire
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.papers.multitasking import (
    critical_dilution,
    hierarchical_overlaps,
    hierarchical_state,
    mean_field,
    spin_overlaps,
    step_multitasking,
)
from neuromorph.profiles import load_profile

SEEDS = range(10)


# --- the published network


@pytest.mark.parametrize(("count", "wanted"), [
    (2, 1.0), (3, 0.6180), (4, 0.5437), (5, 0.5188), (6, 0.5087), (8, 0.5020)])
def test_the_critical_dilution_is_the_tabled_one(count: int, wanted: float) -> None:
    found = critical_dilution(count)
    assert found == pytest.approx(wanted, abs=1e-4)
    first, *rest = hierarchical_overlaps(found, count)
    assert first == pytest.approx(sum(rest))  # the first pattern just outweighs the others


def test_a_great_many_patterns_need_half_gaps() -> None:
    assert critical_dilution(5000) == pytest.approx(0.5)


@pytest.mark.parametrize("count", [3, 4, 6])
def test_no_spin_leaves_the_hierarchy_below_it_and_some_do_above(count: int) -> None:
    lost = {}
    for away in (-0.02, 0.02):
        found = []
        for seed in range(5):
            patterns = random_patterns(count, 40_000, critical_dilution(count) + away,
                                       np.random.default_rng(seed)).astype(float)
            state = hierarchical_state(patterns)
            found.append((step_multitasking(patterns, state) != state).mean())
        lost[away] = np.mean(found)
    assert lost[-0.02] == 0
    assert lost[0.02] >= 0.002


def test_overlaps_fall_by_the_dilution() -> None:
    patterns = random_patterns(4, 400_000, 0.4, np.random.default_rng(0)).astype(np.float32)
    state = step_multitasking(patterns, hierarchical_state(patterns))
    np.testing.assert_allclose(spin_overlaps(patterns, state), hierarchical_overlaps(0.4, 4),
                               atol=0.005)


@pytest.mark.parametrize(("gaps", "wanted"), [
    (0.60, (0.525, 0, 0)), (0.66, (0.312,) * 3), (0.75, (0.345,) * 3)])
def test_three_states_at_nine_tenths_of_the_critical_temperature(
    gaps: float, wanted: tuple[float, ...]
) -> None:
    found = mean_field(gaps, 0.9 * (1 - gaps), 3) / (1 - gaps)
    np.testing.assert_allclose(found, wanted, atol=0.002)


@pytest.mark.parametrize(("gaps", "wanted"), [(0.64, (0.243, 0, 0)), (0.70, (0.146,) * 3)])
def test_close_to_the_critical_temperature_two_thirds_divide_them(
    gaps: float, wanted: tuple[float, ...]
) -> None:
    np.testing.assert_allclose(mean_field(gaps, 0.98 * (1 - gaps), 3) / (1 - gaps), wanted,
                               atol=0.003)


def test_a_mean_field_rests_where_its_free_energy_is_least() -> None:
    """dF/dm = 0 of F = m^2 / 2 - T E log cosh(xi.m / T)."""
    columns = np.stack(np.meshgrid(*3 * [[-1, 0, 1]]), axis=-1).reshape(-1, 3)
    chances = np.where(columns == 0, 0.6, 0.2).prod(axis=1)

    def free(m: Any) -> float:
        return float(m @ m / 2 - 0.3 * chances @ np.log(np.cosh(columns @ m / 0.3)))

    m = mean_field(0.6, 0.3, 3)
    np.testing.assert_allclose(approx_fprime(m, free), 0, atol=1e-6)
    assert free(m) < free(np.zeros(3))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: critical_dilution(1), "no such number of patterns"),
    (lambda: critical_dilution(True), "no such number of patterns"),
    (lambda: mean_field(1.1, 0.1, 3), "dilution: .*found 1.1"),
    (lambda: mean_field(float("nan"), 0.1, 3), "dilution"),
    (lambda: mean_field(0.5, 0, 3), "temperature"),
    (lambda: mean_field(0.5, 0.1, 9), "patterns: .*found 9; expected 1 to 8"),
    (lambda: mean_field(0.5, 0.499999999, 2), "does not come to rest"),
])
def test_numbers_of_theory_that_are_none_are_refused(call: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call()


# --- the circuit


def of_seeds(chosen: Settings, backend: str = "fast", seeds: Any = SEEDS) -> list[Any]:
    """For each seed what one cue finds, in spikes, and what binary spins find."""
    found = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        patterns, asked, cues = make(chosen, rng)
        theta = threshold_for(patterns, chosen.known, chosen.threshold)
        spins = recall(patterns, cues, theta, chosen.sweeps, backend)  # raises where it differs
        found.append((selectivity(patterns, asked, spins[:, -1]),
                      binary(patterns, asked, cues, rng)))
    return found


@pytest.mark.parametrize(("queries", "least"), [(1, 0.99), (2, 0.90), (4, 0.82)])
def test_several_patterns_answer_one_cue_and_no_others(queries: int, least: float) -> None:
    found = [silent for silent, _ in of_seeds(Settings(queries=queries, cues=1))]
    assert np.mean([one.asked for one in found]) >= least
    assert np.mean([one.unasked for one in found]) <= 0.12


def test_queries_of_fields_of_their_own_are_all_answered() -> None:
    chosen = Settings(patterns=16, dilution=0, fields=4, queries=4, known=0.3, cues=1)
    assert [silent.least_asked for silent, _ in of_seeds(chosen)] == [1.0] * len(SEEDS)


def test_spins_that_must_speak_raise_what_nobody_asked_for() -> None:
    """The published form, one query: no less of another pattern than of the one asked for."""
    found = [spoken for _, spoken in of_seeds(Settings(queries=1, cues=1, known=0.3))]
    assert np.mean([one.unasked for one in found]) > 0.8


def test_a_crowd_needs_a_higher_threshold() -> None:
    crowd = Settings(patterns=64, dilution=0.95, cues=1)
    low, high = (np.mean([silent.unasked for silent, _ in of_seeds(replace(
        crowd, threshold=part))]) for part in (0.5, 0.8))
    assert low > 0.25 > high


@pytest.mark.parametrize("backend", ["reference", "lava"])
def test_every_backend_says_the_same(backend: str) -> None:
    small = Settings(size=96, dilution=0.8, cues=3, sweeps=2)
    ours, theirs = (of_seeds(small, name, range(1)) for name in ("fast", backend))
    assert ours == theirs


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 12), st.integers(1, 9), st.integers(1, 4), st.integers(0, 12),
       st.integers(0, 2**32))
def test_the_circuit_is_its_closed_form(
    size: int, count: int, sweeps: int, theta: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    patterns = random_patterns(count, size, 0.3, rng)
    cues = rng.integers(-1, 2, (3, size))
    recall(patterns, cues, theta, sweeps, "reference")  # raises where it is not


def test_a_wrong_row_of_synapses_is_found() -> None:
    patterns = random_patterns(8, 64, 0.5, np.random.default_rng(0))
    network = build(patterns, 4)
    turned = replace(network.projection("for"), weights=-network.projection("for").weights)
    broken = replace(network, projections=tuple(
        turned if p.name == "for" else p for p in network.projections))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neuromorph.api.circuits.multitasking.build", lambda *_: broken)
        with pytest.raises(DisagreementError, match="is not what its closed form is"):
            recall(patterns, patterns[:2], 4, 4, "fast")


def test_it_is_proved_and_placed_and_its_weights_take_two_bits() -> None:
    patterns = random_patterns(8, 1024, 0.9, np.random.default_rng(0))
    network = build(patterns, 25)
    assert prove_contract(network).proved
    of_patterns = ("for", "against", "recall plus", "recall minus")
    for name in of_patterns:
        assert set(np.unique(network.projection(name).weights)) <= {-2, 0, 2}
    stored = sum(np.count_nonzero(network.projection(name).weights) for name in of_patterns)
    assert stored == 4 * np.count_nonzero(patterns) < 0.45 * patterns.size
    compiled = compile_units([Unit("memory", network)], load_profile("oheo_gulch"))
    assert (compiled.program.cores, compiled.program.chips) == (2, 1)


def test_one_memory_asks_another() -> None:
    """Answers of the first are the cue of the second, which knows them by other patterns."""
    rng = np.random.default_rng(1)
    first, second = (random_patterns(4, 48, 0.5, rng) for _ in range(2))
    a, b = build(first, 5, 2), build(second, 3, 2)
    whole = verify(wire(parallel({"a": a, "b": b}),
                        {"b.cue_on": "a.plus", "b.cue_off": "a.minus"}))
    assert prove_contract(whole).proved
    cues = first[:2].astype(np.int64)
    inputs, steps = trains(Multitasking(48, 4, 5, 2), cues)
    later = np.roll(inputs["go"], 1, axis=0)  # the second hears spins a step after a source
    run = backends.get("fast").run
    trains_of = {**{f"a.{n}": t for n, t in inputs.items()}, "b.go": later}
    found = run(whole, trains_of, [Probe("b.plus"), Probe("b.minus"), Probe("a.plus"),
                                   Probe("a.minus")], steps)
    alone = run(b, {"cue_on": found.spikes("a.plus"), "cue_off": found.spikes("a.minus"),
                    "go": later}, [Probe("plus"), Probe("minus")], steps)
    for name in ("plus", "minus"):
        np.testing.assert_array_equal(found.spikes(f"b.{name}"), alone.spikes(name))
    assert found.spikes("b.plus").any()
    numbers = Multitasking(48, 4, 5, 2)
    np.testing.assert_array_equal(
        retrieved(numbers, found.spikes("a.plus"), found.spikes("a.minus"), 2),
        at_rest(first, cues, 5, 2))


# --- what is wrong with patterns


def test_a_range_that_cannot_be_proved_is_refused_with_how_many_would_do() -> None:
    most = (STATE_MAX - (254 << 4)) // 8192
    assert prove(Multitasking(8192, most, 2048))
    with pytest.raises(RangeProofError, match=f"at most {most} patterns of this size"):
        prove(Multitasking(8192, most + 1, 2048))
    with pytest.raises(RangeProofError, match="no synapse passes the threshold"):
        prove(Multitasking(8, 1, 254 << 14))


def test_twins_and_crowds_are_told() -> None:
    rng = np.random.default_rng(0)
    patterns = random_patterns(4, 32, 0.5, rng)
    same = np.concatenate([patterns, patterns[:1], -patterns[1:2]])
    asked = np.array([[0]])
    sound = warnings_of(patterns, selectivity(patterns, asked, patterns[:1]))
    told = warnings_of(same, selectivity(same, asked, same[:1]))
    assert sound == ()
    assert "2 patterns are equal to an earlier one or its negative" in told[0]
    assert "raised to an overlap of 1.00" in told[1]


@pytest.mark.parametrize(("patterns", "message"), [
    ([[1, 2]], "found 2 at place 1"), ([[np.nan, 1]], "hold what is no spin"),
    ([1, -1], "no rows of spins"), ([[0, 0], [1, 0]], "all gaps; found row 0"),
    ([[1], [1, 0]], "no array")])
def test_patterns_that_are_none_are_refused(patterns: Any, message: str) -> None:
    with pytest.raises(TensorError, match=message):
        build(patterns, 1)


@pytest.mark.parametrize(("given_settings", "message"), [
    ({"size": 1000, "fields": 3}, "fields do not divide the places.*3 fields of 1000"),
    ({"fields": 16}, "fewer patterns than fields"),
    ({"queries": 9}, "found 9; expected at most 8"),
    ({"fields": 4, "queries": 5}, "expected at most 4. A cue asks for one of each"),
    ({"known": 0.0}, "known"), ({"dilution": 1.0}, "dilution"),
])
def test_settings_that_do_not_fit_are_refused(given_settings: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Settings(**given_settings)


@pytest.mark.parametrize("call", [
    lambda: prove(Multitasking(0, 1, 1)), lambda: prove(Multitasking(1, 1, -1)),
    lambda: random_patterns(1, 4, 1.0, np.random.default_rng(0))])
def test_numbers_that_are_none_are_refused(call: Any) -> None:
    with pytest.raises(UsageError):
        call()
