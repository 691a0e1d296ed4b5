"""The blocks of the digits transformer, as `translate_block` wants them."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from neuromorph.models.digits import DigitsViT
from neuromorph.shapes import Float64
from neuromorph.translate.block.activations import CURVES
from neuromorph.translate.block.float_norm import FloatNorm, Linear
from neuromorph.translate.block.floats import FloatBlock


def digits_blocks(model: DigitsViT) -> list[FloatBlock]:
    """Each block: layer norms before attention and MLP, a plain MLP, and every token sees all."""
    return [_block(model, layer) for layer in range(model.config.layers)]


def _block(model: DigitsViT, layer: int) -> FloatBlock:
    config, name = model.config, f"blocks.{layer}"
    paths = {"query": "attention.query", "key": "attention.key", "value": "attention.value",
             "output": "attention.output", "gate": "mlp.up", "down": "mlp.down"}
    norms = [FloatNorm(gain, config.eps, bias, centred=True)
             for gain, bias in (numbers_of(model, f"{name}.{norm}") for norm in ("norm1", "norm2"))]
    parts: dict[str, Any] = {role: Linear(*numbers_of(model, f"{name}.{path}"))
                             for role, path in paths.items()}
    return FloatBlock(
        name=name, attention_norm=norms[0], mlp_norm=norms[1], up=None, heads=config.heads,
        groups=config.heads, scale=config.head_size**-0.5, activation=CURVES["gelu_tanh"],
        causal=False, **parts)


def numbers_of(
    model: DigitsViT, name: str
) -> tuple[Annotated[Float64, "..."], Annotated[Float64, "_"]]:
    """Weight and bias of a layer, or gain and bias of a norm, in float64."""
    weight, bias = (model.parameter(f"{name}.{kind}").astype(np.float64)
                    for kind in ("weight", "bias"))
    return weight, bias
