"""The laws of composition, on random boxes, to the bit; and what does not fit together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_boxes import PARTS, Box, Triple, as_box, fits, random_part, random_triple
from small_networks import everything, float_network

from neuromorph import backends
from neuromorph.backends.interface import Recording
from neuromorph.errors import NetworkError
from neuromorph.learning import RULES, LearningRule
from neuromorph.network import (
    CubaLIF,
    Network,
    Population,
    Port,
    Probe,
    Projection,
    Relay,
    Source,
    nest,
    parallel,
    rename,
    to_text,
    verify,
    wire,
)
from neuromorph.neurons import models

SEEDS = range(200)
EXACT = ("reference", "fast")

Trains = Mapping[str, NDArray[Any]]


def run(backend: str, network: Network, trains: Trains) -> Recording:
    """All that can be recorded; of the trains those of sources that are left."""
    kept = {name: trains[name] for name in trains if name in network.by_name}
    return backends.get(backend).run(network, kept, everything(network),
                                     len(next(iter(trains.values()))))


def by_parts(backend: str, triple: Triple) -> tuple[Recording, dict[str, NDArray[Any]]]:
    """The parts one by one, each sent what those before it said; and what all sources said."""
    traces, synapses, sent = dict[Probe, Any](), dict[str, Any](), dict(triple.inputs)
    for part, network in triple.parts.items():
        for name in (p.name for p in network.populations if p.is_source):
            if (said := triple.wires.get(f"{part}.{name}")) is not None:
                sent[f"{part}.{name}"] = sent[said] if said in sent else traces[Probe(said)]
        given = {p.name: sent[f"{part}.{p.name}"] for p in network.populations if p.is_source}
        found = run(backend, network, given)
        traces |= {Probe(f"{part}.{probe.target}", probe.variable): trace
                   for probe, trace in found.traces.items()}
        synapses |= {f"{part}.{name}": state for name, state in found.synapses.items()}
    return Recording(backend, "reference", found.steps, traces, synapses), sent


def assert_alike(whole: Recording, parts: Recording) -> None:
    """All that the whole recorded, of which no neuron may be missing but wired sources."""
    assert whole.traces
    for probe, trace in whole.traces.items():
        np.testing.assert_array_equal(trace, parts.traces[probe], str(probe))
    assert whole.synapses.keys() == parts.synapses.keys()
    for name, state in whole.synapses.items():
        for got, expected in zip(state, parts.synapses[name], strict=True):
            np.testing.assert_array_equal(got, expected, name)


def in_order(network: Network) -> str:
    """The text of all but the order and the network's name."""
    def ordered(some: Any) -> Any:
        return tuple(sorted(some, key=lambda one: str(one.name)))

    return to_text(replace(
        network, name="any", populations=ordered(network.populations),
        projections=ordered(network.projections), inputs=ordered(network.inputs),
        outputs=ordered(network.outputs)))


def shuffled(network: Network, seed: int) -> Network:
    rng = np.random.default_rng(seed)
    return replace(network, **{name: tuple(many[i] for i in rng.permutation(len(many)))
                               for name in ("populations", "projections")
                               for many in [getattr(network, name)]})


def with_ports(network: Network) -> Network:
    """All sources are inputs, all others outputs, under their names."""
    return replace(network,
                   inputs=tuple(_input(network, p) for p in network.populations if p.is_source),
                   outputs=tuple(Port.of(p) for p in network.populations if not p.is_source))


def _input(network: Network, source: Population) -> Port:
    port = Port.of(source)
    return replace(port, low=0, high=min(port.high, 127)) \
        if source.name in network.third_factors else port


# --- L1 to L6


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("seed", SEEDS)
def test_running_respects_wiring(seed: int, backend: str) -> None:
    """L1: what parts do one after the other, wired ones do at once.

    L4 and L5: side by side, renamed and in any order they do what they do alone.
    """
    triple = random_triple(seed)
    parts, sent = by_parts(backend, triple)
    assert_alike(run(backend, triple.whole, triple.inputs), parts)
    apart = shuffled(rename(parallel(triple.parts), lambda name: f"x{name[::-1]}"), seed)
    found = run(backend, apart, {f"x{name[::-1]}": train for name, train in sent.items()})
    assert_alike(Recording(
        backend, "reference", found.steps,
        {Probe(probe.target[:0:-1], probe.variable): t for probe, t in found.traces.items()},
        {name[:0:-1]: state for name, state in found.synapses.items()}), parts)


@pytest.mark.lava
@pytest.mark.parametrize("seed", [5, 18, 31, 47, 61])  # of those that stock Lava can run
def test_lava_respects_wiring(seed: int) -> None:
    pytest.importorskip("lava.magma.core", reason="lava-nc is not installed")
    triple = random_triple(seed)
    parts, _ = by_parts("reference", triple)
    assert_alike(run("lava", triple.whole, triple.inputs), parts)


@pytest.mark.parametrize("seed", SEEDS)
def test_wiring_is_associative(seed: int) -> None:
    """L2: the same network, in whichever order; and L5 says that its order changes nothing."""
    triple = random_triple(seed)
    a, b, c = triple.parts.values()
    left = wire(parallel({"l": wire(parallel({"a": a, "b": b}), triple.first), "c": c}),
                {name: f"l.{triple.first.get(said, said)}"
                 for name, said in triple.second.items()})
    right = wire(parallel({"a": a, "r": wire(parallel({"b": b, "c": c}), triple.second)}),
                 {f"r.{name}": said for name, said in triple.first.items()})
    whole = in_order(triple.whole)
    assert in_order(rename(left, lambda name: name.removeprefix("l."))) == whole
    assert in_order(rename(right, lambda name: name.removeprefix("r."))) == whole


@pytest.mark.parametrize("seed", SEEDS)
def test_nesting_twice_is_nesting_what_was_nested(seed: int) -> None:
    """L6: c in b, and b in a, or c in b in a."""
    triple = random_triple(seed)
    a, b, c = (with_ports(part) for part in triple.parts.values())
    first, second = ({name.split(".")[1]: said.split(".")[1] for name, said in wires.items()}
                     for wires in (triple.first, triple.second))
    outside = nest(nest(a, "b", b, first), "b.c", c,
                   {name: first.get(said, f"b.{said}") for name, said in second.items()})
    assert in_order(nest(a, "b", nest(b, "c", c, second), first)) == in_order(outside)


@pytest.mark.parametrize("seed", range(20))
def test_a_renaming_can_be_taken_back(seed: int) -> None:
    """L3: there is no box that takes no step; the identity is to wire nothing."""
    network = with_ports(random_part(seed))
    there = rename(network, lambda name: f"{name}'")
    assert to_text(rename(there, lambda name: name[:-1])) == to_text(network)
    assert rename(network, {}) is network
    assert wire(network, {}) is network
    alone = parallel({"a": network})
    assert in_order(rename(alone, lambda name: name[2:])) == in_order(network)


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("seed", range(20))
def test_feedback_is_what_a_host_would_have_sent(seed: int, backend: str) -> None:
    """Out and in of one box: every synapse takes a step, so there is no algebraic loop."""
    network, rng = random_part(seed), np.random.default_rng(seed)
    wires = {}
    for source in (p for p in network.populations if p.is_source):
        fit = [p.name for p in network.populations if not p.is_source
               and fits(network, p, network, source)]
        wires |= {source.name: str(rng.choice(fit))} if fit else {}
    wires.pop("plain", None)  # a host still sends something
    trains = as_box(rng, network).inputs
    looped = run(backend, wire(network, wires), trains)
    said = {name: looped.spikes(sender) for name, sender in wires.items()}
    assert_alike(looped, run(backend, network, trains | said))


def test_floats_compose() -> None:
    """The same additions in the same order: equal to the bit here too."""
    network, _, steps = float_network()
    rng = np.random.default_rng(1)
    axons = Population("in", 4, Source())
    after = Network("after", "float", (axons, Population("n", 2, CubaLIF(du=0.5, dv=0.1, vth=0.7))),
                    (Projection("w", "in", "n", rng.uniform(1, 2, (2, 4))),))
    sent = {"a.in": rng.normal(size=(steps, 3)), "b.in": np.zeros((steps, 4))}
    whole = wire(parallel({"a": network, "b": after}), {"b.in": "a.lif"})
    got = run("reference", whole, sent)
    alone = run("reference", network, {"in": sent["a.in"]})
    np.testing.assert_array_equal(got.spikes("a.lif"), alone.spikes("lif"))
    then = run("reference", after, {"in": alone.spikes("lif")})
    np.testing.assert_array_equal(got.potential("b.n"), then.potential("n"))
    assert then.spikes("n").any()


# --- L9


def learner(rule: LearningRule, sizes: tuple[int, int], steps: int = 200) -> Box:
    """Axons -> neurons that a teacher drives, with third factors if the rule has any."""
    pre, post = sizes
    rng = np.random.default_rng(pre)
    needs = "y1" in rule.dw and not rule.impulse("y1")
    names = ("more", "less", "gate") if needs else (None, None, None)
    third = tuple(Population(name, post, Source(8)) for name in names if name)
    network = Network("learner", "fixed", (
        Population("in", pre, Source()), Population("teacher", post, Source()),
        Population("n", post, CubaLIF(dv=2000, vth=100)), *third,
    ), (Projection("learns", "in", "n", np.full((post, pre), 40, np.int32), rule=rule,
                   modulators=names),
        Projection("teaches", "teacher", "n", 200 * np.eye(post, dtype=np.int32))))
    trains = {"in": rng.integers(0, 2, (steps, pre)), "teacher": rng.integers(0, 2, (steps, post))}
    return Box(network, trains | {p.name: rng.integers(0, 20, (steps, post)) for p in third})


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("name", RULES)
def test_learning_respects_wiring(name: str, backend: str) -> None:
    """L9: one rule and one seed in 6, 8 and 12 synapses, in a row."""
    rule = RULES[name]()
    triple = Triple((learner(rule, (3, 2)), learner(rule, (2, 4)), learner(rule, (4, 3))),
                    {"b.in": "a.n"}, {"c.in": "b.n"})
    found = run(backend, triple.whole, triple.inputs)
    assert_alike(found, by_parts(backend, triple)[0])
    assert all((found.synapses[f"{part}.learns"][0] != 40).any() for part in PARTS)


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("name", RULES)
def test_rounding_does_not_count_the_synapses_before(name: str, backend: str) -> None:
    """One draw rounds all of a projection: as many again before them change no weight.

    Silent axons come before the axons, and each neuron has a twin before it.
    """
    box = learner(RULES[name](), (3, 2))
    populations = tuple(replace(p, size=7 if p.name == "in" else 4)
                        for p in box.network.populations)
    learns, teaches = box.network.projections
    wider = replace(box.network, populations=populations, projections=(
        replace(learns, weights=np.full((4, 7), 40, np.int32)),
        replace(teaches, weights=200 * np.eye(4, dtype=np.int32))))
    trains = {key: np.pad(train, ((0, 0), (4, 0))) if key == "in" else np.repeat(train, 2, axis=1)
              for key, train in box.inputs.items()}
    narrow, wide = run(backend, box.network, box.inputs), run(backend, wider, trains)
    for few, many in zip(narrow.synapses["learns"], wide.synapses["learns"], strict=True):
        np.testing.assert_array_equal(many[:, 4:], np.repeat(few, 2, axis=0))


# --- L8


@pytest.mark.parametrize("seed", range(30))
def test_a_wire_is_accepted_where_the_parts_alone_say_that_it_fits(seed: int) -> None:
    """L8: of all pairs of a source and a population; what is accepted is verified."""
    one, other = random_part(seed), random_part(seed + 1000)
    both = parallel({"a": one, "b": other})
    for source in (p for p in other.populations if p.is_source):
        for sender in one.populations:
            wires = {f"b.{source.name}": f"a.{sender.name}"}
            if fits(one, sender, other, source):
                assert verify(wire(both, wires))
            else:
                with pytest.raises(NetworkError, match=r"two sizes|plain at one end|may leave the"):
                    wire(both, wires)


def broken(network: Network) -> dict[str, Network]:
    """A sound network, spoiled in one way each."""
    first, *others = network.projections
    rest = tuple(others)
    return {
        "wrong shape": replace(network, projections=(
            replace(first, weights=np.zeros((9, 9), np.int32)), *rest)),
        "out of range": replace(network, projections=(replace(first, delay=63), *rest)),
        "does not exist": replace(network, projections=(replace(first, pre="nobody"), *rest)),
        "two populations have one name": replace(
            network, populations=(*network.populations, network.populations[0])),
        "an output is a population that does not exist": replace(
            network, outputs=(Port("out", "nobody", 1),)),
        "can never be active": replace(network, populations=(
            *network.populations, Population("deaf", 1, Relay()))),
    }


@pytest.mark.parametrize("what", broken(random_part(1)))
def test_a_whole_is_as_sound_as_its_parts(what: str) -> None:
    """L8: what `verify` refuses of a part it refuses of the whole, by the part's name."""
    part, sound = broken(random_part(1))[what], random_part(2)
    for made in (lambda: verify(part), lambda: parallel({"a": sound, "b": part}),
                 lambda: rename(part, lambda name: f"{name}'"),
                 lambda: nest(sound, "slot", part, {}), lambda: wire(part, {})):
        with pytest.raises(NetworkError, match=what):
            made()


def test_the_triples_try_what_they_should() -> None:
    """Every model, graded and plain wires, third factors, learning; and something is said."""
    triples = [random_triple(seed) for seed in SEEDS]
    parts = [part for triple in triples for part in triple.parts.values()]
    assert {p.model.kind for part in parts for p in part.populations} == set(models())
    assert sum(bool(part.plastic) for part in parts) > 100
    wired = [(triple, name.split(".")) for triple in triples for name in triple.wires]
    bits = [triple.parts[part].population(name).model.payload_bits
            for triple, (part, name) in wired]
    assert min(sum(map(bool, bits)), sum(not n for n in bits)) > 50
    assert sum(name in triple.parts[part].third_factors for triple, (part, name) in wired) > 10
    heard = [triple for triple in triples[:20]
             if any(train.any() for name, train in by_parts("fast", triple)[1].items()
                    if name in triple.wires)]
    assert len(heard) > 15
