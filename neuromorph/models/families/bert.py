"""BERT and its relatives: encoder layers with separate query, key and value."""

from __future__ import annotations

from neuromorph.models.config import Config
from neuromorph.models.families.base import Family
from neuromorph.models.families.common import (
    ENCODER_FIELDS,
    always,
    bidirectional,
    causal,
    encoder_layers,
    encoder_plan,
)


def _causal(config: Config) -> bool:
    return causal(config) if config.flag("is_decoder", default=False) else bidirectional(config)


BERT = Family(
    name="bert",
    model_types=frozenset({"bert", "camembert", "electra", "roberta", "xlm-roberta"}),
    module="encoder.layer.{layer}.attention.self",
    parts={"query": "query", "key": "key", "value": "value"},
    layer_count=encoder_layers,
    plan=encoder_plan,
    causal=_causal,
    biases=always,
    reads=ENCODER_FIELDS | {"position_embedding_type"},
)
