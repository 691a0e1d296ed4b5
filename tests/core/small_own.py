"""A small whole model with names of a person's own, its map, and its floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from small_float_blocks import a_float_block

from neuromorph.models import Naming
from neuromorph.translate.block import CURVES, FloatBlock, FloatNorm, Linear
from neuromorph.translate.transformer import FloatEmbedding, FloatHead, FloatTransformer

WIDTH, VOCABULARY, CONTEXT, BLOCKS = 12, 40, 48, 2
ROLES = {"query": "attn.q.weight", "key": "attn.k.weight", "value": "attn.v.weight",
         "output": "attn.o.weight", "gate": "mlp.fc1.weight", "down": "mlp.fc2.weight"}
ATTENTION = {role[0]: f"h.{{layer}}.{name}" for role, name in list(ROLES.items())[:4]}
WHOLE: dict[str, Any] = {
    "embedding": "emb.weight", "positions": "pos", "final_norm": "ln.weight", "head": "out.weight",
    "attention_norm": "h.{layer}.ln1.weight", "mlp_norm": "h.{layer}.ln2.weight",
    "gate": "h.{layer}.mlp.fc1.weight", "down": "h.{layer}.mlp.fc2.weight", "norm": "layer",
    "norms": "before", "activation": "gelu", "epsilon": 1e-5}


def naming(**changed: Any) -> Naming:
    whole = {name: value for name, value in (WHOLE | changed).items() if value is not None}
    return Naming(ATTENTION, heads=2, kv_heads=1, causal=True, rope_theta=1e4, whole=whole)


def _norm(rng: np.random.Generator) -> FloatNorm:
    return FloatNorm(rng.uniform(.5, 2, WIDTH), 1e-5, rng.normal(0, .1, WIDTH), centred=True)


def floats(*, behind: bool = False) -> FloatTransformer:
    """With layer norms and biases, before or behind."""
    rng = np.random.default_rng(3)
    norms = [_norm(rng) for _ in range(2 * BLOCKS + 1)]
    blocks = []
    for n in range(BLOCKS):
        ahead, first, second = norms[2 * n:2 * n + 3]
        some: dict[str, Any] = {"attention_norm": ahead, "mlp_norm": first}
        blocks.append(a_float_block(n, biased=True, up=None, activation=CURVES["gelu"],
                                    name=f"h.{n}.attn", **some,
                                    end_norm=second if behind else None))
    embedding = FloatEmbedding(rng.normal(0, 1, (VOCABULARY, WIDTH)),
                               rng.normal(0, .3, (CONTEXT, WIDTH)),
                               norm=norms[0] if behind else None)
    head = FloatHead("each", None if behind else norms[-1],
                     Linear(rng.normal(0, 1, (VOCABULARY, WIDTH))))
    return FloatTransformer("own", embedding, blocks, head, causal=True, positions=CONTEXT)


def tensors(model: FloatTransformer) -> dict[str, np.ndarray]:
    """As a person would have saved them."""
    found: dict[str, Any] = {"emb.weight": model.embedding.table, "pos": model.embedding.positions}
    found |= _pair("out.weight", model.head.dense)
    for name, norm in (("ln.weight", model.head.norm), ("ln0.weight", model.embedding.norm)):
        if norm is not None:
            found |= _pair(name, Linear(norm.gain, norm.bias))
    for n, block in enumerate(model.blocks):
        found |= _block(f"h.{n}", block)
    return {name: np.asarray(array, np.float32) for name, array in found.items()
            if array is not None}


def _block(at: str, block: FloatBlock) -> dict[str, Any]:
    first, second = ((block.mlp_norm, block.end_norm) if block.end_norm is not None
                     else (block.attention_norm, block.mlp_norm))
    found = _pair(f"{at}.ln1.weight", Linear(first.gain, first.bias))
    found |= _pair(f"{at}.ln2.weight", Linear(second.gain, second.bias))
    for role, name in ROLES.items():
        found |= _pair(f"{at}.{name}", block.layers[role])
    return found


def _pair(name: str, layer: Any) -> dict[str, Any]:
    return {name: layer.weight, name.removesuffix("weight") + "bias": layer.bias}
