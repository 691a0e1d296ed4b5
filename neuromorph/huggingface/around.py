"""What stands around the blocks of a model of each family: its embedding, and its head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import ModelStructureError
from neuromorph.huggingface.blocks import array_of, layer_norm_of, linear_of
from neuromorph.models.families.bert import BERT
from neuromorph.models.families.gpt2 import GPT2
from neuromorph.models.families.llama import LLAMA
from neuromorph.models.families.vit import VIT
from neuromorph.translate.block import FloatNorm
from neuromorph.translate.transformer import FloatEmbedding, FloatHead

BRIGHTEST = 255
"""Of a pixel, before an image processor takes it to a mean and a spread of a half."""

Embedded = tuple[FloatEmbedding, int]
"""What enters the first block; and how many tokens a sequence may have."""


class Around(NamedTuple):
    """How a family begins and ends.

    Attributes
    ----------
    parts : frozenset of str
        All that a model may hold without its head.
    heads : frozenset of str
        All that its head is.
    embedding : callable
    head : callable
    """

    parts: frozenset[str]
    heads: frozenset[str]
    embedding: Callable[[Any], Embedded]
    head: Callable[[Any], FloatHead]


def _llama(base: Any) -> Embedded:
    return (FloatEmbedding(array_of(base.embed_tokens.weight)),
            int(base.config.max_position_embeddings))


def _llama_head(model: Any) -> FloatHead:
    norm = model.base_model.norm
    return FloatHead("each", FloatNorm(array_of(norm.weight), float(model.config.rms_norm_eps)),
                     linear_of(model.lm_head))


def _gpt2(base: Any) -> Embedded:
    positions = array_of(base.wpe.weight)
    return FloatEmbedding(array_of(base.wte.weight), positions), len(positions)


def _gpt2_head(model: Any) -> FloatHead:
    return FloatHead("each", layer_norm_of(model.base_model.ln_f), linear_of(model.lm_head))


def _bert(base: Any) -> Embedded:
    """All tokens are of the first type; RoBERTa's positions begin behind that of its padding."""
    parts = base.embeddings
    first = parts.padding_idx + 1 if "roberta" in base.config.model_type or (
        base.config.model_type == "camembert") else 0
    positions = array_of(parts.position_embeddings.weight)[first:]
    positions = positions + array_of(parts.token_type_embeddings.weight)[0]
    return (FloatEmbedding(array_of(parts.word_embeddings.weight), positions,
                           norm=layer_norm_of(parts.LayerNorm)), len(positions))


def _bert_head(model: Any) -> FloatHead:  # noqa: ARG001
    return FloatHead("mean")


def _vit(base: Any) -> Embedded:
    """A pixel x of 0 to 255 counts as x / 127.5 - 1; a patch is sent channel by channel."""
    parts = base.embeddings
    projection = parts.patch_embeddings.projection
    weight = array_of(projection.weight).reshape(len(projection.weight), -1)
    positions = array_of(parts.position_embeddings)[0]
    if getattr(parts, "mask_token", None) is not None or len(positions) != 1 + int(
            parts.patch_embeddings.num_patches):
        raise ModelStructureError("an image's tokens are not a class token and its patches",
                                  where=type(base).__name__, found=len(positions))
    positions[0] += array_of(parts.cls_token)[0, 0]
    positions[1:] += -weight.sum(axis=1) + (
        0 if projection.bias is None else array_of(projection.bias))
    return (FloatEmbedding(weight.T * (2 / BRIGHTEST), positions, of_tokens=False),
            len(positions))


def _vit_head(model: Any) -> FloatHead:
    return FloatHead("first", layer_norm_of(model.base_model.layernorm),
                     linear_of(model.classifier))


def patches_of(images: NDArray[Any], patch: int) -> NDArray[np.int64]:
    """What a ViT is sent of each image: nothing for its class token, then its patches.

    Parameters
    ----------
    images : int array, shape (n, channels, side, side)
        Pixels, 0 to 255.
    patch : int
        Side of a patch.

    Returns
    -------
    int64 array, shape (n, 1 + (side / patch)^2, channels patch^2)
    """
    n, channels, side = images.shape[:3]
    rows = side // patch
    grid = images.astype(np.int64).reshape(n, channels, rows, patch, rows, patch)
    cut = grid.transpose(0, 2, 4, 1, 3, 5).reshape(n, rows * rows, channels * patch * patch)
    return np.pad(cut, ((0, 0), (1, 0), (0, 0)))


AROUND = {
    LLAMA.name: Around(frozenset({"embed_tokens", "layers", "norm", "rotary_emb"}),
                       frozenset({"lm_head"}), _llama, _llama_head),
    GPT2.name: Around(frozenset({"wte", "wpe", "drop", "h", "ln_f"}), frozenset({"lm_head"}),
                      _gpt2, _gpt2_head),
    BERT.name: Around(frozenset({"embeddings", "encoder", "pooler"}), frozenset(), _bert,
                      _bert_head),
    VIT.name: Around(frozenset({"embeddings", "layers", "encoder", "layernorm", "pooler"}),
                     frozenset({"classifier"}), _vit, _vit_head),
}
"""By the name of a family of `models.families`."""
