"""Heads one behind the other, no host between them: each part at its own step of one period."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from network_texts import same_network
from small_heads import GRADED

from neuromorph import backends
from neuromorph.backends.interface import Inputs
from neuromorph.circuits import hebbian_attention, latency_attention
from neuromorph.circuits.hebbian_attention import write_then_query
from neuromorph.circuits.latency_attention.emit import (
    FIRST_KNOWN,
    contexts_of,
    emission_of,
    emitting,
)
from neuromorph.compile.ranges.prove import require_proof
from neuromorph.errors import NetworkError, UsageError
from neuromorph.network import (
    Network,
    Population,
    Port,
    Probe,
    Projection,
    Relay,
    Source,
    arrays_of,
    nest,
    parallel,
    parse_network,
    to_text,
    wire,
)

WIDE = replace(GRADED, value_size=3)
PERIOD = GRADED.period
SHIFT = 7
"""From a context of 12 bits to a query's codes."""


def head(seed: int, value_size: int, at: int = FIRST_KNOWN) -> Network:
    rng, kind = np.random.default_rng(seed), replace(GRADED, value_size=value_size)
    built = latency_attention.build(kind, rng.integers(-20, 21, (5, 3)),
                                    rng.integers(-127, 128, (5, value_size)))
    return emitting(built, kind, emission_of(kind), at)


def narrow() -> Network:
    codes, out = Population("code", 3, Source(12)), Population("out", 3, Relay(shift=SHIFT))
    return Network("narrow", "fixed", (codes, out), (
        Projection("on", "code", "out", np.eye(3, dtype=np.int32), graded=True),),
        inputs=(Port.of(codes),), outputs=(Port.of(out),))


OFFSET = (FIRST_KNOWN + 1 - GRADED.query_at) % PERIOD
"""The relays' codes are sent a step after the first head's context."""


def chain() -> Network:
    whole = parallel({"first": head(1, 3), "narrow": narrow(), "second": head(2, 2)},
                     at={"second": OFFSET}, name="chain")
    return wire(whole, {"narrow.code": "first.control", "second.query": "narrow.out"})


def trains(queries: int) -> tuple[Inputs, int]:
    """Queries for the first head; the second hears drive, mask and flush of its own."""
    rng, steps = np.random.default_rng(3), (queries + 3) * PERIOD
    asked, _ = latency_attention.stimulate(WIDE, rng.integers(-20, 21, (queries, 3)))
    rest, _ = latency_attention.stimulate(GRADED, np.zeros((queries + 2, 3), int))
    del rest["query"]

    def placed(train: np.ndarray, begin: int) -> np.ndarray:
        found = np.zeros((steps, train.shape[1]), np.int64)
        found[begin : begin + len(train)] = train[: steps - begin]
        return found

    return {**{f"first.{n}": placed(t, 0) for n, t in asked.items()},
            **{f"second.{n}": placed(t, OFFSET) for n, t in rest.items()}}, steps


def contexts(network: Network, queries: np.ndarray) -> np.ndarray:
    """Of a head that a host asks and reads."""
    circuit = network.parts[0].circuit
    built = circuit.head_circuit.rebuilt({p.name: p.weights for p in network.projections})
    kind = circuit.head_circuit.head
    inputs, steps = latency_attention.stimulate(kind, queries)
    recording = backends.get("fast").run(built, inputs, latency_attention.PROBES, steps)
    read = latency_attention.read(kind, recording.spikes, recording.potential, len(queries))
    return contexts_of([kind], read.control[None], read.normaliser[None])[0]


@pytest.mark.parametrize("backend", [
    "fast", "reference", pytest.param("lava", marks=pytest.mark.lava)])
def test_one_heads_context_is_another_heads_query(backend: str) -> None:
    if backend == "lava":
        pytest.importorskip("lava.magma.core", reason="lava-nc is not installed")
    queries = 3
    inputs, steps = trains(queries)
    run = backends.get(backend).run(chain(), inputs, [
        Probe("first.control"), Probe("narrow.out"), Probe("second.control")], steps)
    first = contexts(head(1, 3), inputs["first.query"][GRADED.query_at :: PERIOD][:queries])
    second = contexts(head(2, 2), first >> SHIFT)
    known = np.arange(1, queries + 1) * PERIOD + FIRST_KNOWN
    np.testing.assert_array_equal(run.spikes("first.control")[known], first)
    np.testing.assert_array_equal(run.spikes("narrow.out")[known + 1], first >> SHIFT)
    said = run.spikes("second.control")[known + OFFSET + PERIOD * (GRADED.query_at > OFFSET)]
    assert second.any()
    np.testing.assert_array_equal(said[:queries - 1], second[:queries - 1])
    asleep = np.ones(steps, bool)
    asleep[FIRST_KNOWN::PERIOD] = False
    assert not run.spikes("first.control")[asleep].any()


def test_the_chain_is_proved_by_its_parts() -> None:
    proof = require_proof(chain())
    assert proof.doubts == ()
    assert proof.circuits == ("emitting_attention of first.match",
                              "emitting_attention of second.match")
    assert {bound.where for bound in proof.bounds} == {"narrow.out"}
    same_network(parse_network(to_text(chain()), arrays_of(chain())), chain())


def test_a_part_at_the_wrong_step_is_named() -> None:
    """The wire, the port, what was found and what is needed."""
    whole = parallel({"first": head(1, 3), "narrow": narrow(), "second": head(2, 2)},
                     at={"second": OFFSET + 1})
    with pytest.raises(NetworkError, match=(
            r"second.query <- narrow.out: it speaks in steps in which the input must be silent; "
            rf"found step {FIRST_KNOWN + 1}; expected step {FIRST_KNOWN + 2}")):
        wire(whole, {"narrow.code": "first.control", "second.query": "narrow.out"})
    moved = chain()
    parts = tuple(replace(part, offset=part.offset + (part is moved.parts[1]))
                  for part in moved.parts)
    with pytest.raises(Exception, match=r"emitting_attention of second\.match is not proved"):
        require_proof(replace(moved, parts=parts, inputs=tuple(
            port for port in moved.inputs if port.name.startswith("first"))))


def test_nested_three_deep_it_is_proved_and_the_same() -> None:
    inner = parallel({"head": head(2, 2)}, name="inner", at={"head": OFFSET})
    middle = nest(narrow(), "deep", inner, {"head.query": "out"})
    outer = nest(head(1, 3), "mid", middle, {"code": "control"})
    assert "mid.deep.head.match" in outer.by_name
    proof = require_proof(outer)
    assert (len(proof.circuits), proof.doubts) == (2, ())
    inputs, steps = trains(2)
    probes = {"second.control": "mid.deep.head.control", "first.control": "control"}
    run = backends.get("fast").run
    flat = run(chain(), inputs, [Probe(name) for name in probes], steps)
    deep = run(outer, {name.replace("first.", "").replace("second.", "mid.deep.head."): train
                       for name, train in inputs.items()},
               [Probe(name) for name in probes.values()], steps)
    for name, other in probes.items():
        np.testing.assert_array_equal(deep.spikes(other), flat.spikes(name))


def test_a_written_head_is_asked_by_another() -> None:
    written = emitting(hebbian_attention.build(GRADED), GRADED, emission_of(GRADED))
    assert written.parts[0].circuit.kind == "emitting_attention"
    assert require_proof(parallel({"a": written, "b": head(1, 3)})).basis == "circuits"
    rng = np.random.default_rng(0)
    timeline = write_then_query(GRADED, rng.integers(-20, 21, (5, 3)),
                                rng.integers(-127, 128, (5, 2)), rng.integers(-20, 21, (2, 3)))
    inputs, steps = timeline.trains()
    assert inputs.keys() == {port.population for port in written.inputs}
    assert steps > 0


@pytest.mark.parametrize("at", [0, FIRST_KNOWN - 1, GRADED.query_at + 3, PERIOD])
def test_a_context_is_not_sent_before_it_is_known(at: int) -> None:
    with pytest.raises(UsageError, match="a context cannot be sent in that step"):
        head(1, 3, at)
