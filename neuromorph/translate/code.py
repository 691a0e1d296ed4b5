"""How one layer's floats become integer codes for the circuit, and how answers come back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention import (
    Attended,
    LatencyAttention,
    Shared,
    build,
    shared_by,
)
from neuromorph.circuits.latency_attention.emit import emission_of
from neuromorph.errors import TensorError
from neuromorph.network import Network
from neuromorph.numerics import quantise
from neuromorph.shapes import Bool, Float, Float32, Float64, Int32
from neuromorph.shown import Shown
from neuromorph.translate.bias import encode_bias
from neuromorph.translate.samples import Sample
from neuromorph.translate.slope import check_slopes

FloatArray = NDArray[np.floating[Any]]

@dataclass(frozen=True, eq=False, repr=False)
class LayerCode(Shown):
    """Static scales of one attention layer.

    ::

        q_int = round(q / query_scale)          k_int = round((k - key_centre) / key_scale)
        v_int = round((v - value_centre) / value_scale)
        b_int = round(bias * ramp / step_nats)
        context = value_centre + value_scale * (control / normaliser) * unit / 2
                = value_centre + value_scale * emitted / gain

    Centring is free: softmax ignores what all keys share, and attention weights sum to one,
    so the centre of the values comes back as it went.

    Attributes
    ----------
    heads : tuple of LatencyAttention
    query_scale : float64 array, shape (heads, key_size)
    key_centre, key_scale : float64 array, shape (kv_heads, key_size)
    value_centre, value_scale : float64 array, shape (kv_heads, value_size)
    step_nats : float
        Nats a step.

    Raises
    ------
    TensorError
        If heads differ in what a layer's heads share.
    """

    heads: tuple[LatencyAttention, ...]
    query_scale: Annotated[Float64, "heads key_size"]
    key_centre: Annotated[Float64, "kv_heads key_size"]
    key_scale: Annotated[Float64, "kv_heads key_size"]
    value_centre: Annotated[Float64, "kv_heads value_size"]
    value_scale: Annotated[Float64, "kv_heads value_size"]
    step_nats: float

    def __post_init__(self) -> None:
        shared_by(self.heads)

    @cached_property
    def shared(self) -> Shared:
        """What all heads have in common."""
        return shared_by(self.heads)

    @cached_property
    def steps_a_query(self) -> int:
        """Steps from one query to the next, summed over heads."""
        return sum(head.period for head in self.heads)

    @property
    def clock(self) -> tuple[float, int, int]:
        """What `Attended.weights` asks for: nats a step, neurons a key, and the pause."""
        return self.step_nats, self.shared.neurons_per_key, self.shared.pause

    @property
    def group(self) -> int:
        """Query heads that share one key-value head."""
        return len(self.heads) // len(self.key_scale)

    def check_sizes(
        self, queries: Annotated[Float, "..."], keys: Annotated[Float, "..."],
        values: Annotated[Float, "..."],
    ) -> None:
        """Refuse floats of other heads or sizes than the layer has.

        Raises
        ------
        TensorError
        """
        _check_sizes(queries, self.query_scale, "queries")
        _check_sizes(keys, self.key_scale, "keys")
        _check_sizes(values, self.value_scale, "values")

    def encode_queries(
        self, queries: Annotated[Float, "*shape"]
    ) -> tuple[Annotated[Int32, "*shape"], int]:
        """Codes of scaled queries (..., heads, queries, key_size), and how many were clipped."""
        _check(queries, self.query_scale, "queries")
        return quantise(queries, self.query_scale[:, None, :], self.shared.query_limit)

    def encode_keys(
        self, keys: Annotated[Float, "*shape"]
    ) -> tuple[Annotated[Int32, "*shape"], int]:
        """Codes of keys (..., kv_heads, keys, key_size), and how many were clipped."""
        _check(keys, self.key_scale, "keys")
        return quantise(keys - self.key_centre[:, None, :], self.key_scale[:, None, :],
                        self.shared.key_limit)

    def encode_values(
        self, values: Annotated[Float, "*shape"]
    ) -> tuple[Annotated[Int32, "*shape"], int]:
        """Codes of values (..., kv_heads, keys, value_size), and how many were clipped."""
        _check(values, self.value_scale, "values")
        return quantise(values - self.value_centre[:, None, :], self.value_scale[:, None, :],
                        self.shared.value_limit)

    def encode_bias(
        self, bias: Annotated[Float, "_ _ queries keys"] | None,
        mask: Annotated[Bool, "batch queries keys"],
    ) -> tuple[Annotated[Int32, "_ _ queries keys"] | None, int]:
        """Codes of a bias and how many were clipped, see `translate.bias`; None of none.

        None too for heads with a slope, whose bias this must be: they make it by themselves.
        """
        if any(head.slope for head in self.heads):
            given = np.zeros((1, 1, *mask.shape[1:])) if bias is None else bias
            check_slopes(self.heads, self.step_nats, given, mask)
            return None, 0
        if bias is None:
            return None, 0
        return encode_bias(self.heads, self.step_nats, bias, mask)

    def networks(self, sample: Sample) -> list[Network]:
        """The circuit of every head, over one sample's keys and values."""
        keys, _ = self.encode_keys(sample.keys)
        values, _ = self.encode_values(sample.values)
        slots = keys.shape[1]
        return [build(replace(head, slots=slots), keys[h // self.group], values[h // self.group])
                for h, head in enumerate(self.heads)]

    def decode(self, attended: Attended) -> Annotated[Float32, "batch _ _ _"]:
        """Context (..., heads, queries, value_size), float32; 0 where all slots were masked."""
        if attended.context is not None:
            return self._decode_emitted(attended, attended.context)
        mass = attended.normaliser[..., None]
        units = np.array([head.unit / 2 for head in self.heads])[:, None, None]
        factor = np.where(mass > 0, units / np.maximum(mass, 1), 0.0).astype(np.float32)
        scale = np.repeat(self.value_scale, self.group, axis=0)[:, None, :].astype(np.float32)
        centre = np.repeat(self.value_centre, self.group, axis=0)[:, None, :].astype(np.float32)
        context: NDArray[np.float32] = attended.control.astype(np.float32)
        context *= factor
        context *= scale
        context += np.where(attended.spikes[..., None] > 0, centre, np.float32(0))
        return context

    def _decode_emitted(
        self, attended: Attended, sent: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The same of contexts that the heads themselves have divided: codes by their gain."""
        gains = np.array([emission_of(head).gain(head) for head in self.heads])
        scale = np.repeat(self.value_scale, self.group, axis=0) / gains[:, None]
        centre = np.repeat(self.value_centre, self.group, axis=0)[:, None, :]
        found: NDArray[np.float64] = sent * scale[:, None, :]
        found += np.where(attended.spikes[..., None] > 0, centre, 0)
        return found.astype(np.float32)


def _check(array: FloatArray, scale: NDArray[np.float64], name: str) -> None:
    _check_sizes(array, scale, name)
    if not np.isfinite(array).all():
        raise TensorError(f"{name} hold NaN or infinity", found=array.shape)


def _check_sizes(array: FloatArray, scale: NDArray[np.float64], name: str) -> None:
    if array.shape[-3] != scale.shape[0] or array.shape[-1] != scale.shape[1]:
        raise TensorError(f"{name} do not fit the exported layer", found=array.shape,
                          expected=f"(..., {scale.shape[0]}, tokens, {scale.shape[1]})")
