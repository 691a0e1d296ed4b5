"""Small transformers of all kinds, and how they differ by the clock from their closed form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from small_blocks import a_block

from neuromorph import backends
from neuromorph.backends.interface import Recording
from neuromorph.circuits.block.tiny import tiny_block
from neuromorph.circuits.transformer import closed_form
from neuromorph.circuits.transformer.build import build
from neuromorph.circuits.transformer.closed_form import Passed
from neuromorph.circuits.transformer.numbers import Head, Transformer, check
from neuromorph.circuits.transformer.tiny import tiny_transformer
from neuromorph.circuits.transformer.tokens import heard, said, stimulate
from neuromorph.network import Network, Probe

Ints = NDArray[np.int64]
SMALLEST: dict[str, Any] = {"width": 4, "heads": 1, "size": 2, "hidden": 5, "slots": 3, "window": 6,
                            "vocabulary": 5}


def behind_norms(seed: int, *, causal: bool, **changed: Any) -> Transformer:
    """A post-norm chain, whose answer is what its last norm sends."""
    blocks = tuple(a_block(seed + n, post=True, **changed) for n in range(2))
    first = tiny_transformer(seed, width=blocks[0].width, rotary=False, tokens=4)
    norm = blocks[0].attention_norm
    return check(Transformer(
        replace(first.embedding, norm=norm), blocks, Head("each" if causal else "mean"), causal,
        tiny_transformer(seed, tokens=64).angles if blocks[0].rotary else None))


def quieter(model: Transformer) -> Transformer:
    """The tiny one's patches are scaled by nearly 1, which a scale in the wrong place has too."""
    embedding = model.embedding
    return check(replace(model, embedding=replace(
        embedding, multiplier=embedding.multiplier * 2 // 3)))


def two_paces(seed: int) -> Transformer:
    """The first block's windows are longer: the second one rests, and is far from the first."""
    model = tiny_transformer(seed, window=8)
    return check(replace(model, blocks=(tiny_block(seed + 9, window=21), model.blocks[1])))


KINDS: Mapping[str, Callable[[int], Transformer]] = {
    "Llama": tiny_transformer,
    "GPT-2": lambda seed: tiny_transformer(seed, rotary=False, gated=False, layer_norm=True),
    "three blocks": lambda seed: tiny_transformer(seed, blocks=3, groups=2, window=19, turns=3),
    "one block": lambda seed: tiny_transformer(seed, blocks=1),
    "two paces": two_paces,
    "ViT": lambda seed: quieter(tiny_transformer(
        seed, blocks=3, patches=True, causal=False, rotary=False, gated=False, layer_norm=True,
        slots=5)),
    "post-norm": lambda seed: behind_norms(seed, causal=True, slots=3),
    "BERT": lambda seed: behind_norms(seed, causal=False, rotary=False, gated=False,
                                      layer_norm=True),
    "many tokens": lambda seed: tiny_transformer(seed, **SMALLEST | {"vocabulary": 5000}),
    "many tokens at places": lambda seed: tiny_transformer(
        seed, rotary=False, gated=False, **SMALLEST | {"vocabulary": 2049}),
    "smallest": lambda seed: tiny_transformer(seed, **SMALLEST),
    "small encoder": lambda seed: tiny_transformer(
        seed, blocks=1, patches=True, causal=False, rotary=False, gated=False, **SMALLEST),
}


@lru_cache
def kind(name: str, seed: int = 0) -> tuple[Transformer, Network]:
    """A model of a kind, and its network."""
    model = KINDS[name](seed)
    return model, build(model)


def inputs_of(model: Transformer, tokens: int, seed: int = 0) -> Ints:
    """Random tokens; or patches, the first of which is none, as a class token's."""
    rng, rows = np.random.default_rng((seed, 7)), len(model.embedding.weights)
    if model.embedding.of_tokens:
        return rng.integers(0, rows, tokens)
    patches = rng.integers(0, 17, (tokens, rows))
    patches[0] = 0
    return patches


def most_tokens(model: Transformer) -> int:
    """More than there are slots, where a model may have so many."""
    wanted = model.slots + 5
    return wanted if model.positions is None else min(wanted, model.positions)


def clocked(
    model: Transformer, network: Network, inputs: Ints, backend: str = "fast", **how: Any
) -> Passed:
    """What the network makes of a sequence."""
    trains, steps = stimulate(model, inputs, **how)
    return told(model, record(model, network, trains, steps, backend), len(inputs), **how)


def record(
    model: Transformer, network: Network, trains: Mapping[str, Ints], steps: int,
    backend: str = "fast",
) -> Recording:
    return backends.get(backend).run(network, trains, probes(model), steps)


def probes(model: Transformer) -> list[Probe]:
    return [Probe(name) for name in dict.fromkeys(heard(model))]


def told(model: Transformer, done: Recording, tokens: int, **how: Any) -> Passed:
    return said(model, {name: done.spikes(name) for name in heard(model)}, tokens, **how)


def first_difference(found: Passed, expected: Passed) -> str | None:
    """Which stream is the first that differs, and at which token."""
    names = [*(f"stream {n}" for n in range(len(expected.streams))), "answer"]
    for name, one, other in zip(names, (*found.streams, found.answer),
                                (*expected.streams, expected.answer), strict=True):
        if one.shape != other.shape:
            return f"{name}: shape {one.shape}"
        wrong = np.argwhere(one != other)
        if len(wrong):
            return f"{name}: token {wrong[0][0]}"
    return None


def differs(
    model: Transformer, network: Network, inputs: Ints, backend: str = "fast", **how: Any
) -> str | None:
    """The first difference from the closed form."""
    return first_difference(clocked(model, network, inputs, backend, **how),
                            closed_form.run(model, inputs))
