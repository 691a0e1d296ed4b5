"""Networks whose text form is tried: every circuit, every model, everything that has a text."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from small_heads import BINARY, GRADED, attention
from small_learners import LEARNERS
from small_networks import float_network
from small_programs import MAKERS, SIZE, driven
from small_prototypes import SMALL

from neuromorph.circuits import (
    astrocyte_attention,
    hebbian_attention,
    match_and_control,
    prototypes,
)
from neuromorph.circuits.latency_attention.emit import emission_of, emitting
from neuromorph.circuits.plain_spikes import in_plain_spikes
from neuromorph.network import (
    CubaLIF,
    LearningRule,
    Network,
    Phase,
    Population,
    Port,
    Projection,
    Schedule,
    Source,
    verify,
)
from neuromorph.neurons.quotient import Quotient

ODD = ("a b", "a->b", r"a\x20b", "a.b", "steps=0:1", "# a", "é=1", "'", "->", "  ", ".", "a ->b")
"""Names that a printable name may be."""


def odd_names() -> Network:
    """A chain of populations under such names, and ports that say what a port may not."""
    populations = (Population("in", 1, Source(8)),
                   *(Population(name, 1, CubaLIF(vth=n)) for n, name in enumerate(ODD)))
    wires = tuple(Projection(post.name, pre.name, post.name, np.ones((1, 1), np.int8))
                  for pre, post in pairwise(populations))
    last = populations[-1]
    return verify(Network("odd \\ names\n", "fixed", populations, wires,
                          Schedule(9, (Phase("", 0, 4), Phase("a b", 4, 9))),
                          inputs=(replace(Port.of(populations[0], (0, 1, 2, 5)), name="a b"),),
                          outputs=(Port.of(last, says="steps=0:1 \\ é\n twice  "),
                                   replace(Port.of(last, (), says=" "), name="- >"))))


def by_neuron() -> Network:
    """Parameters by neuron with the numbers of some weights, which are kept once."""
    numbers = np.arange(SIZE)
    model = Quotient(multiplier=2.0 * numbers, shift=5, period=SIZE, at=numbers)
    network = driven(model, 1)[0]
    return verify(replace(
        network, populations=(*network.populations, Population("one", 1, Source())),
        projections=(*network.projections, Projection(
            "same", "one", "n", 2 * numbers[:, None], port=model.ports[0]))))


def learner() -> Network:
    """A rule with every kind of field."""
    rule = LearningRule(dw="x1*y0 -\n2^-5*w*u1", dt="u1*t", x1_impulse=2.5, x1_tau=10.0, x2_tau=0,
                        epoch=3, sign="excitatory", seed=10**30)
    return verify(Network("learner", "fixed", (
        Population("in", 2, Source()), Population("third one", 3, Source(8)),
        Population("n", 3, CubaLIF(vth=9))), (
        Projection("w", "in", "n", np.arange(6).reshape(3, 2), rule=rule,
                   modulators=(None, "third one", None)),)))


def every() -> dict[str, Network]:
    """All of them by name."""
    graded = attention(GRADED)[0]
    found: dict[str, Network] = {
        "graded": graded, "binary": attention(BINARY)[0],
        "emitting": emitting(graded, GRADED, emission_of(GRADED)),
        "hebbian": hebbian_attention.build(GRADED),
        "prototypes": prototypes.build(SMALL),
        "in letters": in_plain_spikes(match_and_control.build(3, 2))[0],
        "match and control": match_and_control.build(3, 2),
        "astrocyte": astrocyte_attention.build(2, 1),
        "floats": float_network()[0], "odd names": odd_names(), "by neuron": by_neuron(),
        "learner": learner(), **{f"learner {name}": one[0] for name, one in LEARNERS.items()},
    }
    for name, make in MAKERS.items():
        found |= {f"{name} {seed}": driven(make(np.random.default_rng(seed)), seed)[0]
                  for seed in range(5)}
    return found


def same_network(one: Network, other: Network) -> None:
    """Equal in all but the types of numbers."""
    assert (one.name, one.domain, one.populations, one.schedule, one.parts, one.inputs,
            one.outputs) == (other.name, other.domain, other.populations, other.schedule,
                             other.parts, other.inputs, other.outputs)
    assert [_fields(p) for p in one.projections] == [_fields(p) for p in other.projections]
    for a, b in zip(one.projections, other.projections, strict=True):
        np.testing.assert_array_equal(a.weights, b.weights)
        assert a.weights.dtype.kind == b.weights.dtype.kind


def _fields(projection: Projection) -> tuple[Any, ...]:
    return (projection.name, projection.pre, projection.post, projection.delay,
            projection.exponent, projection.graded, projection.rule, projection.modulators,
            projection.port)
