"""The match-and-control circuit: who takes control, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.match_and_control import Settings, make_episode
from neuromorph.circuits.match_and_control import (
    PROBES,
    Control,
    Episode,
    build,
    read,
    stimulate,
)
from neuromorph.dynamics.coincidence import pooled_gate
from neuromorph.dynamics.match_control import MatchControl, for_window
from neuromorph.errors import NetworkError, NeuromorphError, UsageError
from neuromorph.network import Probe, verify


def run(episode: Episode, neuron: MatchControl | None = None) -> Control:
    inputs, steps = stimulate(episode)
    network = build(episode.keys.shape[1], episode.queries.shape[1], neuron)
    recording = backends.get("fast").run(network, inputs, PROBES, steps)
    return read(episode, recording.spikes("soma"), recording.synapses["spine"][0])


def train(steps: int, spikes: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Spikes at these steps, a list for each neuron."""
    result = np.zeros((steps, len(spikes)), np.int64)
    for neuron, times in enumerate(spikes):
        result[times, neuron] = 1
    return result


KEY = np.arange(30, 700, 60)
"""One key's spikes; the others' are out of step with it."""


def three_axons(matching: int) -> Episode:
    """The first axons match the one query; each axon has values of its own."""
    keys = [KEY if axon < matching else KEY + 10 + 15 * axon for axon in range(3)]
    values = [np.array([20, 120]) + 30 * axon for axon in range(3)]
    return Episode(train(760, keys), train(760, [KEY + 7]), train(300, values))


# --- what it does


def test_one_matching_axon_controls_the_neuron() -> None:
    control = run(three_axons(1))
    np.testing.assert_array_equal(control.potentiated, [[True, False, False]])
    assert control.success(np.array([0])) == 1
    assert control.spikes == 2


def test_two_matching_axons_give_the_union_of_their_values() -> None:
    """The gates do not compete, as a softmax's would."""
    control = run(three_axons(2))
    np.testing.assert_array_equal(control.potentiated, [[True, True, False]])
    np.testing.assert_array_equal(control.followed, [[1, 1, 0]])
    assert control.spikes == 4


def test_a_query_without_a_match_is_not_controlled() -> None:
    control = run(three_axons(0))
    assert not control.potentiated.any()
    assert control.spikes == 0


def test_success_rises_with_the_match_window() -> None:
    def success(window: float) -> float:
        chosen = Settings(axons=12, queries=60, window=window)
        episode, matched = make_episode(chosen, np.random.default_rng(2))
        return float(np.nanmean(run(episode, for_window(window)).success(matched)))

    short, middle, long = (success(window) for window in (0.5, 1.0, 2.0))
    assert short + 0.1 < middle
    assert middle + 0.05 < long


def test_the_reference_agrees_to_the_bit() -> None:
    rng = np.random.default_rng(4)
    keys, values = ((rng.random((steps, 3)) < 0.03).astype(int) for steps in (500, 60))
    queries = np.zeros((500, 2), int)
    queries[7:, 0], queries[6:, 1] = keys[:-7, 1], keys[:-6, 2]
    inputs, steps = stimulate(Episode(keys, queries, values, gap=20))
    network = build(3, 2, for_window(0.5, seed=9))
    probes = (*PROBES, Probe("spine", "weights"), Probe("spine", "tags"))
    truth, fast = (backends.get(name).run(network, inputs, probes, steps)
                   for name in ("reference", "fast"))
    for probe in probes:
        np.testing.assert_array_equal(fast.traces[probe], truth.traces[probe], str(probe))
    assert len(set(truth.weights("spine")[-1].ravel())) > 2
    assert truth.spikes("soma")[520:].any()


# --- what it is made of


def test_the_network_has_a_synapse_for_each_query_and_axon() -> None:
    network = verify(build(7, 3))
    assert {p.name: p.size for p in network.populations} == {
        "axon": 7, "query": 3, "relay": 7, "soma": 3}
    assert [(p.name, p.weights.shape) for p in network.plastic] == [("spine", (3, 7))]


def test_an_episode_says_what_happens_when() -> None:
    episode = Episode(np.zeros((400, 2), int), np.zeros((400, 1), int), np.ones((50, 2), int), 200)
    assert episode.control_start == 600
    assert [(p.name, p.start, p.stop) for p in episode.schedule.phases] == [
        ("match", 0, 400), ("gap", 400, 600), ("control", 600, 650)]
    inputs, steps = stimulate(episode)
    assert inputs["axon"].shape == (steps, 2)
    assert inputs["query"].shape == (steps, 1)
    assert np.flatnonzero(inputs["axon"][:, 0]).tolist() == list(range(600, 650))


def test_an_axon_without_values_has_no_success() -> None:
    """Somatic spikes count until 20 steps after a value spike, and not in its own step."""
    episode = Episode(np.zeros((600, 3), int), np.zeros((600, 1), int),
                      train(100, [np.array([], int), np.array([10, 40]), np.array([70])]), 0)
    soma = train(700, [np.array([630, 640, 670])])
    control = read(episode, soma, np.array([[255, 254, 0]]))
    np.testing.assert_array_equal(control.followed, [[np.nan, 0.5, 0]])
    np.testing.assert_array_equal(control.potentiated, [[True, False, False]])
    assert control.spikes == 3
    assert np.isnan(control.success(np.array([0])))


# --- what is refused


def episode(**change: Any) -> Episode:
    sound: dict[str, Any] = {"keys": np.zeros((512, 3), int), "queries": np.zeros((512, 2), int),
                             "values": np.zeros((9, 3), int), "gap": 0}
    return Episode(**sound | change)


@pytest.mark.parametrize(("change", "text"), [
    ({"keys": np.zeros(512, int)}, r"keys: a train is an array .* found shape \(512,\)"),
    ({"values": np.full((9, 3), 2)}, "values: a train is an array .* of 0 and 1"),
    ({"queries": np.zeros((511, 2), int)}, "share the match window; found 511 steps; expected 512"),
    ({"values": np.zeros((9, 4), int)}, "every axon has a key and a value; found 4; expected 3"),
    ({"keys": np.zeros((3, 3), int), "queries": np.zeros((3, 2), int), "gap": 600},
     "shorter than the axons' delay; found 3 steps"),
    ({"keys": np.zeros((500, 3), int), "queries": np.zeros((500, 2), int), "gap": 11},
     r"gate needs to open; found 500 \+ 11 steps; expected 512"),
    ({"gap": -1}, "gate needs to open"),
])
def test_an_episode_that_cannot_work_is_refused(change: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        episode(**change)


def test_the_shortest_episode_is_taken() -> None:
    assert episode().control_start == 512


@pytest.mark.parametrize(("change", "text"), [
    ({"threshold": 0}, "threshold: .* found 0; expected 1 to 254"),
    ({"threshold": 255}, "expected 1 to 254"),
    ({"impulse": 128}, "impulse: .* expected 1 to 127"),
    ({"baseline": -1}, "baseline: .* expected 0 to 255"),
    ({"vth": 35}, "vth: .* expected 36 to 290"),
    ({"vth": 291}, "vth: .* expected 36 to 290"),
    ({"query_weight": 135}, "query_weight: .* found 270; expected 271"),
])
def test_a_parameter_out_of_range_is_refused(change: dict[str, int], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        MatchControl(**change)


@pytest.mark.parametrize(("call", "error", "text"), [
    (lambda: for_window(3.0), UsageError, "no threshold for this match window; found 3.0 s"),
    (lambda: build(0, 1), NetworkError, "found 0 axons, 1 queries"),
    (lambda: build(1, 0), NetworkError, "found 1 axons, 0 queries"),
    (lambda: run(three_axons(1)).success(np.array([0, 1])), UsageError, "one matched axon a query"),
])
def test_what_makes_no_sense_is_refused(
    call: Any, error: type[NeuromorphError], text: str
) -> None:
    with pytest.raises(error, match=text):
        call()


# --- the pooled gate


SCORES = arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 12)),
                elements=st.floats(-1e3, 1e3))


@given(SCORES, st.floats(1e-3, 1e3))
@settings(max_examples=200, deadline=None)
def test_a_pooled_threshold_makes_the_gate_a_softmax(
    scores: NDArray[np.float64], beta: float
) -> None:
    above = beta * scores - (beta * scores).max(axis=-1, keepdims=True)
    softmax = np.exp(above) / np.exp(above).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(pooled_gate(scores, beta), softmax, rtol=1e-12, atol=1e-300)


def test_a_gate_without_others_is_open() -> None:
    assert pooled_gate(np.array([-4.0]), 20) == 1


@pytest.mark.parametrize("beta", [0, -1, np.inf, np.nan])
def test_a_pooled_gate_needs_a_positive_steepness(beta: float) -> None:
    with pytest.raises(UsageError, match="steepness must be positive"):
        pooled_gate(np.zeros(3), beta)
