"""The small vision transformer that this project trains on scikit-learn's digits."""

from __future__ import annotations

from neuromorph.models.config import Config
from neuromorph.models.families.base import Family, LayerPlan
from neuromorph.models.families.common import bidirectional
from neuromorph.models.head_checks import size_of_heads


def _plan(config: Config, _layer: int) -> LayerPlan:
    width, heads = config.count("width"), config.count("heads")
    return LayerPlan(width, heads, heads, size_of_heads(width, heads, config.where))


DIGITS = Family(
    name="digits-vit",
    model_types=frozenset({"digits-vit"}),
    module="blocks.{layer}.attention",
    parts={"query": "query", "key": "key", "value": "value"},
    layer_count=lambda config: config.count("layers"),
    plan=_plan,
    causal=bidirectional,
    biases=lambda _config: None,
    reads=frozenset({"heads", "is_causal"}),
    beside=frozenset({"output", "out", "projection", "proj"}),
)
