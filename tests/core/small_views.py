"""Random networks that are lowered, relayed and cut, and the views that make up for it."""

from __future__ import annotations

import numpy as np
from small_networks import plastic, random_train, random_weights
from small_relays import SMALL, random_slices

from neuromorph.backends.interface import Inputs
from neuromorph.compile.lower import lower
from neuromorph.compile.program import Unit
from neuromorph.compile.relays.insert import with_relays
from neuromorph.compile.split import split
from neuromorph.network import (
    CubaLIF,
    LatencyMatch,
    Network,
    Population,
    Projection,
    Readout,
    Source,
    verify,
)
from neuromorph.neurons import NeuronModel

Case = tuple[Network, Inputs, int]


def random_case(seed: int) -> Case:
    """Layers that hear more axons than a small core has, and a few neurons that learn aside."""
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(5, 25))
    layers = [Population("graded", int(rng.integers(1, 9)), Source(int(rng.integers(1, 7)))),
              Population("plain", int(rng.integers(1, 4)), Source())]
    sources, projections = list(layers), list[Projection]()
    for i in range(int(rng.integers(1, 4))):
        post = Population(f"n{i}", int(rng.integers(2, 15)), random_model(rng))
        for at in rng.permutation(len(layers))[: int(rng.integers(1, 4))]:
            projections.append(_projection(rng, f"p{len(projections)}", layers[at], post))
        layers.append(post)
    for learner in range(int(rng.integers(3))):
        post = Population(f"cells{learner}", int(rng.integers(1, 4)), CubaLIF(du=2048, vth=40))
        third = rng.random() < 0.3
        if third:
            sources.append(Population(f"third{learner}", post.size, Source(6)))
            layers.append(sources[-1])
        projections += [
            Projection(f"feed{learner}", "plain", post.name,
                       random_weights(rng, (post.size, layers[1].size))),
            plastic(rng, f"learner{learner}", layers[1], post,
                    (sources[-1].name if third else None, None, None))]
        layers.append(post)
    network = verify(Network("mixed", "fixed", tuple(layers), tuple(projections)))
    trains = {p.name: random_train(rng, steps, p) for p in sources}
    return network, {name: train.clip(min=0) if name.startswith("third") else train
                     for name, train in trains.items()}, steps


def random_model(rng: np.random.Generator) -> NeuronModel:
    kind = int(rng.integers(3))
    if kind == 0:
        return CubaLIF(du=int(rng.choice([1, 2048, 4096])), dv=int(rng.choice([0, 100, 2048])),
                       vth=int(rng.integers(1, 5000)))
    if kind == 1:
        return Readout(dv=int(rng.integers(4096)))
    return LatencyMatch(vth=int(rng.integers(2000)), base=64, span=1 << 14, gain=90, gain_shift=12)


def _projection(
    rng: np.random.Generator, name: str, pre: Population, post: Population
) -> Projection:
    """No shift to the right of a source's payloads, which plain spikes could not round."""
    lowest = 0 if pre.is_source else -4
    return Projection(name, pre.name, post.name, random_weights(rng, (post.size, pre.size)),
                      delay=int(rng.choice([0, 0, 1, 5])),
                      exponent=int(rng.integers(lowest, 3)) + 6 - getattr(
                          post.model, "input_shift", 6),
                      graded=bool(pre.model.payload_bits))


def rewritten(network: Network, seed: int) -> list[Unit]:
    """The unit as it comes, lowered or not, with relays, and cut; each from the one before."""
    rng = np.random.default_rng(seed)
    given = Unit("u", network)
    lowered = lower(given) if rng.random() < 0.6 else given
    relayed = with_relays(lowered, SMALL, True)
    return [given, lowered, relayed, split(relayed, random_slices(relayed, rng))]
