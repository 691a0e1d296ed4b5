"""GPT-2: query, key and value fused in one ``Conv1D``, whose weight is (in, out)."""

from __future__ import annotations

import math

from neuromorph.models.config import Config
from neuromorph.models.families.base import Family, LayerPlan
from neuromorph.models.families.common import always, causal
from neuromorph.models.head_checks import size_of_heads


def _plan(config: Config, layer: int) -> LayerPlan:
    """logit = q . k / sqrt(d), or without the root, or also divided by layer + 1."""
    width, heads = config.count("n_embd", "hidden_size"), config.count("n_head",
                                                                       "num_attention_heads")
    head_size = size_of_heads(width, heads, config.where)
    scale = 1 / math.sqrt(head_size) if config.flag("scale_attn_weights", default=True) else 1.0
    if config.flag("scale_attn_by_inverse_layer_idx", default=False):
        scale /= layer + 1
    return LayerPlan(width, heads, heads, head_size, scale=scale)


GPT2 = Family(
    name="gpt2",
    model_types=frozenset({"gpt2"}),
    module="h.{layer}.attn",
    parts={"query": "q_proj", "key": "k_proj", "value": "v_proj"},
    layer_count=lambda config: config.count("n_layer", "num_hidden_layers"),
    plan=_plan,
    causal=causal,
    biases=always,
    reads=frozenset({
        "is_causal", "num_attention_heads", "scale_attn_by_inverse_layer_idx",
        "scale_attn_weights",
        # Upcasts, and multiplies in another order: the same numbers in exact arithmetic.
        "reorder_and_upcast_attn"}),
    fused="c_attn",
    # bias and masked_bias are the causal mask that old versions saved.
    beside=frozenset({"bias", "c_proj", "masked_bias"}),
)
