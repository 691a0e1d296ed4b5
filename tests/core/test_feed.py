"""A circuit whose inputs are fed by populations does what it does for a host, to the bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from placed_programs import judged
from small_fronts import OUT, assert_as_driven, assert_same, feed_all, front, later
from small_gated_delta import MEMORY, codes_for
from small_heads import BINARY, GRADED, attention
from small_networks import everything

from neuromorph import backends
from neuromorph.api.spiking_store import SpikingStore
from neuromorph.backends.interface import Inputs
from neuromorph.circuits import (
    astrocyte_attention,
    gated_delta,
    hebbian_attention,
    latency_attention,
    match_and_control,
)
from neuromorph.circuits.hopfield import store_patterns
from neuromorph.compile import compile_units
from neuromorph.compile.program import Unit
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.ranges.prove import prove_ranges_of, require_proof
from neuromorph.dynamics.match_control import for_window
from neuromorph.errors import NetworkError, UsageError
from neuromorph.network import (
    CubaLIF,
    Feed,
    Network,
    Population,
    Port,
    Projection,
    Readout,
    Relay,
    Schedule,
    Source,
    fed,
    verify,
)
from neuromorph.profiles import load_profile

Driven = tuple[Network, Inputs, int]
"""A circuit as a host drives it: network, trains, steps."""


def written(head: latency_attention.LatencyAttention) -> Driven:
    """Five tokens in a ring of five slots, each written and then asked."""
    rng = np.random.default_rng(3)
    keys, queries = rng.integers(-20, 21, (2, 5, 3))
    timeline = hebbian_attention.causal(head, keys, rng.integers(-127, 128, (5, 2)), queries)
    return hebbian_attention.build(head), *timeline.trains()


def followed() -> Driven:
    rng = np.random.default_rng(4)
    keys, values = ((rng.random((steps, 3)) < 0.03).astype(int) for steps in (500, 60))
    queries = np.zeros((500, 2), int)
    queries[7:, 0], queries[6:, 1] = keys[:-7, 1], keys[:-6, 2]
    episode = match_and_control.Episode(keys, queries, values, gap=20)
    network = match_and_control.build(3, 2, for_window(0.5, seed=9))
    return network, *match_and_control.stimulate(episode)


def remembered() -> Driven:
    rng = np.random.default_rng(2)
    keys, queries = rng.integers(0, 128, (2, 6, 8))
    inputs, _, steps = astrocyte_attention.causal(keys, rng.integers(-127, 128, (6, 3)), queries)
    return astrocyte_attention.build(8, 3, exponent=-4), inputs, steps


def forgotten() -> Driven:
    """A memory that fades, and forgets along keys."""
    codes = codes_for(MEMORY, np.random.default_rng(3), loud=0.5)
    return gated_delta.build(MEMORY), *gated_delta.stimulate(MEMORY, codes)


def retrieved() -> Driven:
    """A Hopfield circuit, asked for two of its patterns."""
    patterns = np.random.default_rng(5).choice([-1.0, 1.0], (4, 9))
    store = SpikingStore(store_patterns(patterns, 0.3))
    head = store.layer.code.heads[0]
    codes = np.where(patterns[:2] > 0, head.query_limit, -head.query_limit).astype(np.int64)
    hidden = np.array([[True] * 4, [True, False, True, True]])
    return store.network(), *latency_attention.stimulate(head, codes, hidden)


CIRCUITS = {
    "binary attention": attention(BINARY),
    "graded attention": attention(GRADED),
    "attention for Loihi 1": attention(replace(BINARY, input_bits=22)),
    "binary attention, written": written(BINARY),
    "graded attention, written": written(GRADED),
    "match and control": followed(),
    "astrocyte attention": remembered(),
    "gated delta": forgotten(),
    "Hopfield": retrieved(),
}

ONE_BY_ONE = [(name, (port.name,)) for name, (network, _, _) in CIRCUITS.items()
              for port in network.inputs]
ALL = [(name, tuple(port.name for port in network.inputs))
       for name, (network, _, _) in CIRCUITS.items()]


@pytest.mark.parametrize(("name", "inputs"), ONE_BY_ONE,
                         ids=[f"{name}, {inputs[0]}" for name, inputs in ONE_BY_ONE])
def test_each_input_may_be_a_population(name: str, inputs: tuple[str, ...]) -> None:
    network, trains, steps = CIRCUITS[name]
    assert trains[inputs[0]].any()
    assert_as_driven(network, trains, steps, inputs)


@pytest.mark.parametrize("backend", ["fast", "reference"])
@pytest.mark.parametrize(("name", "inputs"), ALL, ids=list(CIRCUITS))
def test_all_inputs_may_be_populations(name: str, inputs: tuple[str, ...], backend: str) -> None:
    network, trains, steps = CIRCUITS[name]
    assert_as_driven(network, trains, steps, inputs, backend)


@pytest.mark.lava
@pytest.mark.parametrize("name", ["graded attention, written", "astrocyte attention"])
def test_lava_is_fed_alike(name: str) -> None:
    pytest.importorskip("lava.magma.core", reason="lava-nc is not installed")
    network, trains, steps = CIRCUITS[name]
    assert_as_driven(network, trains, steps, [port.name for port in network.inputs], "lava")


@pytest.mark.parametrize("name", ["binary attention", "graded attention, written"])
def test_what_is_read_is_the_same_a_step_later(name: str) -> None:
    """Nothing but steps: against the host's run from the first step on."""
    network, trains, steps = CIRCUITS[name]
    found, probes, run = feed_all(network, trains, ["query"]), everything(network), \
        backends.get("fast").run
    kept = [p for p in probes if p.target != "query"]
    assert_same(run(network, trains, kept, steps),
                run(found.network, found.inputs, kept, steps + 1), shift=1)


def test_a_feed_may_be_fed_itself() -> None:
    network, trains, steps = attention(GRADED)
    query = network.inputs[0]
    second = fed(front(query, name="second"), {"in": Feed(front(query, name="first"), OUT)})
    whole = fed(network, {"query": Feed(second, OUT)})
    early = {**later(trains, 2), "second.first.in": np.pad(trains["query"], ((0, 2), (0, 0)))}
    del early["query"]
    run, probes = backends.get("fast").run, latency_attention.PROBES
    assert_same(run(network, trains, probes, steps), run(whole, early, probes, steps + 2), shift=2)
    assert [port.name for port in whole.inputs][-1] == "second.first.in"


def test_two_inputs_may_be_fed_by_one_network() -> None:
    """It is there once: ON and OFF sides of a value from one store of plain spikes."""
    network, trains, steps = remembered()
    units = network.population("value_on").size
    bits = np.kron(np.eye(units, dtype=np.int32), 1 << np.arange(7)).astype(np.int32)
    sides = Network("sides", "fixed", (
        Population("codes", 14 * units, Source()),
        Population("on", units, Relay()), Population("off", units, Relay()),
    ), (
        Projection("to_on", "codes", "on", np.hstack([bits, 0 * bits])),
        Projection("to_off", "codes", "off", np.hstack([0 * bits, bits])),
    ))
    whole = fed(network, {"value_on": Feed(sides, "on"), "value_off": Feed(sides, "off")})
    assert [p.name for p in whole.populations].count("sides.codes") == 1
    assert whole.plastic[0].modulators == ("sides.on", "sides.off", None)
    said = [((trains[name][:, :, None] >> np.arange(7)) & 1).reshape(steps, -1)
            for name in ("value_on", "value_off")]
    early = {"feature": later(trains, 1)["feature"],
             "sides.codes": np.pad(np.hstack(said), ((0, 1), (0, 0)))}
    run, probes = backends.get("fast").run, [*astrocyte_attention.PROBES]
    assert_same(run(network, later(trains, 1), probes, steps + 1),
                run(whole, early, probes, steps + 1))


# --- what a fed network says of itself


@pytest.mark.parametrize("name", [name for name in CIRCUITS if "attention" in name])
def test_a_fed_head_is_proved_by_its_circuit(name: str) -> None:
    """While what feeds it speaks as its ports say; graded third factors are a matter of letters."""
    network, trains, _ = CIRCUITS[name]
    third = {third for p in network.plastic for third in p.modulators}
    names = [port.name for port in network.inputs if port.name not in third]
    proof = require_proof(feed_all(network, trains, names, in_step=True).network)
    if network.parts:
        assert [one.split(" of ")[1] for one in proof.circuits] == ["match"]


@pytest.mark.parametrize("name", ["binary attention", "graded attention, written"])
def test_a_head_that_may_be_asked_at_any_time_is_not_believed(name: str) -> None:
    network, trains, _ = CIRCUITS[name]
    assert prove_ranges_of(network).basis == "circuits"
    proof = prove_ranges_of(feed_all(network, trains, ["drive", "query"]).network)
    assert not proof.proved
    (doubt,) = proof.doubts
    assert doubt.where == "query <- query_front.out"
    assert "any step" in str(doubt)


def test_what_was_proved_by_bounds_still_is() -> None:
    network, trains, _ = followed()
    assert require_proof(feed_all(network, trains, ["axon", "query"]).network).basis == "bounds"


@pytest.mark.parametrize(("name", "inputs"), [
    ("match and control", ["axon", "query"]), ("astrocyte attention", ["feature"])])
def test_a_fed_circuit_compiles(name: str, inputs: list[str]) -> None:
    network, trains, _ = CIRCUITS[name]
    profile = load_profile("loihi2-graded")
    unit = Unit("fed", feed_all(network, trains, inputs).network)
    program = compile_units([unit], profile).program
    assert [str(v) for v in judged(*program_as_dict(program), profile).violations] == []


def test_the_ports_of_a_fed_network() -> None:
    network, trains, _ = attention(GRADED)
    whole = feed_all(network, trains, ["query", "mask"]).network
    assert [port.name for port in whole.inputs] == ["drive", "excused", "flush", "query_front.in",
                                                    "mask_front.in"]
    assert [port.name for port in whole.outputs] == [
        "match", "control", "normaliser", "done", "query_front.out", "mask_front.out"]
    assert whole.schedule == network.schedule


def test_outputs_name_steps_only_where_every_feed_does() -> None:
    network, _, _ = attention(GRADED)
    query, mask = (next(p for p in network.inputs if p.name == name) for name in ("query", "mask"))
    in_step = Feed(front(query, network.schedule), OUT)
    some_time = Feed(front(mask), OUT)
    steady = fed(network, {"query": in_step})
    assert steady.outputs[:4] == network.outputs
    unknown = fed(network, {"query": in_step, "mask": some_time})
    assert [port.steps for port in unknown.outputs[:4]] == [None] * 4


def test_an_output_that_was_a_source_is_what_feeds_it() -> None:
    network, _, _ = followed()
    passed = replace(network, outputs=(*network.outputs, Port.of(network.population("axon"))))
    whole = fed(passed, {"axon": Feed(front(network.inputs[0]), OUT)})
    assert [(p.name, p.population) for p in whole.outputs] == [
        ("soma", "soma"), ("axon", "axon_front.out"), ("axon_front.out", "axon_front.out")]


def test_a_hosts_train_may_not_leave_what_is_assumed() -> None:
    """A proof that rests on an assumption is worth what the door is."""
    network, trains, steps = attention(GRADED)
    found = feed_all(network, trains, ["query"])
    wild = {**found.inputs, "query_front.in": found.inputs["query_front.in"] * 0 + 21}
    with pytest.raises(UsageError, match=r"query_front.in: an input leaves the range that the "
                                         r"circuit assumes; found 21 to 21; expected -20 to 20"):
        backends.get("fast").run(found.network, wild, (), steps + 1)


# --- what is refused

HEAD = attention(GRADED)[0]
QUERY = HEAD.inputs[0]
WRITTEN = hebbian_attention.build(GRADED)
MATCH = match_and_control.build(3, 2)
FRONT = front(QUERY)


def lif(size: int, name: str = "cells", **changed: Any) -> Network:
    """Plain spikes after plain spikes."""
    found = Network(name, "fixed", (Population("in", size, Source()),
                                    Population("lif", size, CubaLIF(vth=0))),
                    (Projection("w", "in", "lif", np.eye(size, dtype=np.int32)),))
    return replace(found, **changed)


def wide_gate() -> Network:
    """A relay behind a source that assumes nothing: no proof keeps it from sending less than 0."""
    port = next(p for p in WRITTEN.inputs if p.name == "store")
    return replace(front(port, name="gate"), inputs=(), outputs=())


def out_of_step() -> Network:
    moved = replace(QUERY, steps=(0, *(QUERY.steps or ())))
    return front(moved, HEAD.schedule)


@pytest.mark.parametrize(("network", "feeds", "text"), [
    (HEAD, {"qery": Feed(FRONT, OUT)},
     ("latency_attention: there is no such input; found qery; expected query, drive, mask, "
     "excused, flush.* Did you mean 'query'")),
    (replace(HEAD, inputs=()), {"query": Feed(FRONT, OUT)}, "no such input.*it has no inputs"),
    (HEAD, {"match": Feed(FRONT, OUT)}, "no such input; found match"),
    (HEAD, {"query": Feed(FRONT, "uot")},
     ("latency_attention.query <- query_front.uot: there is no such output or population; "
      "found query_front.uot. Did you mean 'query_front.out'")),
    (HEAD, {"drive": Feed(FRONT, OUT)}, (r"latency_attention.drive <- query_front.out: a wire has "
     r"two sizes; found 3; expected 1")),
    (HEAD, {"query": Feed(lif(3), "lif")}, (r"query <- cells.lif: a wire is plain at one end and "
     r"graded at the other; found plain spikes; expected graded spikes of 6 bits")),
    (MATCH, {"axon": Feed(FRONT, OUT)}, "found graded spikes of 24 bits; expected plain spikes"),
    (HEAD, {"query": Feed(replace(FRONT, inputs=(), outputs=()), OUT)},
     (r"query <- query_front.out: a payload may leave the range that the input assumes; "
     r"found -32 to 31; expected -20 to 20")),
    (HEAD, {"query": Feed(FRONT, "in")}, None),
    (HEAD, {"query": Feed(out_of_step(), OUT)},
     r"speaks in steps in which the input must be silent; found steps? 0; expected steps? 3"),
    (MATCH, {"axon": Feed(lif(3, "a", schedule=Schedule(4099)), "lif"),
             "query": Feed(lif(2, "b", schedule=Schedule(4093)), "lif")},
     "control: the periods of parts have no common one"),
    (MATCH, {"axon": Feed(Network("floats", "float", (
        Population("in", 3, Source()), Population("lif", 3, CubaLIF(du=1, dv=1, vth=0.5))),
        (Projection("w", "in", "lif", np.eye(3)),)), "lif")}, "joins two domains; found float"),
    (MATCH, {"axon": Feed(lif(3), "lif"), "query": Feed(lif(2), "lif")},
     "a feeding network needs a name of its own; found cells"),
    (fed(MATCH, {"axon": Feed(lif(3), "lif")}), {"query": Feed(lif(2), "lif")},
     "a feeding network needs a name of its own; found cells"),
    (WRITTEN, {"store": Feed(wide_gate(), OUT)},
     r"store <- gate.out: a payload may leave the range .* found -128 to 127; expected 0 to 8"),
    (lif(3, populations=()), {}, "no populations"),
    (MATCH, {"axon": Feed(lif(3, populations=()), "lif")}, "no populations"),
])
def test_a_wire_that_does_not_fit_is_refused(
    network: Network, feeds: dict[str, Feed], text: str | None
) -> None:
    if text is None:  # a source may feed, too: it stays a source, of the other network
        assert fed(network, feeds).population("query_front.in").is_source
        return
    with pytest.raises(NetworkError, match=text):
        fed(network, feeds)


def test_floats_have_no_proved_payloads() -> None:
    def part(name: str, bits: int) -> Network:
        axons = Population("in", 2, Source(bits))
        return Network(name, "float", (axons, Population("out", 2, Readout(dv=1, vth=0.5)),
                                       Population("relay", 2, Relay())),
                       (Projection("w", "in", "out", np.eye(2), graded=bool(bits)),
                        Projection("r", "in", "relay", np.eye(2), graded=bool(bits))),
                       inputs=(Port.of(axons),))

    with pytest.raises(NetworkError, match="payloads of floats have no proved range"):
        fed(part("a", 8), {"in": Feed(part("b", 8), "relay")})
    whole = fed(part("a", 0), {"in": Feed(part("b", 0), "out")})
    assert verify(whole).projection("w").pre == "b.out"
