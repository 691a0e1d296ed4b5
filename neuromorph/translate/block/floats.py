"""A trained block as it is in floats, and everything on a text's way through it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from scipy.special import softmax

from neuromorph.errors import ModelStructureError, TensorError
from neuromorph.models.rotary import Rotary
from neuromorph.shapes import Bool, Float64
from neuromorph.shown import Shown
from neuromorph.translate.block.activations import CURVES, Curve
from neuromorph.translate.block.float_norm import FloatNorm, Floats, Linear


class Trace(NamedTuple):
    """What a sequence becomes on its way through a block; arrays of shape (tokens, ...).

    ``attended``, shape (groups, tokens), is how much each key is looked at: the sum of squared
    shares. ``total`` is R'', and ``end`` what the block sends: R'', or its norm.
    """

    query_x: Annotated[Float64, "tokens queried"]
    key_x: Annotated[Float64, "tokens keyed"]
    value: Annotated[Float64, "tokens keyed"]
    query: Annotated[Float64, "tokens queried"]
    key: Annotated[Float64, "tokens keyed"]
    attended: Annotated[Float64, "groups tokens"]
    context: Annotated[Float64, "tokens queried"]
    middle: Annotated[Float64, "tokens width"]
    gate: Annotated[Float64, "tokens hidden"]
    up: Annotated[Float64, "tokens hidden"] | None
    hidden: Annotated[Float64, "tokens hidden"]
    total: Annotated[Float64, "tokens width"]
    end: Annotated[Float64, "tokens width"]


@dataclass(frozen=True, eq=False, repr=False)
class FloatBlock(Shown):
    """A transformer block in float64, pre-norm or post-norm.

    ::

        h   = norm(R)                                   RMS norm or layer norm
        q, k, v = W h + b
        q, k = norm(q), norm(k)                         of each head, if it has such norms
        q, k turned by their positions                  if it is rotary
        R'  = R + W_o softmax(scale q.k) v
        h'  = norm(R')
        R'' = R' + W_d (a(W_g h') * W_u h'), or W_d a(W_g h')

    A post-norm block is given h, adds to h and h' in place of R and R', and ends in norm(R'').

    Attributes
    ----------
    name : str
        For messages.
    attention_norm : FloatNorm
        Of a post-norm block the one before it, whose h it is given.
    mlp_norm : FloatNorm
    query, key, value, output, gate, down : Linear
    up : Linear or None
        None: a plain MLP.
    heads, groups : int
        Query heads, and key and value heads.
    scale : float
        Of the logits.
    rotary : Rotary or None
    activation : Curve
    causal : bool
        Whether a token looks only at itself and those before it.
    end_norm : FloatNorm or None
        Of a post-norm block, behind its MLP.
    query_norm, key_norm : FloatNorm or None
        Of each head's numbers, with a gain that all heads share; both, or none.
    """

    name: str
    attention_norm: FloatNorm
    mlp_norm: FloatNorm
    query: Linear
    key: Linear
    value: Linear
    output: Linear
    gate: Linear
    up: Linear | None
    down: Linear
    heads: int
    groups: int
    scale: float
    rotary: Rotary | None = None
    activation: Curve = CURVES["silu"]
    causal: bool = True
    end_norm: FloatNorm | None = None
    query_norm: FloatNorm | None = None
    key_norm: FloatNorm | None = None

    def __post_init__(self) -> None:
        if self.heads % self.groups or self.query.weight.shape[0] % self.heads:
            raise ModelStructureError("query heads do not share keys evenly", where=self.name,
                                      found=f"{self.heads} heads, {self.groups} groups")
        self._check_head_norms()
        for name, numbers in self._numbers():
            if not np.isfinite(numbers).all():
                raise TensorError("the weights hold NaN or infinity", where=f"{self.name}.{name}")

    def _check_head_norms(self) -> None:
        if (self.query_norm is None) != (self.key_norm is None):
            raise ModelStructureError("queries and keys are both normed, or neither",
                                      where=self.name)
        for role, norm in self.head_norms.items():
            if norm.centred or norm.bias is not None:
                raise ModelStructureError("a layer norm of queries and keys has no circuit",
                                          where=f"{self.name}.{role}_norm",
                                          expected="an RMS norm")
            if norm.gain.shape != (self.size,):
                raise ModelStructureError(
                    "a norm of queries or keys is not of each head",
                    where=f"{self.name}.{role}_norm",
                    found=f"{norm.gain.shape} gains", expected=f"({self.size},)",
                    hint="a norm of all heads' numbers together has no circuit")

    @property
    def head_norms(self) -> dict[str, FloatNorm]:
        """Those of queries and keys, if there are any."""
        norms = {"query": self.query_norm, "key": self.key_norm}
        return {role: norm for role, norm in norms.items() if norm is not None}

    @property
    def layers(self) -> dict[str, Linear]:
        """Its dense layers by name."""
        names = ("query", "key", "value", "output", "gate", "up", "down")
        return {name: layer for name in names if (layer := getattr(self, name)) is not None}

    def _numbers(self) -> Iterator[tuple[str, Floats]]:
        """All trained numbers, by the layer or norm that has them."""
        norms = {name: norm for name in ("attention_norm", "mlp_norm", "end_norm", "query_norm",
                                         "key_norm")
                 if (norm := getattr(self, name)) is not None}
        for name, part in [*self.layers.items(), *norms.items()]:
            yield name, part.weight if isinstance(part, Linear) else part.gain
            if part.bias is not None:
                yield name, part.bias

    @property
    def post(self) -> bool:
        """Whether norms come behind what they norm."""
        return self.end_norm is not None

    @property
    def width(self) -> int:
        """Numbers of the residual stream."""
        return self.query.weight.shape[1]

    @property
    def size(self) -> int:
        """Numbers of a head's query, key and value."""
        return self.query.weight.shape[0] // self.heads

    def run(self, stream: Annotated[Float64, "tokens width"]) -> Trace:
        """A sequence from its first token on, shape (tokens, width)."""
        h = stream if self.post else self.attention_norm(stream)
        query_x, key_x, value = self.query(h), self.key(h), self.value(h)
        query, key = (self.turned(self._over_heads(role, x))
                      for role, x in (("query", query_x), ("key", key_x)))
        context, attended = self._attended(query, key, value)
        middle = stream + self.output(context)
        h = self.mlp_norm(middle)
        gate = self.gate(h)
        up = None if self.up is None else self.up(h)
        hidden = self.activation(gate) if up is None else self.activation(gate) * up
        total = (h if self.post else middle) + self.down(hidden)
        end = total if self.end_norm is None else self.end_norm(total)
        return Trace(query_x, key_x, value, query, key, attended, context, middle, gate, up,
                     hidden, total, end)

    def heard(
        self, stream: Annotated[Float64, "tokens width"]
    ) -> Annotated[Float64, "tokens width"]:
        """What queries, keys and values are made of, without gain and bias of the norm."""
        norm = self.attention_norm
        return norm.undone(stream) if self.post else norm.plain(stream)

    def by_head(
        self, rows: Annotated[Float64, "tokens numbers"]
    ) -> Annotated[Float64, "_ tokens _"]:
        """(tokens, heads * size) as (heads, tokens, size)."""
        return rows.reshape(len(rows), -1, self.size).transpose(1, 0, 2)

    def _over_heads(self, role: str, rows: Floats) -> Floats:
        """Each head's numbers over their norm, if there is one."""
        norm = self.head_norms.get(role)
        return rows if norm is None else norm(rows.reshape(-1, self.size)).reshape(rows.shape)

    def turned(
        self, rows: Annotated[Float64, "tokens numbers"]
    ) -> Annotated[Float64, "tokens numbers"]:
        """Each head's numbers, turned by the angles of their positions, if there are any."""
        if self.rotary is None:
            return rows
        heads = self.by_head(rows)
        turned = self.rotary.turn(heads.astype(np.float32), np.arange(len(rows)))
        return turned.astype(np.float64).transpose(1, 0, 2).reshape(rows.shape)

    def seen(self, tokens: int) -> Annotated[Bool, "tokens tokens"]:
        """Which keys each query may look at."""
        shape = (tokens, tokens)
        return np.tri(tokens, dtype=np.bool_) if self.causal else np.ones(shape, np.bool_)

    def _attended(self, query: Floats, key: Floats, value: Floats) -> tuple[Floats, Floats]:
        q, k, v = (self.by_head(rows) for rows in (query, key, value))
        group = self.heads // self.groups
        hidden = np.where(self.seen(len(query)), 0.0, -np.inf)
        contexts, attended = [], np.zeros(k.shape[:2])
        for h in range(self.heads):
            shares = softmax(self.scale * q[h] @ k[h // group].T + hidden, axis=1)
            contexts.append(shares @ v[h // group])
            attended[h // group] += (shares * shares).sum(axis=0)
        return np.concatenate(contexts, axis=1), attended
