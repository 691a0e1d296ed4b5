"""Attention heads as trained: one layer's projections, and a model of such layers."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import ModelStructureError, TensorError
from neuromorph.models.head_checks import (
    check_array,
    check_bias_shape,
    check_heads,
    check_weight_shape,
)
from neuromorph.models.rotary import FloatArray, Rotary
from neuromorph.shown import Shown

_ARRAYS = ("query_weight", "key_weight", "value_weight", "query_bias", "key_bias", "value_bias")


@dataclass(frozen=True, eq=False, repr=False)
class AttentionLayer(Shown):
    """Queries, keys and values of one layer.

    ::

        q = x Wq^T + bq,  k = x Wk^T + bk,  v = x Wv^T + bv,  then q and k are turned (rotary)
        head h uses key-value head h // (heads / kv_heads);  logit = logit_scale * q . k

    Weights have torch's ``Linear`` layout, (out, in), and are never transposed by guess:
    a square matrix is taken as it is.

    Attributes
    ----------
    name : str
        Where the layer stands in the file, for instance ``encoder.layer.0.attention.self``.
    heads, kv_heads : int
        Query heads, and key-value heads, which divide them.
    head_size, value_size : int
        Elements of one query or key, and of one value.
    query_weight : float32 array (heads * head_size, width)
    key_weight : float32 array (kv_heads * head_size, width)
    value_weight : float32 array (kv_heads * value_size, width)
    query_bias, key_bias, value_bias : float32 array (rows of the weight,), or None
    rotary : Rotary, optional
    scale : float, optional
        Factor of q . k when it is not 1 / sqrt(head_size); read ``logit_scale`` instead.
    window : int, optional
        A token sees this many tokens, itself included; in a bidirectional model this many to
        each side, and itself. None for all.
    """

    name: str
    heads: int
    kv_heads: int
    head_size: int
    value_size: int
    query_weight: FloatArray
    key_weight: FloatArray
    value_weight: FloatArray
    query_bias: FloatArray | None = None
    key_bias: FloatArray | None = None
    value_bias: FloatArray | None = None
    rotary: Rotary | None = None
    scale: float | None = None
    window: int | None = None

    def __post_init__(self) -> None:
        _check_counts(self)
        _check_weights(self)
        if self.rotary is not None:
            self.rotary.frequencies(self.head_size)
        for name in _ARRAYS:
            _freeze(self, name)

    @property
    def width(self) -> int:
        """Elements of one token's hidden state."""
        return int(self.query_weight.shape[1])

    @property
    def logit_scale(self) -> float:
        """Factor of q . k before the softmax."""
        return 1 / math.sqrt(self.head_size) if self.scale is None else self.scale

    @property
    def group(self) -> int:
        """Query heads that share one key-value head."""
        return self.heads // self.kv_heads

    def project(
        self, hidden: NDArray[Any], positions: NDArray[Any] | None = None
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Queries, keys and values of some tokens.

        Parameters
        ----------
        hidden : float array (tokens, width)
            What enters the projections (after the layer norm, where there is one before).
        positions : int array (tokens,), optional
            Counted from 0 when left out; only rotary layers look at them.

        Returns
        -------
        q : float32 array (heads, tokens, head_size)
        k : float32 array (kv_heads, tokens, head_size)
        v : float32 array (kv_heads, tokens, value_size)
        """
        x = _checked_hidden(hidden, self)
        q = _split(x, self.query_weight, self.query_bias, self.heads, self.name)
        k = _split(x, self.key_weight, self.key_bias, self.kv_heads, self.name)
        v = _split(x, self.value_weight, self.value_bias, self.kv_heads, self.name)
        if self.rotary is not None:
            places = np.arange(len(x)) if positions is None else positions
            q, k = self.rotary.turn(q, places), self.rotary.turn(k, places)
        return q, k, v


@dataclass(frozen=True, eq=False, repr=False)
class AttentionModel(Shown):
    """The attention layers of a trained model, and where they came from.

    Attributes
    ----------
    family : str
        For instance ``"bert"``.
    layers : tuple of AttentionLayer
        All of one width, first to last.
    causal : bool
        Whether a token sees only itself and the tokens before it.
    provenance : mapping
        ``files``: name → size and sha256; ``tensors``: name → dtype and shape. JSON-ready.
    notes : tuple of str
        Legal, but worth telling the user: biases on some projections only, and the like.
    positions : int, optional
        The longest sequence that the model takes, if its configuration says.
    """

    family: str
    layers: tuple[AttentionLayer, ...]
    causal: bool
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    positions: int | None = None

    def __post_init__(self) -> None:
        if not self.layers:
            raise ModelStructureError("the model has no attention layers", where=self.family)
        for layer in self.layers:
            if layer.width != self.width:
                raise ModelStructureError("the layers differ in width", where=layer.name,
                                          found=layer.width, expected=self.width)
        if len({layer.name for layer in self.layers}) != len(self.layers):
            raise ModelStructureError("two layers have one name", where=self.family)

    @property
    def width(self) -> int:
        """Elements of one token's hidden state."""
        return self.layers[0].width


def _check_counts(layer: AttentionLayer) -> None:
    check_heads(layer.heads, layer.kv_heads, layer.name)
    if layer.head_size < 1 or layer.value_size < 1:
        raise ModelStructureError("a head needs at least one element", where=layer.name,
                                  found=f"head size {layer.head_size}, value {layer.value_size}")
    if not (math.isfinite(layer.logit_scale) and layer.logit_scale > 0):
        raise ModelStructureError("the logit scale must be positive", where=layer.name,
                                  found=layer.logit_scale)
    if layer.window is not None and layer.window < 1:
        raise ModelStructureError("the attention window must be at least one token",
                                  where=layer.name, found=layer.window)


def _check_weights(layer: AttentionLayer) -> None:
    projections = (
        ("query", layer.query_weight, layer.query_bias, layer.heads * layer.head_size),
        ("key", layer.key_weight, layer.key_bias, layer.kv_heads * layer.head_size),
        ("value", layer.value_weight, layer.value_bias, layer.kv_heads * layer.value_size),
    )
    # The width that most weights have, so that the one that is wrong is blamed.
    width = statistics.mode(weight.shape[-1] if weight.ndim else 0
                            for _, weight, _, _ in projections)
    for role, weight, bias, rows in projections:
        where = f"{layer.name}.{role}"
        check_array(weight, where)
        check_weight_shape(role, weight.shape, rows, width, where)
        if bias is not None:
            check_array(bias, where)
            check_bias_shape(bias.shape, rows, where)


def _freeze(layer: AttentionLayer, name: str) -> None:
    """Put a read-only view in place of an array; the caller's own stays as it was."""
    array = getattr(layer, name)
    if array is not None:
        view = array.view()
        view.setflags(write=False)
        object.__setattr__(layer, name, view)


def _checked_hidden(hidden: NDArray[Any], layer: AttentionLayer) -> FloatArray:
    if hidden.ndim != 2 or hidden.shape[1] != layer.width:
        raise TensorError("the hidden state has the wrong shape", where=layer.name,
                          found=list(hidden.shape), expected=f"[tokens, {layer.width}]")
    if hidden.dtype.kind not in "fiu":
        raise TensorError("the hidden state must be real numbers", where=layer.name,
                          found=hidden.dtype)
    x: FloatArray = hidden.astype(np.float32)
    if not np.isfinite(x).all():
        raise TensorError("the hidden state must be finite", where=layer.name,
                          found=f"{int((~np.isfinite(x)).sum())} values that are not")
    return x


def _split(x: FloatArray, weight: FloatArray, bias: FloatArray | None, heads: int,
           where: str) -> FloatArray:
    """x W^T + b as (heads, tokens, size)."""
    with np.errstate(over="ignore", invalid="ignore"):
        flat = x @ weight.T
        if bias is not None:
            flat += bias
    if not np.isfinite(flat).all():
        raise TensorError("a projection overflows float32", where=where,
                          hint="a weight or an input is far too large")
    return flat.reshape(len(x), heads, len(weight) // heads).transpose(1, 0, 2)
