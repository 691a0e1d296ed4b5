"""Queries, keys and values of real layers, taken where torch computes its own attention."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import transformers

from neuromorph.translate import Sample

NAME = "speed_recorded"


def recorded(model: Any, row: Any, layers: tuple[int, ...]) -> dict[int, Sample]:
    """Causal samples of some layers over one passage."""
    found: dict[int, Sample] = {}
    functions = transformers.AttentionInterface()
    own, before = functions["sdpa"], model.config._attn_implementation

    def keep(module: Any, q: Any, k: Any, v: Any, mask: Any, **rest: Any) -> Any:
        if module.layer_idx in layers:
            scale = np.float32(rest.get("scaling") or q.shape[-1] ** -0.5)
            tokens = q.shape[2]
            found[module.layer_idx] = Sample(
                q[0].numpy() * scale, k[0].numpy().copy(), v[0].numpy().copy(),
                np.tril(np.ones((tokens, tokens), bool)))
        return own(module, q, k, v, mask, **rest)

    transformers.AttentionInterface.register(NAME, keep)
    transformers.AttentionMaskInterface.register(
        NAME, transformers.AttentionMaskInterface()["sdpa"])
    model.set_attn_implementation(NAME)
    try:
        with torch.no_grad():
            model(input_ids=row)
    finally:
        model.set_attn_implementation(before)
    return found
