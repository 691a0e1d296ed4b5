"""Readings of a configuration that several families share."""

from __future__ import annotations

from neuromorph.models.config import Config
from neuromorph.models.families.base import LayerPlan
from neuromorph.models.head_checks import size_of_heads


def encoder_layers(config: Config) -> int:
    """``num_hidden_layers``."""
    return config.count("num_hidden_layers")


def encoder_plan(config: Config, _layer: int) -> LayerPlan:
    """As many key-value heads as heads, of size hidden_size / num_attention_heads."""
    width, heads = config.count("hidden_size"), config.count("num_attention_heads")
    return LayerPlan(width, heads, heads, size_of_heads(width, heads, config.where))


def bidirectional(_config: Config) -> bool:
    """Not causal."""
    return False


def causal(_config: Config) -> bool:
    """Always causal."""
    return True
