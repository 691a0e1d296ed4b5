"""BERT and its relatives: encoder layers with separate query, key and value."""

from __future__ import annotations

from neuromorph.errors import ModelStructureError
from neuromorph.models.config import Config
from neuromorph.models.families.base import Family, LayerPlan
from neuromorph.models.families.common import (
    ENCODER_FIELDS,
    bidirectional,
    causal,
    encoder_layers,
    encoder_plan,
)


def _plan(config: Config, layer: int) -> LayerPlan:
    positions = config.text("position_embedding_type", default="absolute")
    if positions != "absolute":
        # Relative positions add a term to every logit that the projections don't know of.
        raise ModelStructureError("relative positions inside the attention are not supported",
                                  where=config.where, found=positions, expected="absolute")
    return encoder_plan(config, layer)


def _causal(config: Config) -> bool:
    return causal(config) if config.flag("is_decoder", default=False) else bidirectional(config)


BERT = Family(
    name="bert",
    model_types=frozenset({"bert", "camembert", "electra", "roberta", "xlm-roberta"}),
    module="encoder.layer.{layer}.attention.self",
    parts={"query": "query", "key": "key", "value": "value"},
    layer_count=encoder_layers,
    plan=_plan,
    causal=_causal,
    reads=ENCODER_FIELDS | {"position_embedding_type"},
)
