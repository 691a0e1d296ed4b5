"""A map and the tensors of a file to a whole transformer in floats; every tensor has a role."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.own_whole.tensors import Tensors
from neuromorph.errors import ModelStructureError
from neuromorph.models.heads import AttentionLayer
from neuromorph.models.own import Naming, own_model
from neuromorph.models.own.assemble import tensors_of
from neuromorph.models.own.naming import OWN
from neuromorph.models.own.parts import Parts, parts_of
from neuromorph.models.own.templates import layers_of
from neuromorph.models.source import TensorSource
from neuromorph.translate.block import FloatBlock, FloatNorm, Linear, curve_of
from neuromorph.translate.transformer import FloatEmbedding, FloatHead, FloatTransformer
from neuromorph.translate.transformer.floats import MadeBlocks

Array = NDArray[np.float32]
Pair = tuple[Array, Array | None]


class _Layer(NamedTuple):
    """What a block is made of, in float32 as read."""

    attention: AttentionLayer
    output: Pair
    gate: Pair
    up: Pair | None
    down: Pair
    first: FloatNorm
    second: FloatNorm


def own_transformer(source: TensorSource, naming: Naming) -> FloatTransformer:
    """A transformer as a map says that it is.

    Parameters
    ----------
    source : TensorSource
    naming : Naming
        With the fields of a whole model; see `neuromorph.models.own.parts`.

    Raises
    ------
    InputError
        If a role is missing, a shape does not fit, a tensor has no role, or no circuit does what
        is said.
    """
    heads = own_model(source, naming)
    parts = parts_of(naming.whole, heads.causal, naming.where)
    attention = tensors_of(source, naming)
    if "o" not in attention:
        raise ModelStructureError("the map does not say what a whole model needs",
                                  where=naming.where, expected="o, the output projection")
    numbers = layers_of(attention.get("qkv", attention.get("q", "")), source.names)
    tensors = Tensors(source, naming, parts, heads.provenance["tensors"])
    embedding, positions = _embedding(tensors, parts, heads.width)
    layers = [_layer(tensors, parts, layer, number, attention["o"])
              for layer, number in zip(heads.layers, numbers, strict=True)]
    head = _head(tensors, parts, heads.width)
    tensors.check_all_used()
    return FloatTransformer(
        OWN, embedding, MadeBlocks(partial(_block, layers, embedding.norm, parts, heads.causal),
                                   len(layers)),
        head, causal=heads.causal, positions=positions)


def _embedding(tensors: Tensors, parts: Parts, width: int) -> tuple[FloatEmbedding, int]:
    table = tensors.table("embedding", width) * parts.embedding_scale
    positions = tensors.table("positions", width) if "positions" in parts.tensors else None
    norm = tensors.norm("embedding_norm", width) if "embedding_norm" in parts.tensors else None
    if norm is not None and parts.norms == "before":
        raise ModelStructureError("a norm of the embedding before norms of its blocks has no "
                                  "circuit", where=tensors.where, found="embedding_norm")
    most = [] if positions is None else [len(positions)]
    return (FloatEmbedding(table, positions, norm=norm),
            min([*most, *([] if parts.context is None else [parts.context])]))


def _layer(tensors: Tensors, parts: Parts, layer: AttentionLayer, number: int,
           output: str) -> _Layer:
    if layer.value_size != layer.head_size:
        raise ModelStructureError("values of another size than keys have no circuit in a block",
                                  where=layer.name, found=layer.value_size,
                                  expected=layer.head_size)
    width = layer.width
    gate = tensors.linear("gate", number, width)
    up = tensors.linear("up", number, width) if "up" in parts.tensors else None
    hidden = len(gate[0])
    if up is not None and len(up[0]) != hidden:
        raise ModelStructureError("gate and up differ in size", where=layer.name,
                                  found=f"{hidden} and {len(up[0])}")
    return _Layer(layer, tensors.linear("o", number, layer.heads * layer.head_size, width, output),
                  gate, up, tensors.linear("down", number, hidden, width),
                  tensors.norm("attention_norm", width, number),
                  tensors.norm("mlp_norm", width, number))


def _head(tensors: Tensors, parts: Parts, width: int) -> FloatHead:
    norm = tensors.norm("final_norm", width) if "final_norm" in parts.tensors else None
    dense = _wide(tensors.linear("head", None, width)) if "head" in parts.tensors else None
    read = {"each": "each", "first": "first", "mean": "mean"}[parts.read]
    return FloatHead(read, norm, dense)  # type: ignore[arg-type]


def _block(layers: Sequence[_Layer], before: FloatNorm | None, parts: Parts, causal: bool,
           n: int) -> FloatBlock:
    """In float64; of a post-norm model with the norm in front of it."""
    one, layer = layers[n], layers[n].attention
    ahead = before if n == 0 else layers[n - 1].second
    behind = parts.norms == "behind"
    return FloatBlock(
        name=layer.name, attention_norm=ahead if behind and ahead is not None else one.first,
        mlp_norm=one.first if behind else one.second, end_norm=one.second if behind else None,
        query=_wide((layer.query_weight, layer.query_bias)),
        key=_wide((layer.key_weight, layer.key_bias)),
        value=_wide((layer.value_weight, layer.value_bias)), output=_wide(one.output),
        gate=_wide(one.gate), up=None if one.up is None else _wide(one.up), down=_wide(one.down),
        heads=layer.heads, groups=layer.kv_heads, scale=layer.logit_scale, rotary=layer.rotary,
        activation=curve_of(parts.activation, layer.name), causal=causal)


def _wide(pair: Pair) -> Linear:
    weight, bias = pair
    return Linear(weight.astype(np.float64), None if bias is None else bias.astype(np.float64))
