"""Random small networks of everything that the fixed domain knows, and two of floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from small_rules import random_rule

from neuromorph.backends.interface import Inputs
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    LatencyMatch,
    LearningRule,
    Network,
    Population,
    Probe,
    Projection,
    Readout,
    Relay,
    Source,
)
from neuromorph.network.model import SYNAPTIC
from neuromorph.neurons import NeuronModel
from neuromorph.numerics.limits import TRACE_BITS, WEIGHT_MAX


def everything(network: Network) -> list[Probe]:
    """A probe on every spike, state, weight and tag that can be recorded."""
    neural = [Probe(p.name, variable) for p in network.populations
              for variable in p.model.records]
    return neural + [Probe(p.name, v) for p in network.plastic for v in SYNAPTIC]


def random_network(seed: int) -> tuple[Network, Inputs, int]:
    """Sources and neurons of every model, wired at random, loops, delays, learning and all."""
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(1, 30))
    sources = (Population("plain", int(rng.integers(1, 4)), Source()),
               Population("graded", int(rng.integers(1, 4)), Source(int(rng.integers(1, 25)))))
    neurons = tuple(Population(f"n{i}", int(rng.integers(2, 5)), random_model(rng, i % 5))
                    for i in range(int(rng.integers(3, 7))))
    everyone = sources + neurons
    wiring = [(s, n) for s in sources for n in neurons]
    wiring += [(everyone[int(rng.integers(len(everyone)))], n) for n in neurons]
    projections = tuple(random_projection(rng, f"p{i}", pre, post, steps)
                        for i, (pre, post) in enumerate(wiring))
    third, learners = random_learners(rng, everyone, neurons)
    inputs = {p.name: random_train(rng, steps, p) for p in sources}
    inputs |= {p.name: random_train(rng, steps, p).clip(min=0) for p in third}
    return Network("random", "fixed", everyone + third, projections + learners), inputs, steps


def random_model(rng: np.random.Generator, kind: int) -> NeuronModel:
    decay = [int(rng.choice([0, 1, 2048, 4095, 4096, rng.integers(4097)])) for _ in range(2)]
    loud = int(rng.choice([0, 1, 500, 131_071, rng.integers(131_072)]))
    if kind == 0:
        return CubaLIF(du=decay[0], dv=decay[1], vth=loud,
                       bias_mant=int(rng.choice([0, -4096, 4095, rng.integers(-4096, 4096)])),
                       bias_exp=int(rng.integers(8)), input_shift=int(rng.choice([6, 6, 3, 0])))
    if kind == 1:
        return Readout(dv=decay[0], vth=int(rng.choice([loud, 2**23 - 2])))
    if kind == 2:
        return Astrocyte(dv=decay[0], gain_bits=int(rng.integers(17)))
    if kind == 4:
        return Relay(shift=int(rng.choice([0, 0, 1, 8])))
    base, ramp = 2 ** int(rng.integers(0, 10)), int(2.0 ** rng.uniform(6, 20))
    return LatencyMatch(vth=loud, base=base, span=int(rng.integers(1, 2**23)),
                        gain=((base << 12) // ramp) + 1, gain_shift=12)


def random_projection(
    rng: np.random.Generator, name: str, pre: Population, post: Population, steps: int
) -> Projection:
    weights = random_weights(rng, (post.size, pre.size))
    return Projection(name, pre.name, post.name, weights,
                      delay=int(rng.choice([0, 0, 1, steps - 1, 62])),
                      exponent=_exponent(rng, post),
                      graded=bool(pre.model.payload_bits and rng.random() < 0.7))


def _exponent(rng: np.random.Generator, post: Population) -> int:
    """Any that a synapse can store."""
    return int(rng.integers(-8, 8)) + 6 - getattr(post.model, "input_shift", 6)


def random_learners(
    rng: np.random.Generator, everyone: tuple[Population, ...], neurons: tuple[Population, ...]
) -> tuple[tuple[Population, ...], tuple[Projection, ...]]:
    """Up to three plastic projections, and a source for each that has a third factor."""
    third, learners = [], []
    for i in range(int(rng.integers(4))):
        pre, post = (many[int(rng.integers(len(many)))] for many in (everyone, neurons))
        names: list[str | None] = [None, None, None]
        if rng.random() < 0.4:
            third.append(Population(f"third{i}", post.size, Source(int(rng.integers(2, 9)))))
            names[int(rng.integers(3))] = third[-1].name
            if post.model.payload_bits <= TRACE_BITS + 1:
                names[int(rng.integers(3))] = post.name
        learners.append(plastic(rng, f"learner{i}", pre, post, (names[0], names[1], names[2])))
    return tuple(third), tuple(learners)


def plastic(
    rng: np.random.Generator, name: str, pre: Population, post: Population,
    third: tuple[str | None, str | None, str | None] = (None, None, None),
) -> Projection:
    graded = bool(pre.model.payload_bits and rng.random() < 0.8)
    rule = random_rule(rng, graded=graded, modulated=any(third))
    return Projection(name, pre.name, post.name, plastic_weights(rng, rule, (post.size, pre.size)),
                      exponent=_exponent(rng, post), graded=graded, rule=rule,
                      modulators=third)


def plastic_weights(
    rng: np.random.Generator, rule: LearningRule, shape: tuple[int, int]
) -> NDArray[np.int32]:
    """First weights that obey the rule's sign; some start at their bound, some at zero."""
    largest = int(rng.choice([0, 10, WEIGHT_MAX]))
    if rule.sign == "mixed":
        return 2 * rng.integers(-largest // 2, largest // 2 + 1, shape, dtype=np.int32)
    weights = rng.integers(0, largest + 1, shape, dtype=np.int32)
    return weights if rule.sign == "excitatory" else -weights


def random_weights(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.int32]:
    kind = rng.choice(["mixed", "positive", "negative", "sparse"])
    if kind == "positive":
        return rng.integers(0, 256, shape, dtype=np.int32)
    if kind == "negative":
        return -rng.integers(0, 256, shape, dtype=np.int32)
    even = 2 * rng.integers(-128, 128, shape, dtype=np.int32)
    return np.where(rng.random(shape) < (0.3 if kind == "sparse" else 1.0), even, 0)


def random_train(rng: np.random.Generator, steps: int, source: Population) -> NDArray[Any]:
    """Sparse; payloads at both ends of their range now and then."""
    shape, bits = (steps, source.size), source.model.payload_bits
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if bits else (0, 2)
    train = rng.integers(low, high, shape)
    edges = rng.choice([low, high - 1], shape)
    train = np.where(rng.random(shape) < 0.2, edges, train)
    return np.where(rng.random(shape) < 0.6, train, 0)


def float_network() -> tuple[Network, Inputs, int]:
    """The float domain, which not every backend has."""
    rng = np.random.default_rng(5)
    network = Network("float", "float", (
        Population("in", 3, Source(payload_bits=8)),
        Population("lif", 4, CubaLIF(du=0.25, dv=0.1, vth=1.5, bias_mant=0.05)),
        Population("out", 2, Readout(dv=0.3, vth=0.8)),
    ), (
        Projection("in_lif", "in", "lif", rng.normal(size=(4, 3)), graded=True),
        Projection("loop", "lif", "lif", rng.normal(size=(4, 4)), delay=2),
        Projection("lif_out", "lif", "out", rng.normal(size=(2, 4))),
    ))
    return network, {"in": rng.normal(size=(20, 3))}, 20
