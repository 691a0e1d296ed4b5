"""A trained block as it is in floats, and everything on a text's way through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from neuromorph.errors import ModelStructureError, TensorError
from neuromorph.models.rotary import Rotary
from neuromorph.shown import Shown

Floats = NDArray[np.float64]


class Linear(NamedTuple):
    """Weights, shape (outputs, inputs), and a bias of its rows or none."""

    weight: Floats
    bias: Floats | None = None

    def __call__(self, vectors: Floats) -> Floats:
        """W x + b of each vector."""
        sums: Floats = vectors @ self.weight.T
        return sums if self.bias is None else sums + self.bias

    def behind(self, gains: Floats) -> Linear:
        """The layer that also does what its inputs were multiplied by before."""
        return Linear(self.weight * gains, self.bias)


class Trace(NamedTuple):
    """What a sequence becomes on its way through a block; arrays of shape (tokens, ...).

    ``attended``, shape (groups, tokens), is how much each key is looked at: the sum of squared
    shares.
    """

    query_x: Floats
    key_x: Floats
    value: Floats
    query: Floats
    key: Floats
    attended: Floats
    context: Floats
    middle: Floats
    gate: Floats
    up: Floats
    hidden: Floats
    end: Floats


@dataclass(frozen=True, eq=False, repr=False)
class FloatBlock(Shown):
    """A pre-norm block of the Llama family, in float64.

    ::

        h   = gain R / root(mean(R^2) + epsilon)
        q, k, v = W h + b                               q and k turned by their positions
        R'  = R + W_o softmax(scale q.k) v
        R'' = R' + W_d (silu(W_g h') * W_u h')

    Attributes
    ----------
    name : str
        For messages.
    attention_gain, mlp_gain : float64 array, shape (width,)
    epsilon : float
    query, key, value, output, gate, up, down : Linear
    heads, groups : int
        Query heads, and key and value heads.
    rotary : Rotary
    scale : float
        Of the logits.
    """

    name: str
    attention_gain: Floats
    mlp_gain: Floats
    epsilon: float
    query: Linear
    key: Linear
    value: Linear
    output: Linear
    gate: Linear
    up: Linear
    down: Linear
    heads: int
    groups: int
    rotary: Rotary
    scale: float

    def __post_init__(self) -> None:
        if self.heads % self.groups or self.query.weight.shape[0] % self.heads:
            raise ModelStructureError("query heads do not share keys evenly", where=self.name,
                                      found=f"{self.heads} heads, {self.groups} groups")
        for name, layer in self.layers.items():
            if not np.isfinite(layer.weight).all():
                raise TensorError("the weights hold NaN or infinity", where=f"{self.name}.{name}")

    @property
    def layers(self) -> dict[str, Linear]:
        """Its dense layers by name."""
        names = ("query", "key", "value", "output", "gate", "up", "down")
        return {name: getattr(self, name) for name in names}

    @property
    def width(self) -> int:
        """Numbers of the residual stream."""
        return self.query.weight.shape[1]

    @property
    def size(self) -> int:
        """Numbers of a head's query, key and value."""
        return self.query.weight.shape[0] // self.heads

    def run(self, stream: Floats) -> Trace:
        """A sequence from its first token on, shape (tokens, width)."""
        h = self.normed(stream, self.attention_gain)
        query_x, key_x, value = self.query(h), self.key(h), self.value(h)
        query, key = self.turned(query_x), self.turned(key_x)
        context, attended = self._attended(query, key, value)
        middle = stream + self.output(context)
        h = self.normed(middle, self.mlp_gain)
        gate, up = self.gate(h), self.up(h)
        hidden = gate * expit(gate) * up
        return Trace(query_x, key_x, value, query, key, attended, context, middle, gate, up,
                     hidden, middle + self.down(hidden))

    def normed(self, vectors: Floats, gain: Floats | float = 1.0) -> Floats:
        """The RMS norm."""
        mean = (vectors * vectors).mean(axis=1, keepdims=True)
        over: Floats = gain * vectors / np.sqrt(mean + self.epsilon)
        return over

    def by_head(self, rows: Floats) -> Floats:
        """(tokens, heads * size) as (heads, tokens, size)."""
        return rows.reshape(len(rows), -1, self.size).transpose(1, 0, 2)

    def turned(self, rows: Floats) -> Floats:
        """Each head's numbers, turned by the angles of their positions."""
        heads = self.by_head(rows)
        turned = self.rotary.turn(heads.astype(np.float32), np.arange(len(rows)))
        return turned.astype(np.float64).transpose(1, 0, 2).reshape(rows.shape)

    def _attended(self, query: Floats, key: Floats, value: Floats) -> tuple[Floats, Floats]:
        q, k, v = (self.by_head(rows) for rows in (query, key, value))
        group = self.heads // self.groups
        hidden = np.triu(np.full((len(query), len(query)), -np.inf), 1)
        contexts, attended = [], np.zeros(k.shape[:2])
        for h in range(self.heads):
            shares = softmax(self.scale * q[h] @ k[h // group].T + hidden, axis=1)
            contexts.append(shares @ v[h // group])
            attended[h // group] += (shares * shares).sum(axis=0)
        return np.concatenate(contexts, axis=1), attended
