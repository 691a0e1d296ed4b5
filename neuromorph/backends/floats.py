"""The door for floats: a whole layer's attention without integers in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.sight import Sight
from neuromorph.circuits.latency_attention import LatencyAttention, Shared
from neuromorph.shapes import Float, Float32, Float64
from neuromorph.shown import Shown

Floats: TypeAlias = NDArray[np.float64]


class Scales(Protocol):
    """What turns floats into codes and back; `translate.LayerCode` has it."""

    @property
    def heads(self) -> Sequence[LatencyAttention]:
        """The circuits."""

    @property
    def shared(self) -> Shared:
        """What the circuits have in common."""

    @property
    def query_scale(self) -> Annotated[Float64, "_ key_size"]:
        """Shape (heads, key_size)."""

    @property
    def key_centre(self) -> Annotated[Float64, "_ key_size"]:
        """Shape (kv_heads, key_size)."""

    @property
    def key_scale(self) -> Annotated[Float64, "_ key_size"]:
        """Shape (kv_heads, key_size)."""

    @property
    def value_centre(self) -> Annotated[Float64, "_ value_size"]:
        """Shape (kv_heads, value_size)."""

    @property
    def value_scale(self) -> Annotated[Float64, "_ value_size"]:
        """Shape (kv_heads, value_size)."""


@dataclass(frozen=True, eq=False, repr=False)
class FloatWork(Shown):
    """Attention of many sequences and heads, before it is coded.

    Attributes
    ----------
    queries : float32 array, shape (batch, heads, queries, key_size)
    keys : float32 array, shape (batch, kv_heads, keys, key_size)
    values : float32 array, shape (batch, kv_heads, keys, value_size)
    sight : Sight
        Who may look where.
    scale : float
        Queries are multiplied by it, in float32.
    bias : float32 array, shape (batch or 1, heads or 1, queries, keys), optional
        Nats that are added to the scaled products; it means nothing where the mask hides.
    """

    queries: Annotated[Float, "batch heads queries key_size"]
    keys: Annotated[Float, "batch kv_heads keys key_size"]
    values: Annotated[Float, "batch kv_heads keys value_size"]
    sight: Sight
    scale: float = 1.0
    bias: Annotated[Float32, "_ _ queries keys"] | None = None


class FloatAnswer(NamedTuple):
    """What came out.

    Attributes
    ----------
    context : float32 array, shape (batch, heads, queries, value_size)
    spikes, forced, clipped : int
        Match spikes, those that the go pulse forced, and codes that were clipped.
    flat : int
        Queries that told no key from another.
    """

    context: Annotated[Float32, "batch heads queries value_size"]
    spikes: int
    forced: int
    clipped: int
    flat: int


FloatLayer: TypeAlias = Callable[[FloatWork], FloatAnswer | None]
"""None for numbers that are not finite, or not of single precision, or where there is a bias: the
general way has words for the first, and codes of its own for the others."""
