"""Vision transformers with the names that Hugging Face gives them."""

from __future__ import annotations

from neuromorph.models.families.base import Family
from neuromorph.models.families.common import bidirectional, encoder_layers, encoder_plan

VIT = Family(
    name="vit",
    model_types=frozenset({"deit", "dinov2", "vit"}),
    module="encoder.layer.{layer}.attention.attention",
    parts={"query": "query", "key": "key", "value": "value"},
    layer_count=encoder_layers,
    plan=encoder_plan,
    causal=bidirectional,
)
