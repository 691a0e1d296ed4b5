"""The digits transformer, from pixels to classes, as `translate_transformer` wants it."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from neuromorph.models.digits import DigitsViT
from neuromorph.models.digits.layers import HALF_RANGE, pixels
from neuromorph.shapes import Float, Int64
from neuromorph.translate.block import FloatNorm, Linear
from neuromorph.translate.block.digits import digits_blocks, numbers_of
from neuromorph.translate.transformer.floats import FloatEmbedding, FloatHead, FloatTransformer


def digits_transformer(model: DigitsViT) -> FloatTransformer:
    """The model in float64; its inputs are those of `digits_patches`."""
    config, (weight, embed_bias) = model.config, numbers_of(model, "embed")
    positions = model.parameter("positions").astype(np.float64)
    positions[0] += model.parameter("class_token")
    positions[1:] += embed_bias - weight.sum(axis=1)  # a pixel x counts as x / 8 - 1
    gain, bias = numbers_of(model, "norm")
    return FloatTransformer(
        "digits-vit", FloatEmbedding(weight.T / HALF_RANGE, positions, of_tokens=False),
        digits_blocks(model),
        FloatHead("first", FloatNorm(gain, config.eps, bias, centred=True),
                  Linear(*numbers_of(model, "head"))),
        causal=False, positions=config.tokens)


def digits_patches(
    images: Annotated[Float, "images side side"], patch: int
) -> Annotated[Int64, "images tokens _"]:
    """Pixels 0 to 16 of each patch, row by row; before them a class token, which has none.

    Parameters
    ----------
    images : array, shape (n, side, side)
    patch : int
        Side of a patch.

    Returns
    -------
    int64 array, shape (n, 1 + (side / patch)^2, patch^2)
    """
    numbers = np.rint(pixels(images, patch)).astype(np.int64)
    return np.pad(numbers, ((0, 0), (1, 0), (0, 0)))
