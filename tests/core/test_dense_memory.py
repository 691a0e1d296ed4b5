"""Dense memory: its capacity by theory, the guard, and the circuit that multiplies."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuromorph.api.circuits.dense_memory import Settings, make, recall
from neuromorph.circuits.dense_memory import (
    DenseMemory,
    bit_error,
    build,
    check_load,
    critical_load,
    largest_count,
    load_of,
    noise_factor,
    prove,
    retrieval_overlap,
    settled,
)
from neuromorph.circuits.dense_memory import store as dense_store
from neuromorph.compile.passes import compile_units
from neuromorph.compile.program import Unit
from neuromorph.errors import (
    DisagreementError,
    NeuromorphWarning,
    RangeProofError,
    TensorError,
    UsageError,
)
from neuromorph.network import verify
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.papers.spin_memory import (
    dense_fields,
    distinct_energy,
    distinct_power,
    sweep_dense,
)
from neuromorph.profiles import load_profile

SEEDS = range(3)


def spins(seed: int, count: int, size: int) -> NDArray[Any]:
    return np.random.default_rng(seed).choice([-1, 1], (count, size))


@pytest.mark.parametrize(("order", "factors", "loads"), [
    (3, (2, 3), (0.1261, 0.0841)),
    (4, (6, 15), (0.0330, 0.0132)),
    (5, (24, 105), (0.0072, 0.0016)),
])
def test_noise_and_critical_loads_are_the_tabled_ones(
    order: int, factors: tuple[int, int], loads: tuple[float, float]
) -> None:
    for distinct, factor, load in zip((True, False), factors, loads, strict=True):
        assert noise_factor(order, distinct=distinct) == factor
        assert critical_load(order, distinct=distinct) == pytest.approx(load, abs=6e-5)
    assert noise_factor(2) == noise_factor(2, distinct=True) == 1


@pytest.mark.parametrize("distinct", [True, False])
@pytest.mark.parametrize("error", [1e-3, 1e-2])
def test_the_largest_count_has_the_error_that_was_asked_for(error: float, distinct: bool) -> None:
    most = largest_count(3, 400, error, distinct=distinct)
    assert bit_error(3, 400, most, distinct=distinct) <= error
    assert bit_error(3, 400, most + 2, distinct=distinct) > error


@pytest.mark.parametrize("distinct", [True, False])
@pytest.mark.parametrize("load", [0.1, 0.15, 0.2, 0.3])
def test_a_bit_is_lost_as_often_as_the_theory_says(load: float, distinct: bool) -> None:
    size, count = 128, int(load * 128**2)
    found = []
    for seed in SEEDS:
        patterns = spins(seed, count, size)
        fields = dense_fields(patterns, patterns[:8], 3, distinct=distinct)
        found.append((fields * patterns[:8] <= 0).mean())
    wanted = bit_error(3, size, count, distinct=distinct)
    assert np.mean(found) == pytest.approx(wanted, abs=max(0.005, 0.15 * wanted))


@pytest.mark.parametrize(("order", "size", "load"), [
    pytest.param(3, 256, 0.06, marks=pytest.mark.slow),
    pytest.param(3, 256, 0.1, marks=pytest.mark.slow), (3, 128, 0.06), (4, 64, 0.02),
    (4, 64, 0.025)])
def test_what_is_left_of_a_pattern_is_what_the_theory_says(
    order: int, size: int, load: float
) -> None:
    count = int(load * size ** (order - 1))
    found: list[float] = []
    for seed in SEEDS:
        patterns = spins(seed, count, size)
        states = patterns[:4]
        for _ in range(8):
            states = np.sign(dense_fields(patterns, states, order, distinct=True)).astype(int)
        found.append((states * patterns[:4]).mean())
    wanted = retrieval_overlap(order, size, count, distinct=True)
    assert np.mean(found) == pytest.approx(wanted, abs=0.02)


def test_above_the_critical_load_no_overlap_is_claimed() -> None:
    most = int(critical_load(3) * 100**2)
    assert retrieval_overlap(3, 100, most) is not None
    assert retrieval_overlap(3, 100, most + 1) is None
    with pytest.raises(UsageError, match="no overlap is known of two-body"):
        retrieval_overlap(2, 100, 3)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_sums_over_distinct_spins_are_those_that_counting_gives(order: int) -> None:
    from itertools import permutations
    from math import prod

    signs = [1, -1, -1, 1, 1, 1]
    counted = sum(prod(chosen) for chosen in permutations(signs, order))
    assert distinct_power(np.array(sum(signs)), order, len(signs)) == counted


@pytest.mark.parametrize("order", [3, 4])
def test_no_update_raises_the_energy_over_distinct_spins(order: int) -> None:
    patterns = spins(3, 9, 11)
    state = spins(4, 1, 11)[0]
    for i in (*range(11), *range(11)):
        before, state = state, sweep_dense(patterns, state, order, [i], distinct=True)
        assert distinct_energy(patterns, state, order) <= distinct_energy(patterns, before, order)
    assert not np.array_equal(state, spins(4, 1, 11)[0])


def test_the_guard_speaks_above_the_load_and_not_below() -> None:
    size, most = 64, largest_count(3, 64, dense_store.ERROR)
    quiet, loud = (load_of(spins(7, int(share * most), size)) for share in (0.9, 1.1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_load(quiet)
    with pytest.warns(NeuromorphWarning, match=f"at most {most} random patterns"):
        check_load(loud)
    full = load_of(spins(7, int(1.05 * critical_load(3) * size**2), size))
    assert any("above the critical 0.0841" in said for said in full.warnings())


def test_patterns_that_are_alike_are_measured_on_themselves() -> None:
    common = spins(1, 1, 64)
    alike = np.where(np.random.default_rng(2).random((40, 64)) < 0.15, -common, common)
    load = load_of(alike)
    assert load.expected_error < 1e-6 < 0.05 < load.measured_error == load.error
    assert "(measured)" in load.warnings()[0]
    twice = load_of(np.concatenate([spins(0, 3, 64), spins(0, 2, 64)]))
    assert twice.duplicates == 2
    assert any("2 patterns are equal" in said for said in twice.warnings())


@pytest.mark.parametrize("backend", ["fast", "reference", "lava"])
def test_most_of_150_patterns_are_found_from_cues_with_three_wrong_spins(backend: str) -> None:
    chosen = Settings()
    for seed in range(4) if backend == "fast" else range(1):
        patterns, cues = make(chosen, np.random.default_rng(seed), 150, 30)
        found = recall(patterns, cues, chosen.sweeps, backend)
        assert (found[:, -1] * patterns[:30]).mean() >= 0.98
        assert (found[:, 0] == cues).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 12), st.integers(1, 9), st.integers(1, 4), st.integers(0, 2**32))
def test_the_circuit_is_its_closed_form(size: int, count: int, sweeps: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    patterns, cues = rng.choice([-1, 1], (count, size)), rng.integers(-1, 2, (3, size))
    found = recall(patterns, cues, sweeps, "reference")  # raises where it is not
    assert np.array_equal(found, settled(patterns, cues, sweeps))


def test_a_wrong_row_of_synapses_is_found() -> None:
    patterns = spins(0, 20, 64)
    network = build(patterns)
    other = np.concatenate([-patterns[:1], patterns[1:]])
    wrong = next(p for p in build(other).projections if p.name == "match a")
    broken = replace(network, projections=tuple(
        wrong if p.name == wrong.name else p for p in network.projections))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neuromorph.api.circuits.dense_memory.build", lambda *_: broken)
        with pytest.raises(DisagreementError, match="is not what its closed form is"):
            recall(patterns, patterns[:4], 4, "fast")


@pytest.mark.parametrize(("size", "count", "shift"), [(64, 150, 0), (128, 900, 2), (256, 4000, 6)])
def test_matches_that_are_noise_are_shifted_out_where_fields_lack_room(
    size: int, count: int, shift: int
) -> None:
    memory = prove(DenseMemory(size, count))
    assert memory.shift == shift
    assert 2 * count * memory.loudest <= STATE_MAX
    assert shift == 0 or 4 * count * memory.loudest > STATE_MAX // 2
    patterns = spins(5, count, size)
    kept = settled(patterns, patterns[:8], 4)[:, -1]
    exact = patterns[:8]
    for _ in range(4):
        exact = np.sign(dense_store.fields(patterns, exact))
    lost, lost_exact = ((state * patterns[:8] <= 0).mean() for state in (kept, exact))
    assert lost <= lost_exact + 0.005


def test_it_is_proved_verified_and_placed_on_a_programmable_chip() -> None:
    network = build(spins(0, 150, 64))
    verify(network)
    compiled = compile_units([Unit("dense", network)], load_profile("oheo_gulch"))
    assert (compiled.program.cores, compiled.program.chips) == (1, 1)
    with pytest.raises(RangeProofError, match="a field may leave its 24 bits"):
        prove(DenseMemory(4, STATE_MAX))


@pytest.mark.parametrize(("patterns", "message"), [
    ([[1, 0]], "hold what is no spin"), ([[1, 2]], "found 2 at place 1"),
    ([[np.nan, 1]], "hold what is no spin"), ([1, -1], "no rows of spins"),
    ([], "no rows of spins"), ([["1", "x"]], "no rows of spins"), ([[1], [1, -1]], "no array"),
])
def test_patterns_that_are_none_are_refused(patterns: Any, message: str) -> None:
    with pytest.raises(TensorError, match=message):
        build(patterns)


@pytest.mark.parametrize("call", [
    lambda: noise_factor(1), lambda: noise_factor(33), lambda: noise_factor(True),
    lambda: bit_error(3, 0, 1), lambda: bit_error(3, 4, 0), lambda: largest_count(3, 4, 0.5),
    lambda: largest_count(3, 4, 0.0), lambda: prove(DenseMemory(1, 1, 0)),
])
def test_numbers_that_are_none_are_refused(call: Any) -> None:
    with pytest.raises(UsageError):
        call()
