"""A tiny transformer of random integers, scaled as a trained one is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neuromorph.circuits.block.closed_form import angles_of
from neuromorph.circuits.block.numbers import Block, Dense, Ints
from neuromorph.circuits.block.tiny import STREAM, tiny_block
from neuromorph.circuits.transformer.numbers import Embedding, Head, Transformer, check
from neuromorph.numerics import SIGNED_8

PAYLOAD = 2**12
"""What tokens send, about."""

LOGIT_SHIFT = 6


def tiny_transformer(
    seed: int = 0, *, blocks: int = 2, vocabulary: int = 23, tokens: int = 64,
    causal: bool = True, patches: bool = False, **changed: Any,
) -> Transformer:
    """Blocks of `tiny_block`, an embedding, and a head.

    Parameters
    ----------
    seed : int
    blocks : int
    vocabulary : int
        Tokens; or pixels of a patch.
    tokens : int
        Positions.
    causal : bool
    patches : bool
        Whether inputs are patches of small numbers, which a class token goes before.
    changed
        Of `tiny_block`.
    """
    rng = np.random.default_rng((seed, 2))
    chain = tuple(tiny_block(seed + n, **changed) for n in range(blocks))
    first = chain[0]
    embedding = _embedding(rng, vocabulary, first, tokens, patches=patches)
    dense = Dense(rng.integers(-SIGNED_8, SIGNED_8 + 1, (vocabulary, first.width)),
                  rng.integers(30_000, 60_000, vocabulary),
                  np.full(vocabulary, 16 + LOGIT_SHIFT),
                  rng.integers(-99, 100, vocabulary))
    return check(Transformer(
        embedding, chain, Head("first" if patches else "each", first.attention_norm, dense, 8),
        causal, angles_of(range(tokens), first.size) if first.rotary else None))


def _embedding(
    rng: np.random.Generator, inputs: int, block: Block, tokens: int, *, patches: bool
) -> Embedding:
    weights = rng.integers(-SIGNED_8, SIGNED_8 + 1, (inputs, block.width)).astype(np.int8)
    largest = 16 * 70 if patches else 70 * PAYLOAD
    shift = np.full(block.width, 16)
    multiplier = np.rint(rng.uniform(.7, 1.3, block.width) * STREAM * 2**16 / largest)
    positions = np.rint(rng.normal(0, STREAM / 4, (tokens, block.width))).astype(np.int64)
    embedding = Embedding(weights, None, np.minimum(multiplier, 65535).astype(np.int64), shift,
                          positions)
    if patches:
        return embedding
    payload: Ints = rng.integers(PAYLOAD // 2, 2 * PAYLOAD, inputs)
    return replace(embedding, payload=payload, positions=None if block.rotary else positions)
