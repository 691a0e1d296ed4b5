"""Gated DeltaNet layers, as transformers runs them (Qwen3-Next, Qwen3.5, OLMo Hybrid).

They call one of two functions of their own Python module: token by token, or in chunks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from neuromorph.dynamics.gated_delta import DeltaSample
from neuromorph.errors import UnsupportedError
from neuromorph.huggingface.memory_calls import (
    SMALLEST_GATE,
    DeltaCall,
    Floats,
    Way,
    numbers,
    running,
)

FUNCTIONS = ("torch_chunk_gated_delta_rule", "torch_recurrent_gated_delta_rule")
EPSILON = 1e-6
"""Under the root of a key's and a query's length, as in transformers."""


def way(module: Any) -> Way | None:
    """How such a layer is reached; None of any other module."""
    home = sys.modules.get(type(module).__module__)
    if not hasattr(module, "A_log") or not all(hasattr(home, name) for name in FUNCTIONS):
        return None
    return Way(home, FUNCTIONS, _asking)


def _asking(own: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(own)
    def rule(query: Any, key: Any, value: Any, **given: Any) -> Any:
        layer, handler = running()
        answered = handler and handler(delta_call(layer, query, key, value, **given))
        if answered is None:
            return own(query, key, value, **given)
        outputs, memory = (value.new_tensor(array) for array in answered)
        kept = memory.transpose(-1, -2).float() if given.get("output_final_state") else None
        return outputs.transpose(1, 2).contiguous(), kept
    return rule


def delta_call(
    layer: str, query: Any, key: Any, value: Any, *, g: Any, beta: Any, initial_state: Any = None,
    use_qk_l2norm_in_kernel: bool = False, **given: Any,
) -> DeltaCall:
    """What transformers calls the rule with: tensors (batch, tokens, heads, …), g = ln alpha.

    Raises
    ------
    UnsupportedError
        For sequences packed side by side.
    """
    if given.get("cu_seqlens") is not None:
        raise UnsupportedError("sequences packed side by side have no memories of their own here",
                               where=layer, hint="call the model with a padded batch")
    group = value.shape[2] // key.shape[2]
    queries, keys, values, rate, decay = (_heads_first(one) for one in (query, key, value, beta, g))
    if use_qk_l2norm_in_kernel:
        queries, keys = (one / np.sqrt((one * one).sum(axis=-1, keepdims=True) + EPSILON)
                         for one in (queries, keys))
    queries, keys = (np.repeat(one, group, axis=1) for one in (queries, keys))
    sample = DeltaSample(queries / queries.shape[-1] ** 0.5, keys, values,
                         np.maximum(np.exp(decay), SMALLEST_GATE), rate)
    memory = None if initial_state is None else numbers(initial_state).swapaxes(-1, -2)
    return DeltaCall(layer, sample, memory)


def _heads_first(tensor: Any) -> Floats:
    return numbers(tensor).swapaxes(1, 2)
