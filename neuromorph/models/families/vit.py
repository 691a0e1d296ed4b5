"""Vision transformers with the names that Hugging Face gives them."""

from __future__ import annotations

from neuromorph.models.config import Config
from neuromorph.models.families.base import Family, LayerPlan
from neuromorph.models.families.common import (
    ENCODER_FIELDS,
    bidirectional,
    encoder_layers,
    head_size,
)


def _plan(config: Config, _layer: int) -> LayerPlan:
    width, heads = config.count("hidden_size"), config.count("num_attention_heads")
    return LayerPlan(width, heads, heads, head_size(config, width, heads))


VIT = Family(
    name="vit",
    model_types=frozenset({"deit", "dinov2", "vit"}),
    module="encoder.layer.{layer}.attention.attention",
    parts={"query": "query", "key": "key", "value": "value"},
    layer_count=encoder_layers,
    plan=_plan,
    causal=bidirectional,
    biases=lambda config: config.flag("qkv_bias", default=True),
    reads=ENCODER_FIELDS | {"head_dim", "qkv_bias"},
)
