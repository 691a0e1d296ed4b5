"""A network cut at random places gives the same spikes, states and weights, to the bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_heads import BINARY, GRADED, attention
from small_learners import LEARNERS
from small_networks import everything, random_network

from neuromorph import backends
from neuromorph.backends.interface import Inputs, Recording
from neuromorph.circuits import hebbian_attention as hebbian
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.compile.parts import parts_of, stays_whole
from neuromorph.compile.program import Slice, Unit
from neuromorph.compile.split import split
from neuromorph.errors import NeuromorphError, UnsupportedError, UsageError
from neuromorph.network import CubaLIF, Network, Population, Projection, Source

Slices = dict[str, list[Slice]]
Case = tuple[Network, Inputs, int]


def random_slices(unit: Unit, rng: np.random.Generator, share: float = 0.8) -> Slices:
    """Every population that needs cores, cut before each of its neurons or not."""
    found = {}
    for p in unit.neurons:
        cuts = [n for n in range(1, p.size) if rng.random() < share]
        edges = [0, *cuts, p.size] if p.model.kind != "Astrocyte" else [0, p.size]
        found[p.name] = [Slice(0, p.name, edges[i], edges[i + 1], i)
                         for i in range(len(edges) - 1)]
    return found


def run_split(case: Case, slices: Slices, backend: str = "fast") -> Recording:
    """The cut network's run, put together again."""
    network, inputs, steps = case
    return split(Unit("unit", network), slices).run(
        backends.get(backend).run, inputs, everything(network), steps)


def run_whole(case: Case, backend: str = "fast") -> Recording:
    network, inputs, steps = case
    return backends.get(backend).run(network, inputs, everything(network), steps)


def assert_equal(got: Recording, expected: Recording) -> None:
    assert got.traces.keys() == expected.traces.keys()
    for probe, trace in expected.traces.items():
        np.testing.assert_array_equal(got.traces[probe], trace, err_msg=str(probe))
    assert got.synapses.keys() == expected.synapses.keys()
    for name, both in expected.synapses.items():
        for mine, theirs in zip(got.synapses[name], both, strict=True):
            np.testing.assert_array_equal(mine, theirs, err_msg=name)
    assert got.overflows == expected.overflows


@pytest.mark.parametrize("seed", range(40))
def test_random_networks(seed: int) -> None:
    case = random_network(seed)
    slices = random_slices(Unit("unit", case[0]), np.random.default_rng(seed))
    assert_equal(run_split(case, slices), run_whole(case))


def without_rounding(network: Network) -> Network:
    """The same network, but no projection shifts to the right: everything may be cut."""
    return replace(network, projections=tuple(
        replace(p, exponent=max(p.exponent, 0)) for p in network.projections))


def test_random_networks_that_are_cut_all_over() -> None:
    parts = between_parts = learners = modulated = 0
    for seed in range(80):
        network, inputs, steps = random_network(seed)
        network = without_rounding(network)
        case, unit = (network, inputs, steps), Unit("unit", network)
        slices = random_slices(unit, np.random.default_rng(seed + 100))
        assert_equal(run_split(case, slices), run_whole(case))
        cut = split(unit, slices).network
        found = parts_of(unit, slices)
        parts += len(cut.populations) - len(network.populations)
        both = [p for p in network.plastic if len(found[p.pre]) > 1 and len(found[p.post]) > 1]
        learners += len(both)
        modulated += sum(p.modulated for p in both)
        between_parts += len(cut.projections) - len(network.projections)
    assert min(parts, between_parts) > 200
    assert min(learners, modulated) > 3


@pytest.mark.parametrize("backend", ["fast", "reference"])
@pytest.mark.parametrize("name", [n for n in LEARNERS if "float" not in n])
def test_learners(name: str, backend: str) -> None:
    slices = random_slices(Unit("unit", LEARNERS[name][0]), np.random.default_rng(1), 1.0)
    whole = run_whole(LEARNERS[name], backend)
    assert_equal(run_split(LEARNERS[name], slices, backend), whole)
    assert any((weights != p.weights).any() for p, (weights, _) in zip(
        LEARNERS[name][0].plastic, whole.synapses.values(), strict=True))


def hebbian_case(head: LatencyAttention) -> Case:
    rng = np.random.default_rng(3)
    keys, queries = rng.integers(-20, 21, (2, 5, 3))
    values = rng.integers(-127, 128, (5, 2))
    return (hebbian.build(head), *hebbian.causal(head, keys, values, queries).trains())


HEADS = {"binary": attention(BINARY), "graded": attention(GRADED),
         "hebbian binary": hebbian_case(BINARY), "hebbian graded": hebbian_case(GRADED)}


@pytest.mark.parametrize("backend", ["fast", "reference"])
@pytest.mark.parametrize("name", HEADS)
def test_heads(name: str, backend: str) -> None:
    unit = Unit("unit", HEADS[name][0])
    whole = run_whole(HEADS[name], backend)
    for seed in range(3 if backend == "fast" else 1):
        slices = random_slices(unit, np.random.default_rng(seed))
        assert_equal(run_split(HEADS[name], slices, backend), whole)


def test_the_slots_of_a_head_that_writes_lie_on_two_cores() -> None:
    unit = Unit("unit", HEADS["hebbian binary"][0])
    slices = {"match": [Slice(0, "match", 0, 2, 0), Slice(0, "match", 2, 5, 1)]}
    cut = split(unit, slices).network
    assert [p.name for p in cut.populations if "." in p.name] == [
        "match.0", "match.1", "store.0", "store.1"]
    assert cut.projection("key.0.1").modulators == ("store.1", None, None)
    assert cut.projection("value.1.0").modulators == ("value_on", "value_off", "renew")
    np.testing.assert_array_equal(cut.projection("count.1.0").weights, np.ones((1, 3)))


def test_a_sum_that_is_rounded_is_not_taken_apart() -> None:
    unit = Unit("unit", HEADS["graded"][0])
    slices = random_slices(unit, np.random.default_rng(0), 1.0)
    assert stays_whole(unit.network)["match"] == "mass shifts its whole sum to the right by 2"
    assert "match" in {p.name for p in split(unit, slices).network.populations}
    assert "control.1" in {p.name for p in split(unit, slices).network.populations}


@pytest.mark.parametrize(("weights", "whole"), [([[4, 8]], False), ([[4, 6]], True)])
def test_a_sum_of_multiples_is_taken_apart(weights: list[list[int]], whole: bool) -> None:
    network = Network("n", "fixed", (
        Population("in", 2, Source()), Population("a", 2, CubaLIF(vth=0)),
        Population("b", 1, CubaLIF(vth=0))),
        (Projection("to_a", "in", "a", np.eye(2, dtype=np.int32)),
         Projection("to_b", "a", "b", np.array(weights, np.int32), exponent=-2)))
    slices = {"a": [Slice(0, "a", 0, 1, 0), Slice(0, "a", 1, 2, 1)]}
    cut = split(Unit("u", network), slices).network
    assert ("a" in {p.name for p in cut.populations}) == whole
    train = np.random.default_rng(0).integers(0, 2, (20, 2))
    assert_equal(run_split((network, {"in": train}, 20), slices),
                 run_whole((network, {"in": train}, 20)))


def test_a_network_on_one_core_stays_itself() -> None:
    unit = Unit("unit", HEADS["binary"][0])
    slices = random_slices(unit, np.random.default_rng(0), 0.0)
    assert split(unit, slices) is unit


@pytest.mark.parametrize(("edges", "reason"), [
    ([(0, 2), (3, 5)], "leave a neuron out"), ([(0, 3), (2, 5)], "overlap"),
    ([(0, 4)], "leave a neuron out"),
])
def test_slices_that_do_not_fit_are_refused(edges: list[tuple[int, int]], reason: str) -> None:
    slices = {"match": [Slice(0, "match", *edge, i) for i, edge in enumerate(edges)]}
    with pytest.raises(UsageError, match=reason):
        split(Unit("unit", HEADS["binary"][0]), slices)


def test_floats_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="only integers"):
        split(Unit("unit", LEARNERS["floats that learn"][0]), {})


def test_a_name_that_is_taken_is_refused() -> None:
    network = HEADS["binary"][0]
    taken = replace(network, populations=(*network.populations, Population("match.0", 1, Source())))
    slices = {"match": [Slice(0, "match", 0, 2, 0), Slice(0, "match", 2, 5, 1)]}
    with pytest.raises(NeuromorphError, match=r"match\.0"):
        split(Unit("unit", taken), slices)
