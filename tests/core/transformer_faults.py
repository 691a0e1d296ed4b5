"""Faults planted in a transformer's network: in what ties its parts together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from block_faults import with_model

from neuromorph.circuits.transformer.build import build
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.network import Network

Fault = Callable[[Transformer, Network], Network]


@dataclass(frozen=True)
class Planted:
    """A fault, of which kind of model, and what finds it.

    Attributes
    ----------
    kind : str
    make : callable
    found : str
        The first stream that is not as the closed form says.
    proof : str
        What the proof says; empty where it is as sound as before.
    """

    kind: str
    make: Fault
    found: str
    proof: str = ""


def synapse(name: str, **changed: Any) -> Fault:
    """Other fields of a projection; a callable makes them of the old one."""
    def planted(model: Transformer, network: Network) -> Network:
        assert name in network.projection_names
        return replace(network, projections=tuple(
            replace(p, **{key: value(getattr(p, key)) if callable(value) else value
                          for key, value in changed.items()}) if p.name == name else p
            for p in network.projections))
    return planted


def neuron(name: str, **changed: Any) -> Fault:
    """Other parameters of a population, likewise."""
    def planted(model: Transformer, network: Network) -> Network:
        old = network.population(name).model
        found = {key: value(old.parameters()[key]) if callable(value) else value
                 for key, value in changed.items()}
        return with_model(network, name, old.with_parameters(**found))
    return planted


def numbers(change: Callable[[Transformer], Transformer]) -> Fault:
    """The network of a model with other numbers."""
    return lambda model, network: build(change(model))


def later(steps: int) -> Callable[[int], int]:
    return lambda delay: delay + steps


def first_larger(values: Any) -> Any:
    """The first of some numbers, one larger."""
    found = np.array(values)
    found.flat[0] += 1
    return found


def period_later(part: str) -> Fault:
    """A token's, when the next one comes: all steps of a period are as before."""
    def planted(model: Transformer, network: Network) -> Network:
        half = network.period // 2
        for name, steps in (("to_hop1_0", half), ("to_block1", network.period - half)):
            network = synapse(f"{part}.{name}", delay=later(steps))(model, network)
        return network
    return planted


def embedding(change: Callable[[Any], Mapping[str, Any]]) -> Fault:
    return numbers(lambda model: replace(
        model, embedding=replace(model.embedding, **change(model.embedding))))


def rolled(values: Any) -> Any:
    return np.roll(values, 1, axis=0)


FAULTS: Mapping[str, Planted] = {
    "a pulse a step late": Planted("Llama", synapse("tokens.to_block1", delay=later(1)),
                                   "stream 2: token 0"),
    "a pulse a step early": Planted("Llama", synapse("tokens.to_block1", delay=later(-1)),
                                    "stream 2: token 0"),
    "a pulse a token late": Planted("two paces", period_later("tokens"),
                                    "stream 2: token 0"),
    "a pulse that is no pulse": Planted("Llama", synapse(
        "tokens.to_block1", weights=lambda old: -old), "stream 2: token 0"),
    # the first token looks at itself alone, whatever its angles
    "angles a step late": Planted("Llama", synapse("angles.to_block1", delay=later(1)),
                                  "stream 2: token 1"),
    "angles a token late": Planted("two paces", period_later("angles"),
                                   "stream 2: token 1"),
    "angles in another order": Planted("Llama", synapse("angles.to_block1", weights=rolled),
                                       "stream 2: token 1"),
    "blocks in another order": Planted("Llama", numbers(
        lambda model: replace(model, blocks=model.blocks[::-1])), "stream 1: token 0"),
    "a block twice": Planted("Llama", numbers(
        lambda model: replace(model, blocks=model.blocks[:1] * 2)), "stream 2: token 0"),
    "another token's row": Planted("Llama", embedding(
        lambda old: {"weights": rolled(old.weights)}), "stream 0: token 0"),
    "an embedding's constant": Planted("Llama", neuron("embedding.out", multiplier=rolled),
                                       "stream 0: token 0"),
    "a part of the vocabulary late": Planted("many tokens", synapse("embedding.add1", delay=1),
                                             "stream 0: token 0"),
    "parts of the vocabulary changed": Planted("many tokens", synapse(
        "embedding.add1", pre="embedding.part0"), "stream 0: token 0"),
    "places a step late": Planted("ViT", synapse("embedding.place", delay=1),
                                  "stream 0: token 0", "the sum could overflow"),
    "patches a step early": Planted("ViT", synapse("embedding.embed", delay=0),
                                    "stream 0: token 1", "the sum could overflow"),
    "patches without halving": Planted("ViT", synapse("embedding.embed", exponent=0),
                                       "stream 0: token 1", "the sum could overflow"),
    "a bias of the head": Planted("Llama", neuron("answer.out", bias=first_larger),
                                  "answer: token 0"),
    "rows of the head in another order": Planted("Llama", synapse("answer.logits", weights=rolled),
                                                 "answer: token 0"),
    "the head's norm": Planted("Llama", neuron("head_norm.scale", limit=60),
                               "answer: token 0", "is not proved by its circuit"),
}
