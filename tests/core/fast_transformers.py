"""Small transformers of random integers: of each kind, and with blocks that clip."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from small_blocks import a_block

from neuromorph.circuits.block.closed_form import angles_of
from neuromorph.circuits.transformer.numbers import Embedding, Head, Transformer, check

VOCABULARY = 23


def a_transformer(seed: int = 0, *, blocks: int = 2, tokens: int = 64, causal: bool = True,
                  norm: bool = True, positions: bool = False, **changed: Any) -> Transformer:
    """Blocks of `a_block`, whose codes and streams are cut off now and then."""
    rng = np.random.default_rng((seed, 9))
    chain = tuple(a_block(seed + n, **changed) for n in range(blocks))
    first, width = chain[0], chain[0].width
    embedding = Embedding(
        rng.integers(-127, 128, (VOCABULARY, width)).astype(np.int8),
        rng.integers(1, 65536, VOCABULARY), rng.integers(0, 65536, width),
        rng.integers(8, 20, width), None, first.attention_norm if first.post else None)
    if positions:
        embedding = replace(embedding, positions=rng.integers(-9000, 9000, (tokens, width)))
    return check(Transformer(
        embedding, chain, Head("each", first.attention_norm if norm else None, None, 0), causal,
        angles_of(range(tokens), first.size) if first.rotary else None))


def some_tokens(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng((seed, 4)).integers(0, VOCABULARY, count)
