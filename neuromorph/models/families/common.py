"""Readings of a configuration that several families share."""

from __future__ import annotations

from neuromorph.errors import ModelStructureError
from neuromorph.models.config import Config
from neuromorph.models.families.base import LayerPlan
from neuromorph.models.head_checks import size_of_heads

ENCODER_FIELDS = frozenset({"is_causal", "num_attention_heads"})


def encoder_layers(config: Config) -> int:
    """``num_hidden_layers``."""
    return config.count("num_hidden_layers")


def encoder_plan(config: Config, _layer: int) -> LayerPlan:
    """As many key-value heads as heads, of size hidden_size / num_attention_heads."""
    width, heads = config.count("hidden_size"), config.count("num_attention_heads")
    return LayerPlan(width, heads, heads, size_of_heads(width, heads, config.where))


def head_size(config: Config, width: int, heads: int) -> int:
    """``head_dim``, or the heads' equal shares of the width."""
    if config.has("head_dim"):
        return config.count("head_dim")
    return size_of_heads(width, heads, config.where)


def bidirectional(config: Config) -> bool:
    """Not causal, whatever ``is_causal`` says: that is only looked at in decoders."""
    if config.flag("is_causal", default=False):
        raise ModelStructureError("is_causal has no effect on an encoder", where=config.where,
                                  found="true", expected="false, or is_decoder beside it")
    return False


def causal(config: Config) -> bool:
    """Causal, unless ``is_causal`` is false: a decoder that was made an encoder."""
    return config.flag("is_causal", default=True)


def always(_config: Config) -> bool:
    """Whatever the configuration says."""
    return True
