"""Networks compose: the laws of wiring, counted on random boxes.

Spivak and Hosgood claim no number, and none is judged but our own count of failures. A box is
axons, two populations of neurons and a loop back; wiring takes a source's place, and no step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from examples.papers.about import Paper
from examples.papers.common import Row, bound, main, row
from neuromorph import backends
from neuromorph.learning import RULES
from neuromorph.network import (
    CubaLIF,
    Network,
    Population,
    Port,
    Probe,
    Projection,
    Source,
    arrays_of,
    nest,
    parallel,
    parse_network,
    rename,
    to_text,
    wire,
)
from neuromorph.numerics.limits import DECAY_UNITY

TITLE = "Spivak & Hosgood 2021: deep neural networks as nested dynamical systems"
PAPER = "Spivak & Hosgood 2021"

BACKENDS = ("fast", "reference")
SIZE, INNER, STEPS = 6, 5, 40

LESSON = 200
"""Steps after which every named rule has changed a weight."""

LAWS = {
    "L1": "what boxes do one after the other, wired ones do at once",
    "L2": "the order of wiring is no matter",
    "L3": "an identity is a step late, and a renaming is not",
    "L4": "side by side they do what they do alone",
    "L5": "names and order are no matter",
    "L6": "nesting twice is nesting what was nested",
    "L8": "a whole's text reads back",
    "L9": "learning boxes too, by each named rule",
}

ABOUT = Paper(
    title="Spivak & Hosgood, 2021, arXiv 2111.01297 (nested dynamical systems)",
    claims="Deep networks are dynamical systems nested in each other along wires. No figures.",
    built="`neuromorph.network`: `rename`, `parallel`, `wire`, `nest`, without categories; laws "
          "L1 to L9 as property tests on random boxes of every neuron model.",
    verdict="The toolkit's networks compose, and this is tested. No accuracy and no feature of a "
            "chip comes from it; wiring that depends on the state, the paper's point, is not ours.",
    shown=("checks", "checks that failed (at most)"))

Trains = dict[str, NDArray[np.int64]]
Check = tuple[str, bool]


def run(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:  # noqa: ARG001
    counted, failed, spikes = Counter[str](), Counter[str](), 0
    for seed in range(200 if full else 15):
        rng = np.random.default_rng(seed)
        boxes = {name: box(rng) for name in "abc"}
        cues = {"a.in": rng.integers(0, 2, (STEPS, SIZE))}
        for backend in BACKENDS:
            found = list(laws(boxes, cues, backend))
            counted.update(law for law, _ in found)
            failed.update(law for law, holds in found if not holds)
            spikes += sum(int(t.sum()) for t in said(chain(boxes), cues, backend).values())
    tell("learning boxes")
    for name in RULES:
        counted["L9"] += len(BACKENDS)
        failed["L9"] += sum(not learns_alike(name, backend) for backend in BACKENDS)
    rows = [bound(PAPER, f"{law}, of {counted[law]} checks failed: {what}", 0, failed[law])
            for law, what in LAWS.items()]
    return [*rows, bound(PAPER, "checks that failed", 0, failed.total()),
            row(PAPER, "checks", None, counted.total(), None),
            row(PAPER, "spikes in the triples", None, spikes, None)]


def laws(boxes: Mapping[str, Network], cues: Trains, backend: str) -> Iterator[Check]:
    """Each law, and whether it holds of three boxes in a row."""
    whole = chain(boxes)
    at_once, one_by_one, sent = said(whole, cues, backend), Trains(), dict(cues)
    for name, follower in zip("abc", ("b.in", "c.in", ""), strict=True):
        own = said(boxes[name], {"in": sent[f"{name}.in"]}, backend)
        one_by_one |= {f"{name}.{target}": train for target, train in own.items()}
        sent[follower] = own["out"]
    yield "L1", same(at_once, one_by_one)
    yield "L2", in_order(chain(boxes)) == in_order(chain_from_the_right(boxes))
    yield "L3", identity_is_late(boxes["a"], cues["a.in"], backend)
    apart = parallel(boxes)
    yield "L4", same(said(apart, {f"{n}.in": sent[f"{n}.in"] for n in boxes}, backend), one_by_one)
    other = said(backwards(rename(whole, lambda name: f"x{name}")), {"xa.in": cues["a.in"]},
                 backend)
    yield "L5", same({name.removeprefix("x"): train for name, train in other.items()}, at_once)
    a, b, c = boxes.values()
    twice = nest(nest(a, "b", b, {"in": "out"}), "b.c", c, {"in": "b.out"})
    yield "L6", in_order(twice) == in_order(nest(a, "b", nest(b, "c", c, {"in": "out"}),
                                                 {"in": "out"}))
    yield "L8", to_text(parse_network(to_text(whole), arrays_of(whole))) == to_text(whole)


def box(rng: np.random.Generator) -> Network:
    """Axons -> neurons -> neurons and back, of random constants; weights of both signs are even."""
    def synapses(name: str, pre: str, post: str, shape: tuple[int, int]) -> Projection:
        return Projection(name, pre, post, 2 * rng.integers(-20, 50, shape).astype(np.int32),
                          delay=int(rng.integers(3)))

    def neurons(name: str, size: int) -> Population:
        du, dv = (int(n) for n in rng.integers(500, DECAY_UNITY, 2))
        return Population(name, size, CubaLIF(du=du, dv=dv, vth=int(rng.integers(20, 90))))

    axons, out = Population("in", SIZE, Source()), neurons("out", SIZE)
    return Network("box", "fixed", (axons, neurons("hidden", INNER), out),
                   (synapses("first", "in", "hidden", (INNER, SIZE)),
                    synapses("second", "hidden", "out", (SIZE, INNER)),
                    synapses("loop", "out", "hidden", (INNER, SIZE))),
                   inputs=(Port.of(axons),), outputs=(Port.of(out),))


def chain(boxes: Mapping[str, Network]) -> Network:
    return wire(parallel(dict(boxes)), {"b.in": "a.out", "c.in": "b.out"})


def chain_from_the_right(boxes: Mapping[str, Network]) -> Network:
    """c joined to b first, and then both to a; under the same names."""
    right = wire(parallel({"b": boxes["b"], "c": boxes["c"]}), {"c.in": "b.out"})
    whole = wire(parallel({"a": boxes["a"], "r": right}), {"r.b.in": "a.out"})
    return rename(whole, lambda name: name.removeprefix("r."))


def backwards(network: Network) -> Network:
    return replace(network, populations=network.populations[::-1],
                   projections=network.projections[::-1])


def in_order(network: Network) -> str:
    """The text but for the network's name and the order of what is in it."""
    def ordered(some: Any) -> Any:
        return tuple(sorted(some, key=lambda one: str(one.name)))

    return to_text(replace(network, name="any", **{
        part: ordered(getattr(network, part))
        for part in ("populations", "projections", "inputs", "outputs")}))


def identity_is_late(network: Network, cue: NDArray[np.int64], backend: str) -> bool:
    """Behind a box that only hands on, answers come one step later; renamed, at once."""
    axons, out = Population("in", SIZE, Source()), Population(
        "out", SIZE, CubaLIF(du=DECAY_UNITY, dv=DECAY_UNITY, vth=0))
    hands_on = Network("identity", "fixed", (axons, out),
                       (Projection("on", "in", "out", np.eye(SIZE, dtype=np.int32)),),
                       inputs=(Port.of(axons),), outputs=(Port.of(out),))
    alone = said(network, {"in": cue}, backend)["out"]
    late = said(wire(parallel({"a": network, "i": hands_on}), {"i.in": "a.out"}), {"a.in": cue},
                backend)["i.out"]
    renamed = said(rename(network, {"out": "called"}), {"in": cue}, backend)["called"]
    return bool((late[1:] == alone[:-1]).all() and not late[0].any() and (renamed == alone).all())


def said(network: Network, trains: Trains, backend: str) -> Trains:
    """Spikes of all neurons."""
    probes = [Probe(p.name) for p in network.populations if not p.is_source]
    found = backends.get(backend).run(network, trains, probes, STEPS)
    return {probe.target: found.spikes(probe.target).astype(np.int64) for probe in probes}


def same(one: Trains, other: Trains) -> bool:
    return one.keys() == other.keys() and all((one[n] == other[n]).all() for n in one)


# --- L9


def learns_alike(name: str, backend: str) -> bool:
    """Two boxes that learn by a named rule, wired and one after the other: the same weights."""
    rng = np.random.default_rng(7)
    first, second = learner(name), learner(name)
    trains = {f"{part}.{p.name}": rng.integers(0, 20 if p.model.payload_bits else 2, (LESSON, 3))
              for part, network in (("a", first), ("b", second))
              for p in network.populations if p.is_source}
    whole = wire(parallel({"a": first, "b": second}), {"b.in": "a.n"})
    at_once = weights(whole, {n: t for n, t in trains.items() if n != "b.in"}, backend)
    own = {n.removeprefix("a."): t for n, t in trains.items() if n.startswith("a.")}
    alone = weights(first, own, backend)
    then = {n.removeprefix("b."): t for n, t in trains.items() if n.startswith("b.")}
    then["in"] = alone["n"]
    after = weights(second, then, backend)
    learned = bool((alone["learns"] != LEARNER_WEIGHT).any())
    return learned and bool((at_once["a.learns"] == alone["learns"]).all()
                            and (at_once["b.learns"] == after["learns"]).all())


LEARNER_WEIGHT = 40


def learner(name: str) -> Network:
    """Axons -> neurons that a teacher drives, with third factors if the rule has any."""
    rule = RULES[name]()
    needs = "y1" in rule.dw and not rule.impulse("y1")
    names = ("more", "less", "gate") if needs else (None, None, None)
    third = tuple(Population(n, 3, Source(8)) for n in names if n)
    return Network("learner", "fixed", (
        Population("in", 3, Source()), Population("teacher", 3, Source()),
        Population("n", 3, CubaLIF(dv=2000, vth=100)), *third,
    ), (Projection("learns", "in", "n", np.full((3, 3), LEARNER_WEIGHT, np.int32), rule=rule,
                   modulators=names),
        Projection("teaches", "teacher", "n", 200 * np.eye(3, dtype=np.int32))))


def weights(network: Network, trains: Trains, backend: str) -> Trains:
    """What a network ends with: plastic weights, and spikes of its neurons by name."""
    names = [p.name for p in network.populations if not p.is_source]
    found = backends.get(backend).run(network, trains, [Probe(n) for n in names], LESSON)
    return {**{n: found.spikes(n).astype(np.int64) for n in names},
            **{n: np.asarray(state[0]) for n, state in found.synapses.items()}}


if __name__ == "__main__":
    main(TITLE, run)
