"""Parts at steps of their own in the period of the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_heads import BINARY, GRADED, attention
from small_networks import random_network

from neuromorph import backends
from neuromorph.circuits import hebbian_attention
from neuromorph.compile.ranges.prove import require_proof
from neuromorph.errors import NetworkError
from neuromorph.learning import LearningRule
from neuromorph.network import (
    CubaLIF,
    Network,
    Phase,
    Population,
    Port,
    Probe,
    Projection,
    Relay,
    Schedule,
    Source,
    later,
    parallel,
    verify,
)
from neuromorph.neurons.requantise import Requantise

STEPS = 12


def counted(period: int, at: int = 1) -> Network:
    """A requantising layer that acts in one step of a period."""
    axons = Population("in", 2, Source(8))
    cells = Population("out", 2, Requantise(multiplier=3, shift=1, period=period, at=at))
    return Network("counted", "fixed", (axons, cells), (
        Projection("w", "in", "out", np.eye(2, dtype=np.int32), graded=True),),
        Schedule(period, (Phase("act", at, at + 1),)),
        inputs=(Port("in", "in", 2, 8, -100, 100, tuple(range(period))),),
        outputs=(replace(Port.of(cells), steps=(at,)),))


@pytest.mark.parametrize("backend", ["fast", "reference"])
@pytest.mark.parametrize("steps", [0, 1, 3, 5])
def test_later_is_the_same_so_many_steps_later(steps: int, backend: str) -> None:
    network, run = counted(4), backends.get(backend).run
    train = np.random.default_rng(steps).integers(-100, 101, (STEPS, 2))
    early = run(network, {"in": train}, [Probe("out")], STEPS).spikes("out")
    shifted = np.pad(train, ((steps, 0), (0, 0)))
    late = run(later(network, steps), {"in": shifted}, [Probe("out")], STEPS + steps)
    np.testing.assert_array_equal(late.spikes("out")[steps:], early)


@pytest.mark.parametrize("head", [GRADED, BINARY])
@pytest.mark.parametrize("steps", [1, 7, 18, 40])
def test_a_head_begins_later(head: object, steps: int) -> None:
    network, inputs, length = attention(head)  # type: ignore[arg-type]
    moved = verify(later(network, steps))
    assert require_proof(moved).basis == "circuits"
    run, probes = backends.get("fast").run, [Probe("match"), Probe("done"), Probe("control", "v")]
    early = run(network, inputs, probes, length)
    late = run(moved, {name: np.pad(train, ((steps, 0), (0, 0))) for name, train in inputs.items()},
               probes, length + steps)
    for probe, trace in early.traces.items():
        np.testing.assert_array_equal(late.traces[probe][steps:], trace)
    back = later(moved, network.period - steps % network.period)
    assert (back.inputs, back.outputs, back.parts) == (
        network.inputs, network.outputs, network.parts)


@pytest.mark.parametrize("backend", ["fast", "reference"])
def test_parts_of_two_periods_share_the_shortest_that_they_have(backend: str) -> None:
    parts = {"a": counted(4), "b": counted(6, at=2)}
    whole = parallel(parts, at={"b": 5})
    assert whole.schedule is not None
    assert whole.schedule.period == 12
    assert [(p.name, p.start) for p in whole.schedule.phases] == [
        ("a.act", 1), ("b.act", 1), ("a.act", 5), ("b.act", 7), ("a.act", 9)]
    rng, run = np.random.default_rng(0), backends.get(backend).run
    trains = {name: rng.integers(-100, 101, (STEPS, 2)) for name in parts}
    both = run(whole, {"a.in": np.pad(trains["a"], ((0, 5), (0, 0))),
                       "b.in": np.pad(trains["b"], ((5, 0), (0, 0)))},
               [Probe("a.out"), Probe("b.out")], STEPS + 5)
    for name, network in parts.items():
        alone = run(network, {"in": trains[name]}, [Probe("out")], STEPS).spikes("out")
        begin = 5 * (name == "b")
        np.testing.assert_array_equal(both.spikes(f"{name}.out")[begin : begin + STEPS], alone)
    for port in whole.outputs:
        spoke = np.flatnonzero(both.spikes(port.population).any(axis=1)) % 12
        assert set(spoke.tolist()) <= set(port.steps or ())


def test_a_head_in_a_longer_period_is_still_proved() -> None:
    network = attention(GRADED)[0]
    slow = replace(counted(network.period * 2), name="slow")
    whole = parallel({"head": network, "slow": slow}, at={"head": 3})
    assert whole.period == 2 * network.period
    assert require_proof(whole).circuits == ("latency_attention of head.match",)
    written = parallel({"a": hebbian_attention.build(GRADED), "b": network}, at={"a": 2})
    assert written.period == (GRADED.period + 7) * GRADED.period / np.gcd(
        GRADED.period + 7, GRADED.period)
    assert len(require_proof(written).circuits) == 2


def test_what_cannot_begin_later_is_refused() -> None:
    biased = Network("biased", "fixed", (Population("n", 1, CubaLIF(bias_mant=3)),), (),
                     Schedule(4))
    with pytest.raises(NetworkError, match=r"a neuron acts by itself .* found CubaLIF"):
        later(biased, 1)
    with pytest.raises(NetworkError, match="no steps to be placed at; found 1 steps later"):
        later(random_network(0)[0], 1)
    axons, cells = Population("in", 1, Source()), Population("n", 1, CubaLIF())
    slow = Network("slow", "fixed", (axons, cells), (Projection(
        "w", "in", "n", np.full((1, 1), 2, np.int32),
        rule=LearningRule(dw="2*x0", epoch=4)),), Schedule(8))
    with pytest.raises(NetworkError, match="a multiple of 4"):
        later(slow, 2)
    assert later(slow, 4).period == 8
    with pytest.raises(NetworkError, match=r"there is no part of that name; found a"):
        parallel({"aa": counted(4)}, at={"a": 1})


def test_turns_do_not_pass_the_end_of_a_period() -> None:
    cells = Population("out", 4, Relay())
    port = Port("out", "out", 4, 24, steps=(1, 2), stride=2)
    network = Network("turns", "fixed", (Population("in", 4, Source(8)), cells), (
        Projection("w", "in", "out", np.eye(4, dtype=np.int32), graded=True),), Schedule(4),
        outputs=(port,))
    assert later(network, 1).outputs[0].steps == (2, 3)
    with pytest.raises(NetworkError, match="steps in turns cannot be moved over the end"):
        later(network, 2)
