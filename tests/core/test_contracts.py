"""What a part promises of its outputs is proved once, or refused; what a wire needs is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_contracts import EYE, LIMIT, OVER, PERIOD, SIZE, consumer, dense, with_projection
from small_heads import BINARY, GRADED, attention

from neuromorph import backends
from neuromorph.circuits.latency_attention import StaticAttention
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.compile.ranges.prove import prove_ranges_of, require_proof
from neuromorph.errors import NetworkError, RangeProofError
from neuromorph.network import (
    Circuit,
    CubaLIF,
    Network,
    Part,
    Population,
    Port,
    Probe,
    Projection,
    Relay,
    Schedule,
    Source,
    circuit,
    parallel,
    wire,
)
from neuromorph.network.credit import credit
from neuromorph.network.promises import lacks, promised_by
from neuromorph.neurons.requantise import Requantise
from neuromorph.numerics.limits import STATE_MAX


def in_turns(stride: int) -> Network:
    """Neuron j speaks in step 3 + j mod 2 of a period."""
    network = dense(stride=stride, steps=(3, 4))
    turns = Requantise(multiplier=1 << 14, shift=14, period=PERIOD, at=3 + np.arange(SIZE) % 2)
    held = replace(network.inputs[0], steps=(2, 3))
    return replace(network, populations=(network.populations[0],
                                         Population("out", SIZE, turns)), inputs=(held,))


def head(change: Callable[[Network], Network] = lambda network: network) -> Network:
    return change(attention(GRADED)[0])


def one_synapse_more(network: Network) -> Network:
    """Somebody else speaks to the head's control neurons."""
    extra = Projection("more", "query", "control", np.full((2, 3), 2, np.int32), graded=True)
    return replace(network, projections=(*network.projections, extra))


def one_code_changed(network: Network) -> Network:
    weights = network.projection("mass").weights.copy()
    weights[0, 0] -= 2
    return with_projection(network, "mass", weights=weights)


def weaker_neuron(network: Network) -> Network:
    return replace(network, populations=tuple(
        replace(p, model=p.model.with_parameters(vth=p.model.parameters()["vth"] - 1))
        if p.name == "match" else p for p in network.populations))


def test_what_is_true_is_proved() -> None:
    assert prove_contract(dense()).proved
    assert prove_contract(dense(norm=245)).proved  # sqrt(6) 100
    assert prove_contract(dense(heard=100, norm=103)).proved  # and sqrt(6) / 2 for rounding
    assert prove_contract(dense(course=((3, 4, -LIMIT, LIMIT),))).proved
    assert prove_contract(in_turns(2)).proved
    assert prove_contract(head()).circuits == ("latency_attention of match",)


FALSE: dict[str, tuple[Callable[[], Network], str]] = {
    "a range": (lambda: dense(low=-99, high=99), r"dense.out: .*found -100 to 100"),
    "a range of one neuron": (
        lambda: dense(np.diag([1] * 5 + [2]).astype(np.int32), low=-150, high=150),
        r"dense.out: .*found -200 to 200; expected -150 to 150"),
    "a 2-norm": (lambda: dense(norm=244), r"2-norm .* found 245; expected at most 244"),
    "a 2-norm through weights": (
        lambda: dense(2 * EYE, heard=100, norm=200, low=-200, high=200),
        r"2-norm .* found 202; expected at most 200"),
    "silent steps": (lambda: dense(steps=(4,)),
                     r"says that it is silent; found step 3; expected step 4"),
    "a course": (lambda: dense(steps=(3, 4), course=((3, 4, -50, 50), (4, 5, 0, 0))),
                 r"in some steps; found -100 to 100 in step 3; expected -50 to 50"),
    "never silent": (lambda: dense(course=((3, 4, 1, LIMIT),)),
                     r"found -100 to 100 in step 3; expected 1 to 100"),
    "turns": (lambda: in_turns(3), r"neurons speak out of their turn"),
    "no overflow": (lambda: dense(OVER << 1, low=-STATE_MAX, high=STATE_MAX, heard=None),
                    r"the sum could overflow"),
    "a builder's weights": (lambda: head(one_code_changed), r"mass: a projection is not"),
    "a builder's neurons": (lambda: head(weaker_neuron), r"match: a population is not"),
    "nobody else speaks": (lambda: head(one_synapse_more), r"more: a projection is not"),
    "a builder's steps": (lambda: head(lambda n: replace(n, schedule=Schedule(
        n.period + 1))), r"a period does not fit"),
    "a circuit": (lambda: head(lambda n: replace(n, parts=(replace(
        n.parts[0], circuit=StaticAttention(BINARY)),))), r"not proved by its circuit"),
    "which is which": (lambda: head(lambda n: replace(n, parts=(n.parts[0].renamed(
        {"control": "normaliser"}),))), r"a population is not its builder's"),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_guarantee_is_refused(name: str) -> None:
    make, said = FALSE[name]
    network = make()
    if name == "no overflow":
        network = replace(network, populations=(
            Population("in", SIZE, Source(18)), network.populations[1]), inputs=())
    doubts: tuple[object, ...] = ()
    try:
        doubts = prove_ranges_of(network).doubts
        prove_contract(network)
    except NetworkError as error:
        told = str(error)
    else:
        told = ""
    assert told, "it was believed"
    assert re.search(said, told) or any(re.search(said, str(doubt)) for doubt in doubts), told


# --- wires


@pytest.mark.parametrize(("producer", "assumes", "said"), [
    (dense(), {"low": -99, "high": 99}, r"b.in <- a.out: .* found -100 to 100; expected -99 to 99"),
    (dense(), {"norm": 200}, r"b.in <- a.out: the 2-norm .* found 245; expected at most 200"),
    (dense(), {"steps": (4,)}, r"b.in <- a.out: .* found step 3; expected step 4"),
    (dense(), {"steps": (3, 4), "stride": 2}, r"out of their turn"),
    (dense(), {"course": ((3, 4, -10, 10),)}, r"found -100 to 100 in step 3; expected -10 to 10"),
    (dense(), {"steps": (3, 5), "course": ((3, 4, -LIMIT, LIMIT), (5, 6, 7, 7))},
     r"silent in steps in which the input must hear something; found step 5; expected 7 to 7"),
])
def test_a_wire_names_what_it_found_and_what_it_needs(
    producer: Network, assumes: dict[str, Any], said: str
) -> None:
    both = parallel({"a": producer, "b": consumer(**assumes)})
    with pytest.raises(NetworkError, match=said) as caught:
        wire(both, {"b.in": "a.out"})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("assumes", [
    {"norm": 245}, {"steps": (3, 4)}, {"course": ((3, 4, -LIMIT, LIMIT),)}, {},
])
def test_a_wire_that_fits_is_laid(assumes: dict[str, Any]) -> None:
    both = parallel({"a": dense(), "b": consumer(**assumes)})
    assert require_proof(wire(both, {"b.in": "a.out"})).proved


def test_only_the_first_counts_where_an_input_ignores_the_rest() -> None:
    """Later values may be anything; but what may be silent need not be the first."""
    port = Port("in", "in", 1, 24, -10, 10, (2, 3, 4), first=True)
    said = Port("out", "out", 1, 24, -500, 500, (2, 3), course=((2, 3, 5, 9), (3, 4, -500, 500)))
    assert lacks(promised_by(said, PERIOD, PERIOD), port, PERIOD, PERIOD) == []
    shy = replace(said, course=((2, 3, 0, 9), (3, 4, -500, 500)))
    assert lacks(promised_by(shy, PERIOD, PERIOD), port, PERIOD, PERIOD)
    assert lacks(promised_by(said, PERIOD, PERIOD), replace(port, first=False), PERIOD, PERIOD)


# --- what arrives in the same step


def test_sums_are_bounded_by_what_arrives_in_the_same_step() -> None:
    """Two inputs that would overflow together speak in steps of their own."""
    def apart(steps: tuple[int, ...]) -> Network:
        axons = [Population(name, 1, Source(24)) for name in "ab"]
        cells = Population("out", 1, Relay())
        ports = [Port(p.name, p.name, 1, 24, -STATE_MAX, STATE_MAX, (step,))
                 for p, step in zip(axons, steps, strict=True)]
        return Network("sum", "fixed", (*axons, cells), tuple(
            Projection(p.name, p.name, "out", np.ones((1, 1), np.int32), graded=True)
            for p in axons), Schedule(4), inputs=tuple(ports))

    assert prove_ranges_of(apart((0, 1))).proved
    assert not prove_ranges_of(apart((1, 1))).proved
    delayed = apart((0, 1))
    both = with_projection(delayed, "a", delay=1)
    assert not prove_ranges_of(both).proved
    assert prove_ranges_of(with_projection(delayed, "a", delay=4)).proved


# --- dense layers: how close the bounds are


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_the_bound_by_range_is_reached(seed: int) -> None:
    """sign(w_i) limit to the worst row: the proved bound itself, and no overflow."""
    rng = np.random.default_rng(seed)
    weights = 2 * rng.integers(-127, 128, (5, SIZE)).astype(np.int32)
    reached, bound = _pushed(weights, lambda row: np.sign(row) * LIMIT, None)
    assert .9 * bound <= reached <= bound


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_the_bound_by_norm_is_reached(seed: int) -> None:
    """w_i B / ||w_i|| to the worst row: nine tenths of ||w_i|| B, and no overflow."""
    rng, norm = np.random.default_rng(seed), 3000
    weights = 2 * rng.integers(-127, 128, (5, SIZE)).astype(np.int32)
    reached, bound = _pushed(
        weights, lambda row: np.trunc(row * norm / np.linalg.norm(row)).astype(int), norm)
    by_range = np.abs(weights).sum(axis=1).max() * norm
    assert bound < by_range
    assert .9 * bound <= reached <= bound


def _pushed(
    weights: np.ndarray, towards: Callable[[np.ndarray], np.ndarray], norm: int | None
) -> tuple[int, int]:
    """The largest sum that a run reaches, and the bound that is proved."""
    limit = LIMIT if norm is None else norm
    axons, cells = Population("in", SIZE, Source(14)), Population("out", 5, Relay())
    port = Port("in", "in", SIZE, 14, -limit, limit, (0,), norm=norm)
    network = Network("dense", "fixed", (axons, cells), (
        Projection("w", "in", "out", weights, graded=True),), Schedule(2), inputs=(port,))
    proof = require_proof(network)
    (bound,) = (b for b in proof.bounds if b.accumulator == "payload")
    span = credit(network).promises["out"].span
    worst = int(np.argmax(np.maximum(-span.low, span.high)))
    train = np.zeros((3, SIZE), np.int64)
    train[0] = towards(weights[worst])
    run = backends.get("fast").run(network, {"in": train}, [Probe("out")], 3)
    assert not any(run.overflows.values())
    assert bound.low is not None
    assert bound.high is not None
    return int(np.abs(run.spikes("out")).max()), max(-bound.low, bound.high)


@circuit("echo of a test")
@dataclass(frozen=True)
class Echo(Circuit):
    """Sums that are too large; a rule of its own says that nobody minds."""

    gain: int

    @property
    def harmless(self) -> dict[str, str]:
        return {"out": "what is sent is not listened to"}

    def rebuilt(self, weights: Mapping[str, NDArray[Any]]) -> Network:
        axons, cells = Population("in", 1, Source(24)), Population("out", 1, Relay())
        way = Projection("w", "in", "out", np.full((1, 1), self.gain, np.int32), graded=True)
        return Network("echo", "fixed", (axons, cells), (way,), inputs=(Port.of(axons),),
                       parts=(Part.whole(self, (axons, cells), (way,)),))


def test_a_sum_that_may_wrap_is_told_with_its_reason() -> None:
    network = Echo(3).rebuilt({})
    proof = require_proof(network)
    assert (proof.proved, proof.status("out")) == (True, "harmless")
    assert "harmless; without end to without end" in str(proof)
    assert str(proof).endswith("what is sent is not listened to")
    stranger = prove_ranges_of(replace(network, parts=(replace(
        network.parts[0], circuit=Echo(4)),)))
    assert (stranger.proved, stranger.status("out")) == (False, "not proved")


def test_a_part_is_what_its_names_say() -> None:
    network = attention(GRADED)[0]
    part = network.parts[0]
    assert part == Part.whole(StaticAttention(GRADED), network.populations, network.projections)
    lacking = replace(part, populations=part.populations[1:])
    doubt = prove_ranges_of(replace(network, parts=(lacking,))).doubts[0]
    assert "a part lacks something, found nothing, needed query" in str(doubt)


def test_lif_neurons_may_speak_at_any_time() -> None:
    """So a claim of steps is not proved of them, and no wire believes it."""
    axons, cells = Population("in", 1, Source()), Population("n", 1, CubaLIF())
    network = Network("lif", "fixed", (axons, cells), (
        Projection("w", "in", "n", np.full((1, 1), 2, np.int32)),), Schedule(4),
        inputs=(replace(Port.of(axons), steps=(0,)),),
        outputs=(replace(Port.of(cells), steps=(1,)),))
    with pytest.raises(RangeProofError, match="found any step; expected step 1"):
        prove_contract(network)


@pytest.mark.parametrize(("weight", "wanted"), [(1, 9001), (3, 27_003), (-1, 9001)])
def test_whole_gains_lose_nothing_of_a_norm(weight: int, wanted: int) -> None:
    """Also beyond what floats are rounded up from: a relay sends what it hears, no unit more."""
    port = Port("in", "in", SIZE, 16, -9001, 9001, (0,), norm=9001)
    network = Network(
        "handed", "fixed", (Population("in", SIZE, Source(16)), Population("on", SIZE, Relay())),
        (Projection("to", "in", "on", weight * np.eye(SIZE, dtype=np.int32), graded=True),),
        Schedule(4), inputs=(port,))
    assert credit(network).promises["on"].norm == wanted
