"""Networks with more axons than small cores have, and how to run them with relays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from placed_programs import changed
from small_networks import everything, random_model, random_train, random_weights

from neuromorph import backends
from neuromorph.backends.interface import Inputs, Recording
from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.program import Slice, Unit
from neuromorph.compile.split import split
from neuromorph.network import CubaLIF, Network, Population, Projection, Readout, Source, verify
from neuromorph.neurons import NeuronModel
from neuromorph.profiles import load_profile

CORE = {"in_axons": 12, "neurons": 64, "neuron_settings": 99, "threshold_settings": 99,
        "synapse_formats": 99, "out_axons": 10**6}
PROFILE = changed(load_profile("loihi2-graded"), core=CORE)
SMALL = limits_of(PROFILE)


def random_wide(seed: int) -> tuple[Network, Inputs, int]:
    """Layers of every model and loops within them; some neurons hear more axons than fit."""
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(5, 30))
    layers = [Population("plain", int(rng.integers(2, 16)), Source()),
              Population("graded", int(rng.integers(2, 16)), Source(int(rng.integers(2, 20))))]
    projections = []
    for i in range(int(rng.integers(2, 5))):
        model = random_model(rng, i % 5)
        if isinstance(model, CubaLIF) and rng.random() < 0.9:
            model = replace(model, bias_mant=0)
        post = Population(f"n{i}", int(rng.integers(2, 16)), model)
        for at in rng.permutation(len(layers))[: int(rng.integers(1, 4))]:
            projections.append(random_projection(rng, f"p{len(projections)}", layers[at], post))
        if rng.random() < 0.2:
            projections.append(random_projection(rng, f"p{len(projections)}", post, post))
        layers.append(post)
    network = verify(Network("wide", "fixed", tuple(layers), tuple(projections)))
    return network, {p.name: random_train(rng, steps, p) for p in layers[:2]}, steps


def random_projection(
    rng: np.random.Generator, name: str, pre: Population, post: Population
) -> Projection:
    return Projection(name, pre.name, post.name, random_weights(rng, (post.size, pre.size)),
                      delay=int(rng.choice([0, 0, 0, 1, 2, 5])),
                      exponent=int(rng.integers(-8, 3)) + 6 - getattr(
                          post.model, "input_shift", 6),
                      graded=bool(pre.model.payload_bits and rng.random() < 0.7))


def wide(
    exponent: int = 0, model: NeuronModel | None = None, weights: NDArray[np.int32] | None = None,
    bits: int = 8, delay: int = 0, more: tuple[Projection, ...] = (),
    others: tuple[Population, ...] = (),
) -> Network:
    """Thirty axons to three neurons, which a second source reaches too."""
    if weights is None:
        weights = 2 * np.random.default_rng(0).integers(-90, 90, (3, 30), dtype=np.int32)
    return verify(Network("wide", "fixed", (
        Population("in", 30, Source(bits)), Population("side", 1, Source()),
        Population("out", 3, model or Readout(dv=100)), *others,
    ), (Projection("p", "in", "out", weights, delay, exponent, graded=True),
        Projection("q", "side", "out", np.full((3, 1), 7, np.int32)), *more)))


def random_slices(unit: Unit, rng: np.random.Generator) -> dict[str, list[Slice]]:
    """Every population cut at random; an astrocyte not."""
    found = {}
    for p in unit.neurons:
        cuts = [n for n in range(1, p.size) if rng.random() < 0.3 and p.model.kind != "Astrocyte"]
        edges = [0, *cuts, p.size]
        found[p.name] = [Slice(0, p.name, *edges[i : i + 2], i) for i in range(len(edges) - 1)]
    return found


def run_relayed(
    network: Network, relayed: Unit, slices: dict[str, list[Slice]], inputs: Inputs, steps: int,
    backend: str = "fast",
) -> Recording:
    """The run of the cut unit with relays, shifted back to the steps of the network."""
    return split(relayed, slices).run(
        backends.get(backend).run, inputs, everything(network), steps)


def assert_same(network: Network, got: Recording, inputs: Inputs, steps: int) -> Recording:
    whole = backends.get("fast").run(network, inputs, everything(network), steps)
    assert got.steps == steps
    for probe, trace in whole.traces.items():
        np.testing.assert_array_equal(got.traces[probe], trace, err_msg=str(probe))
    for name, both in whole.synapses.items():
        for mine, theirs in zip(got.synapses[name], both, strict=True):
            np.testing.assert_array_equal(mine, theirs, err_msg=name)
    return whole


def relays_of(unit: Unit) -> list[Population]:
    return [p for p in unit.neurons if "relay." in p.name or p.name.endswith(".sum")]
