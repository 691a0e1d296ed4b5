"""BERT and its relatives: encoder layers with separate query, key and value."""

from __future__ import annotations

from neuromorph.models.families.base import Family
from neuromorph.models.families.common import encoder_layers, encoder_plan

BERT = Family(
    name="bert",
    model_types=frozenset({"bert", "camembert", "electra", "roberta", "xlm-roberta"}),
    module="encoder.layer.{layer}.attention.self",
    parts={"query": "query", "key": "key", "value": "value"},
    layer_count=encoder_layers,
    plan=encoder_plan,
    causal=lambda config: config.flag("is_decoder", default=False),
)
