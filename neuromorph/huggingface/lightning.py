"""Lightning attention (MiniMax), as transformers runs it: linear attention with decay.

::

    S' = e^(-slope) S + v k^T        out = S' q

One slope a head; nothing is forgotten along a key. The layer is one function from hidden states to
hidden states, of which the part between what makes q, k, v and the norm is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from neuromorph.dynamics.gated_delta import DeltaSample
from neuromorph.huggingface.memory_calls import SMALLEST_GATE, DeltaCall, Way, numbers, running

PARTS = ("qkv_proj", "act_fn", "slope_rate", "norm", "output_gate", "out_proj", "layer_idx")
"""What such a layer has."""


def way(module: Any) -> Way | None:
    """How such a layer is reached; None of any other module."""
    named = type(module).__name__.endswith("LightningAttention")
    if not named or not all(hasattr(module, part) for part in PARTS):
        return None
    return Way(type(module), ("forward",), _asking)


def _asking(own: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(own)
    def forward(
        layer: Any, hidden_states: Any, position_embeddings: Any, attention_mask: Any,
        past_key_values: Any = None, **given: Any,
    ) -> Any:
        name, handler = running()
        answered = handler and handler(
            _call(name, layer, hidden_states, attention_mask, past_key_values))
        if answered is None:
            return own(layer, hidden_states, position_embeddings, attention_mask, past_key_values,
                       **given)
        outputs, memory = (hidden_states.new_tensor(array) for array in answered)
        kept = memory.transpose(-1, -2)
        if past_key_values is not None:
            past_key_values.set_linear_cache(layer.layer_idx, kept)
        mixed = layer.norm(outputs.transpose(1, 2).flatten(2))
        return layer.out_proj(layer.output_gate(hidden_states).sigmoid() * mixed), kept
    return forward


def _call(name: str, layer: Any, hidden: Any, mask: Any, cache: Any) -> DeltaCall:
    """What the memory is sent: tensors (batch, heads, tokens, size) of hidden states."""
    mixed = layer.act_fn(layer.qkv_proj(hidden))
    if mask is not None:  # padded tokens write nothing
        mixed = mixed * mask[:, :, None]
    heads = len(layer.slope_rate)
    parts = mixed.unflatten(-1, (heads, -1)).transpose(1, 2).chunk(3, dim=-1)
    queries, keys, values = map(numbers, parts)
    keep = np.maximum(np.exp(-numbers(layer.slope_rate).reshape(heads, 1)), SMALLEST_GATE)
    keep = np.broadcast_to(keep, keys.shape[:-1])
    held = None if cache is None else cache.get_linear_cache(layer.layer_idx)
    before = None if held is None or not len(held) else numbers(held).swapaxes(-1, -2)
    return DeltaCall(name, DeltaSample(queries, keys, values, keep, np.ones_like(keep),
                                       forgets_key=False), before)
