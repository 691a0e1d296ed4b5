"""Hopfield retrieval out of spikes: equal on all backends, near the float network, no surprises."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorph.api.circuits import hopfield as circuit
from neuromorph.api.circuits.hopfield import Settings, float_path, make_images
from neuromorph.api.spiking_store import SpikingStore
from neuromorph.circuits.hopfield import DuplicatePatternWarning, retrieve, store_patterns
from neuromorph.errors import NeuromorphError, TensorError, UsageError
from neuromorph.network import verify
from neuromorph.papers.hopfield import step_hopfield
from neuromorph.progress import silent
from neuromorph.report.hopfield import cosine

COSINE = {"graded": 0.999, "binary": 0.95}
"""One run of the circuit against one float step from the same state, at the least."""


def signs(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).choice([-1.0, 1.0], shape)


def flip(patterns: Any, share: float, seed: int = 0) -> Any:
    """The patterns with some elements of the other sign."""
    drawn = np.random.default_rng(seed).random(patterns.shape)
    return np.where(drawn < share, -patterns, patterns)


# --- spikes


def spiking(patterns: Any, beta: float, backend: str = "fast", spikes: str = "graded"
            ) -> SpikingStore:
    return SpikingStore(store_patterns(patterns, beta), backend, spikes)


@pytest.mark.parametrize("spikes", ["graded", "binary"])
@pytest.mark.parametrize(("slots", "size", "beta"), [
    (1, 9, 0.3), (2, 4, 1.0), (9, 16, 0.5), (20, 32, 0.02)])
def test_reference_and_fast_are_equal_to_the_bit(
    slots: int, size: int, beta: float, spikes: str
) -> None:
    patterns = signs(5, slots, size)
    cues = flip(patterns, 0.2)[:4]
    fast = spiking(patterns, beta, "fast", spikes).recall(cues)
    truth = spiking(patterns, beta, "reference", spikes).recall(cues)
    np.testing.assert_array_equal(fast.path, truth.path)
    np.testing.assert_array_equal(fast.runs, truth.runs)
    np.testing.assert_array_equal(fast.settled, truth.settled)


@pytest.mark.parametrize("spikes", ["graded", "binary"])
@pytest.mark.parametrize("beta", [0.001, 0.02, 0.1, 0.5, 4.0])
def test_a_run_is_a_float_step(beta: float, spikes: str) -> None:
    patterns = signs(6, 24, 64) + 0.3
    cues = flip(patterns, 0.2)
    store = spiking(patterns, beta, spikes=spikes)
    found = store.recall(cues, max_runs=1)
    assert cosine(found.states, step_hopfield(patterns, cues, beta)).min() > COSINE[spikes]
    assert store.layer.tally.clipped == 0
    assert store.layer.tally.queries == len(cues)


@pytest.mark.parametrize(("beta", "expected"), [(0.001, "mean"), (1.0, "pattern")])
def test_beta_decides_what_is_retrieved(beta: float, expected: str) -> None:
    patterns = signs(7, 10, 64) + 0.3
    found = spiking(patterns, beta).recall(flip(patterns, 0.15))
    target = patterns if expected == "pattern" else patterns.mean(axis=0)
    assert found.settled.all()
    assert cosine(found.states, target).min() > 0.999


def test_a_settled_state_stays_and_another_does_not_claim_to() -> None:
    patterns = signs(8, 8, 64)
    cues = flip(patterns, 0.3)
    store = spiking(patterns, 0.2)
    found = store.recall(cues, max_runs=20)
    assert (found.period == 1).all()
    np.testing.assert_array_equal(store.recall(found.states, max_runs=1).states, found.states)
    early = store.recall(cues, max_runs=1)
    assert not early.settled.any()
    assert early.path.shape == (2, 8, 64)
    np.testing.assert_array_equal(early.path[1], found.path[1])


def as_codes(states: Any) -> Any:
    return states.astype(np.int32)


def test_only_cues_that_move_are_run_again() -> None:
    asked: list[list[int]] = []

    def halve(codes: Any) -> Any:
        asked.append(codes.ravel().tolist())
        return codes // 2

    found = retrieve(np.array([[0.0], [9.0], [1.0]]), as_codes, halve, max_runs=3)
    assert asked == [[0, 9, 1], [4, 0], [2]]
    assert found.runs.tolist() == [1, 3, 2]
    assert found.period.tolist() == [1, 0, 1]
    assert found.settled.tolist() == [True, False, True]


def test_a_state_that_goes_to_and_fro_has_settled() -> None:
    found = retrieve(np.array([[7.0], [1.0], [0.0]]), as_codes, lambda codes: -(codes % 3),
                     max_runs=9)
    assert found.path[:4, :, 0].tolist() == [[7, 1, 0], [-1, -1, 0], [-2, -2, 0], [-1, -1, 0]]
    assert found.runs.tolist() == [3, 3, 1]
    assert found.period.tolist() == [2, 2, 1]


def test_the_network_is_sound_and_its_synapses_static() -> None:
    network = spiking(signs(9, 5, 12), 0.2).network()
    verify(network)
    assert network.population("match").size == 5
    assert network.population("control").size == 12


def test_patterns_that_plasticity_writes_are_recalled_alike() -> None:
    patterns, cues = signs(11, 4, 12), signs(12, 3, 12)
    built_in = SpikingStore(store_patterns(patterns, 0.2)).recall(cues)
    written = SpikingStore(store_patterns(patterns, 0.2, written="hebbian"))
    assert {p.name for p in verify(written.network()).plastic} == {"key", "value"}
    np.testing.assert_array_equal(written.recall(cues).path, built_in.path)


# --- a pattern that is there twice


def test_duplicates_are_told_counted_and_weigh_twice() -> None:
    patterns = signs(10, 3, 16)[[0, 1, 0, 2, 0]]
    with pytest.warns(DuplicatePatternWarning, match="2 of 5 patterns are equal to an earlier"):
        store = store_patterns(patterns, 0.001)
    assert store.duplicates == 2
    assert store.patterns.shape == (5, 16)
    circuit_of = SpikingStore(store)
    assert circuit_of.merged == 2
    state = circuit_of.recall(np.zeros((1, 16)), max_runs=1).states[0]
    np.testing.assert_allclose(state, patterns.mean(axis=0), atol=0.02)


def test_minus_zero_is_zero_and_what_8_bits_merge_is_counted_too() -> None:
    with pytest.warns(DuplicatePatternWarning):
        assert store_patterns([[0.0, 1.0], [-0.0, 1.0]], 1.0).duplicates == 1
    alike = np.array([[1.0, -1.0], [1.0 + 1e-6, -1.0], [-1.0, 1.0]])
    store = store_patterns(alike, 1.0)
    assert store.duplicates == 0
    assert SpikingStore(store).merged == 1


# --- what is refused


@pytest.mark.parametrize(("patterns", "text"), [
    ([[1.0, math.nan]], "NaN or infinity"), ([[1.0, math.inf]], "NaN or infinity"),
    ([], "wrong shape"), ([[]], "wrong shape"), ([1.0, 2.0], "wrong shape"),
    ([[[1.0]]], "wrong shape"), ([["a", "b"]], "no real numbers"), ([[1j]], "no real numbers"),
    ([[1.0], [1.0, 2.0]], "no array"), (None, "no real numbers")])
def test_bad_patterns_and_bad_cues(patterns: Any, text: str) -> None:
    with pytest.raises(TensorError, match=text):
        store_patterns(patterns, 1.0)
    with pytest.raises(TensorError, match=text):
        spiking(np.eye(2), 1.0).recall(patterns)


@pytest.mark.parametrize("beta", [0.0, -1.0, math.nan, math.inf, "1", True, None])
def test_a_beta_out_of_range(beta: Any) -> None:
    with pytest.raises(UsageError, match="beta is out of range"):
        store_patterns(np.eye(2), beta)


def test_a_beta_beyond_the_circuit_is_refused_and_one_below_is_not() -> None:
    with pytest.raises(UsageError, match="beta is larger than the circuit can resolve"):
        spiking(np.eye(8), 1e9)
    spiking(np.eye(8), 1e-300).recall(np.ones((1, 8)))


def test_cues_of_another_size_bad_runs_and_unknown_words() -> None:
    store = spiking(np.eye(3), 1.0)
    with pytest.raises(TensorError, match="differ in size"):
        store.recall(np.ones((1, 4)))
    for runs in (0, -1, 1.5, True):
        with pytest.raises(UsageError, match="number of runs"):
            store.recall(np.ones((1, 3)), max_runs=runs)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="written like that"):
        store_patterns(np.eye(3), 1.0, written="by hand")
    with pytest.raises(UsageError, match="kind of spikes"):
        spiking(np.eye(3), 1.0, spikes="loud")
    with pytest.raises(UsageError, match="unknown backend"):
        spiking(np.eye(3), 1.0, backend="slow").recall(np.eye(3))


def test_a_cue_beyond_the_codes_is_counted() -> None:
    store = spiking(np.eye(3), 1.0)
    store.recall(100 * np.eye(3), max_runs=1)
    assert store.layer.tally.clipped == 3


# --- as a circuit to run


def test_a_run_finds_its_images_and_draws_them(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    outcome = circuit.run(Settings(patterns=3), backend="fast", seed=0, progress=silent)
    numbers = outcome.numbers
    assert (numbers["retrieved"], numbers["settled"], numbers["duplicates"]) == (3, 3, 0)
    assert numbers["least_cosine_to_float"] > COSINE["graded"]
    assert numbers["spikes"] == 3 * numbers["queries"]
    outcome.draw(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_too_small_a_beta_retrieves_no_image() -> None:
    numbers = circuit.run(Settings(beta=0.001), backend="fast", seed=0, progress=silent).numbers
    assert numbers["retrieved"] < numbers["patterns"]
    assert numbers["least_overlap"] < 0.9


def test_images_are_seeded_and_the_float_path_is_the_network() -> None:
    first, again = (make_images(Settings(), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    images, cues = first
    assert set(np.unique(images)) == {-1.0, 1.0}
    assert ((images != cues).mean(axis=1) == Settings().noise).all()
    path = float_path(store_patterns(images, 0.1), cues, 2)
    np.testing.assert_array_equal(path[1], step_hopfield(images, cues, 0.1))


@pytest.mark.parametrize("wrong", [{"patterns": 0}, {"side": 1}, {"noise": -0.1}, {"noise": 2.0}])
def test_settings_out_of_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(NeuromorphError, match="out of range"):
        Settings(**wrong)
