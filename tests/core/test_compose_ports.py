"""The ports of a whole, and what does not fit together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_heads import GRADED, attention
from small_networks import float_network

from neuromorph.circuits.latency_attention import StaticAttention
from neuromorph.compile.ranges.prove import require_proof
from neuromorph.errors import NetworkError
from neuromorph.learning import RULES
from neuromorph.network import (
    CubaLIF,
    Network,
    Phase,
    Population,
    Port,
    Projection,
    Relay,
    Schedule,
    Source,
    nest,
    parallel,
    rename,
    to_text,
    wire,
)


def cells(size: int = 3, vth: int = 0, **changed: Any) -> Network:
    """Plain spikes after plain spikes: in -> lif -> out."""
    axons, lif = Population("in", size, Source()), Population("lif", size, CubaLIF(vth=vth))
    found = Network("cells", "fixed", (axons, lif),
                    (Projection("w", "in", "lif", np.eye(size, dtype=np.int32)),),
                    inputs=(Port.of(axons),), outputs=(replace(Port.of(lif), name="out"),))
    return replace(found, **changed)


def relays(size: int = 3, low: int = -20, high: int = 20, name: str = "relays") -> Network:
    """Payloads of 6 bits, sent on."""
    axons, relay = Population("in", size, Source(6)), Population("relay", size, Relay())
    return Network(name, "fixed", (axons, relay),
                   (Projection("w", "in", "relay", np.eye(size, dtype=np.int32), graded=True),),
                   inputs=(Port("in", "in", size, 6, low, high),))


def test_ports_go_along() -> None:
    two = parallel({"a": cells(), "b": cells()})
    assert [port.name for port in two.inputs] == ["a.in", "b.in"]
    assert [(port.name, port.population) for port in two.outputs] == [
        ("a.out", "a.lif"), ("b.out", "b.lif")]
    whole = wire(two, {"b.in": "a.out"})
    assert [port.name for port in whole.inputs] == ["a.in"]
    assert whole.outputs == two.outputs
    assert whole.projection("b.w").pre == "a.lif"
    renamed = rename(cells(), {"lif": "soma", "out": "axon"})
    assert [(port.name, port.population) for port in renamed.outputs] == [("axon", "soma")]
    assert renamed.projection("w").post == "soma"


def test_two_parts_may_share_an_input() -> None:
    two = parallel({"a": relays(), "b": relays()})
    whole = wire(two, {"b.in": "a.in"})
    assert {p.pre for p in whole.projections} == {"a.in"}
    with pytest.raises(NetworkError, match="found -20 to 20; expected -5 to 5"):
        wire(parallel({"a": relays(), "b": relays(low=-5, high=5)}), {"b.in": "a.in"})


def test_a_wire_to_a_shared_input_reaches_all_that_share_it() -> None:
    """However it is told: at once, or one wire after the other."""
    three = parallel({"a": cells(), "b": cells(), "c": cells()})
    at_once = wire(three, {"c.in": "b.in", "b.in": "a.out"})
    assert {at_once.projection(f"{part}.w").pre for part in "bc"} == {"a.lif"}
    assert to_text(at_once) == to_text(wire(wire(three, {"c.in": "b.in"}), {"b.in": "a.out"}))


def test_ends_may_be_ports_or_populations() -> None:
    two = parallel({"a": cells(), "b": replace(cells(), inputs=())})
    assert to_text(wire(two, {"b.in": "a.out"})) == to_text(wire(two, {"b.in": "a.lif"}))


def test_a_whole_has_the_phases_of_its_parts() -> None:
    asked = Schedule(9, (Phase("ask", 0, 4),))
    said = Schedule(9, (Phase("b.ask", 0, 4),))
    assert parallel({"a": cells(), "b": cells(schedule=asked)}).schedule == said
    assert parallel({"a": cells(schedule=Schedule(9)),
                     "b": cells(schedule=asked)}).schedule == said


def test_outputs_lose_steps_only_downstream_of_what_may_speak_at_any_time() -> None:
    """Also where feedback leads there."""
    keeps = cells(schedule=Schedule(4))
    keeps = replace(keeps, inputs=(replace(keeps.inputs[0], steps=(0,)),),
                    outputs=(replace(keeps.outputs[0], steps=(1,)),))
    four = parallel(dict.fromkeys("abc", keeps) | {"any": cells()})
    whole = wire(four, {"a.in": "any.out"})
    assert [port.steps for port in whole.outputs] == [None, (1,), (1,), None]
    shifted = replace(keeps, outputs=(replace(keeps.outputs[0], steps=(0,)),))
    chain = wire(parallel({"any": cells(), "a": shifted, "b": keeps, "c": keeps}),
                 {"a.in": "any.out", "b.in": "a.out"})
    assert [port.steps for port in chain.outputs] == [None, None, None, (1,)]


def test_a_third_factor_that_may_speak_at_any_time_is_heard_too() -> None:
    axon, cell = Population("in", 1, Source()), Population("n", 1, CubaLIF(vth=10))
    error = Population("error", 1, Source(8))
    learns = Projection("learns", "in", "n", np.full((1, 1), 20, np.int32), rule=RULES["delta"](),
                        modulators=("error", None, None))
    part = Network("part", "fixed", (axon, cell, error), (learns,), Schedule(4),
                   inputs=(replace(Port.of(axon), steps=(0,)),
                           replace(Port.of(error), low=0, high=127, steps=(2,))),
                   outputs=(replace(Port.of(cell), steps=(1,)),))
    axons, relay = Population("in", 7, Source()), Population("relay", 1, Relay())
    bits = Network("bits", "fixed", (axons, relay),
                   (Projection("sum", "in", "relay", np.array([1 << np.arange(7)])),))
    whole = wire(parallel({"p": part, "b": bits}), {"p.error": "b.relay"})
    assert whole.projection("p.learns").modulators == ("b.relay", None, None)
    assert [port.steps for port in whole.outputs] == [None]


def test_what_is_renamed_is_still_what_its_builder_builds() -> None:
    network = attention(GRADED)[0]
    renamed = rename(network, {"match": "score", "key": "memory"})
    both = parallel({"a": network, "b": renamed})
    assert [part.circuit for part in both.parts] == [StaticAttention(GRADED)] * 2
    for whole, heads in ((network, ["match"]), (renamed, ["score"]),
                         (both, ["a.match", "b.score"])):
        proof = require_proof(whole)
        assert (proof.basis, proof.doubts) == ("circuits", ())
        assert [one.split(" of ")[1] for one in proof.circuits] == heads


# --- what is refused

TWO = parallel({"a": cells(), "b": cells()})
FLOATS = float_network()[0]


@pytest.mark.parametrize(("network", "wires", "text"), [
    (parallel({"a": cells(), "b": cells(2)}), {"b.in": "a.out"},
     "^parallel.b.in <- a.out: a wire has two sizes; found 3; expected 2$"),
    (parallel({"a": relays(), "b": cells()}), {"b.in": "a.relay"},
     ("b.in <- a.relay: a wire is plain at one end and graded at the other; found graded spikes "
      "of 24 bits; expected plain spikes")),
    (parallel({"a": cells(), "b": relays()}), {"b.in": "a.out"}, "expected graded spikes of 6"),
    (parallel({"a": relays(), "b": relays(high=19)}), {"b.in": "a.relay"},
     "may leave the range that the input assumes; found -20 to 20; expected -20 to 19"),
    (TWO, {"b.inn": "a.out"}, r"parallel.b.inn <- a.out: there is no such input; .* mean 'b.in'"),
    (TWO, {"b.lif": "a.out"}, "there is no such input; found b.lif; .*Did you mean 'b.in'"),
    (TWO, {"b.in": "a.oot"}, "no such output or population; found a.oot. Did you mean 'a.out'"),
    (parallel({"a": cells(), "b": replace(cells(), inputs=(
        Port("eye", "in", 3),))}), {"b.eye": "a.out", "b.in": "a.lif"},
     "parallel.b.in <- a.lif: a source is wired twice; found parallel.b.eye <- a.out"),
    (wire(TWO, {"b.in": "a.out"}), {"b.in": "a.lif"}, "there is no such input; found b.in"),
    (TWO, {"b.in": "b.in"}, "sources are wired in a circle; found b.in"),
    (TWO, {"b.in": "a.in", "a.in": "b.in"}, "sources are wired in a circle; found a.in, b.in"),
    (TWO, {"a.in": "b.out", "b.in": "a.out"}, "no source or bias reaches it"),
])
def test_a_wire_that_does_not_fit_is_refused(
    network: Network, wires: dict[str, str], text: str
) -> None:
    with pytest.raises(NetworkError, match=text) as caught:
        wire(network, wires)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("parts", "text"), [
    ({}, "no parts"),
    ({"a": cells(), "b": FLOATS},
     "parallel: b: a network joins two domains; found float; expected fixed"),
    ({"a": rename(cells(), {"in": "b.in"}), "a.b": cells()},
     "two populations have one name; found a.b.in"),
    ({"a": cells(schedule=Schedule(4099)), "b": cells(schedule=Schedule(4093))},
     "parallel: the periods of parts have no common one; found 16777207 steps"),
])
def test_parts_that_do_not_fit_are_refused(parts: dict[str, Network], text: str) -> None:
    with pytest.raises(NetworkError, match=text):
        parallel(parts)


@pytest.mark.parametrize(("names", "text"), [
    ({"lif": "in"}, "cells: two names become one; found in and lif: both in"),
    ({"life": "soma"}, "nothing of that name; found life. Did you mean 'lif'"),
    (lambda name: "", "two names become one"),
    ({"lif": ""}, "a population needs a printable name"),
])
def test_new_names_that_do_not_differ_are_refused(names: Any, text: str) -> None:
    with pytest.raises(NetworkError, match=text):
        rename(cells(), names)


@pytest.mark.parametrize(("ports", "text"), [
    ({"in": "uot"}, "cells.slot.in <- uot: there is no such output or population.*'out'"),
    ({"oot": "in"}, "cells.in <- slot.oot: there is no such output"),
    ({"out": "in", "lif": "in"}, "a source is wired twice"),
])
def test_a_nest_that_does_not_fit_is_refused(ports: dict[str, str], text: str) -> None:
    with pytest.raises(NetworkError, match=text):
        nest(cells(), "slot", cells(), ports)


def test_a_slot_may_hear_and_be_heard() -> None:
    whole = nest(cells(), "slot", cells(), {"in": "out"})
    assert whole.projection("slot.w").pre == "lif"
    assert [port.name for port in whole.inputs] == ["in"]
    outer = parallel({"x": cells(), "y": cells()}, name="outer")
    between = nest(outer, "slot", cells(), {"in": "x.out", "out": "y.in"})
    assert between.projection("y.w").pre == "slot.lif"
    assert between.name == "outer"
