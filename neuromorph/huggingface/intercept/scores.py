"""Scores on their way from queries times keys to a softmax, and what was done to them.

A tensor of scores is remembered as what it came from::

    scores = softcap tanh(scale q·k / softcap) + added

in the order (…, queries, keys); ``axes`` says where the tensor at hand keeps these dimensions.
Each step gives new `Scores`, or None where nothing so simple came out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from neuromorph.huggingface.masks import HIDDEN, Tensor
from neuromorph.shown import Shown

OUT = -math.inf


@dataclass(frozen=True, eq=False, repr=False)
class Scores(Shown):
    """What a tensor of scores is.

    Attributes
    ----------
    queries : tensor, shape (…, queries, size)
    keys : tensor, shape (…, keys, size)
    lead : tuple of int
        Leading dimensions of the scores, to which those of all tensors broadcast.
    axes : tuple of int
        Dimension i of the tensor at hand is number axes[i] of (…, queries, keys).
    scale : float
    added : tensor or None
        Broadcasts to (…, queries, keys); -inf where a key is hidden.
    softcap : float or None
    zeroed : bool tensor or None
        Where scores were multiplied by 0, and must be hidden in the end.
    heads : int or None
        How many heads there are in a leading dimension, where that was seen.
    """

    queries: Tensor
    keys: Tensor
    lead: tuple[int, ...]
    axes: tuple[int, ...]
    scale: float = 1.0
    added: Tensor | None = None
    softcap: float | None = None
    zeroed: Tensor | None = None
    heads: int | None = None

    @classmethod
    def of(cls, queries: Tensor, keys: Tensor, scale: float = 1.0,
           axes: tuple[int, ...] | None = None, heads: int | None = None) -> Scores:
        """Of queries (…, queries, size) and keys (…, keys, size)."""
        import torch

        lead = tuple(torch.broadcast_shapes(queries.shape[:-2], keys.shape[:-2]))
        return cls(queries, keys, lead, axes or tuple(range(len(lead) + 2)), scale, heads=heads)

    @property
    def plain(self) -> bool:
        """Whether the tensor at hand is (…, queries, keys)."""
        return self.axes == tuple(range(len(self.axes)))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Shape in the order (…, queries, keys)."""
        return (*self.lead, self.queries.shape[-2], self.keys.shape[-2])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor at hand."""
        return tuple(self.sizes[axis] for axis in self.axes)

    def ordered(self, other: Tensor) -> Tensor:
        """What broadcasts to the tensor at hand, in the order (…, queries, keys)."""
        whole = other.reshape(*[1] * (len(self.axes) - other.dim()), *other.shape)
        return whole.permute([self.axes.index(i) for i in range(len(self.axes))])

    # --- steps

    def plus(self, other: Any) -> Scores | None:
        """With a number or a tensor added."""
        if not hasattr(other, "dim") or other.dim() == 0:
            return self  # the same for all keys
        if other.dim() > len(self.axes):
            wider = self.widened(tuple(other.shape))
            return wider and wider.plus(other)
        term = self.ordered(other)
        wide = self._broadcast(tuple(term.shape[:-2]))
        if term.shape[-1] == 1 and self.keys.shape[-2] > 1:
            return wide  # the same for all keys
        return replace(wide, added=term if self.added is None else self.added + term)

    def _broadcast(self, lead: tuple[int, ...]) -> Scores:
        import torch

        return replace(self, lead=tuple(torch.broadcast_shapes(self.lead, lead)))

    def widened(self, shape: tuple[int, ...]) -> Scores | None:
        """With more leading dimensions in front."""
        more = len(shape) - len(self.axes)
        if not self.plain or more < 0:
            return None
        return replace(self._broadcast(shape[:-2]), axes=tuple(range(len(shape))))

    def times(self, other: Any) -> Scores | None:
        """Multiplied by a number, or by a tensor that is the same for all keys or all queries."""
        if not hasattr(other, "dim") or other.numel() == 1:
            return self._scaled(float(other))
        if self.softcap is not None or other.dim() > len(self.axes):
            return None
        factor = self.ordered(other)
        if factor.shape[-1] == 1:
            return self._both(queries=self.queries * factor, factor=factor)
        if factor.shape[-2] == 1 and not _only_zero_and_one(factor):
            return self._both(keys=self.keys * factor.transpose(-1, -2), factor=factor)
        if self.added is None and _only_zero_and_one(factor):
            zeroed = factor == 0
            return replace(self, zeroed=zeroed if self.zeroed is None else self.zeroed | zeroed)
        return None

    def _both(self, *, factor: Tensor, **what: Tensor) -> Scores | None:
        if self.added is None:
            return replace(self, **what)
        if not bool((factor > 0).all()):
            return None
        return replace(self, added=self.added * factor, **what)

    def _scaled(self, factor: float) -> Scores | None:
        if not math.isfinite(factor) or (factor <= 0 and (self.added, self.softcap) != (
                None, None)):
            return None
        return replace(self, scale=self.scale * factor,
                       added=None if self.added is None else self.added * factor,
                       softcap=None if self.softcap is None else self.softcap * factor)

    def capped(self) -> Scores | None:
        """Its tanh."""
        return replace(self, softcap=1.0) if self.added is None and self.softcap is None else None

    def hidden(self, where: Tensor) -> Scores:
        """With scores hidden where True in a tensor of the shape at hand."""
        import torch

        term = torch.zeros((), device=where.device).masked_fill(self.ordered(where), OUT)
        return replace(self, added=term if self.added is None else self.added + term)

    def summed(self, other: Scores) -> Scores | None:
        """With scores of other queries and keys added: both are parts of longer ones."""
        import torch

        if (self.sizes != other.sizes or self.axes != other.axes
                or self.softcap is not None or other.softcap is not None
                or self.zeroed is not None or other.zeroed is not None):
            return None
        queries = torch.cat([_spread(self.queries * self.scale, self.lead),
                             _spread(other.queries * other.scale, self.lead)], -1)
        keys = torch.cat([_spread(self.keys, self.lead), _spread(other.keys, self.lead)], -1)
        terms = [part.added for part in (self, other) if part.added is not None]
        return replace(self, queries=queries, keys=keys, scale=1.0,
                       added=sum(terms[1:], terms[0]) if terms else None)

    # --- layout

    def permuted(self, order: tuple[int, ...]) -> Scores:
        """With the dimensions of the tensor at hand in another order."""
        return replace(self, axes=tuple(self.axes[i] for i in order))

    def reshaped(self, shape: tuple[int, ...]) -> Scores | None:
        """With other leading dimensions of as many scores."""
        if shape == self.shape:
            return self
        if not self.plain or len(shape) < 2 or shape[-2:] != self.shape[-2:]:
            return None
        lead = shape[:-2]
        fresh = {name: _spread(part, self.lead).reshape(*lead, *part.shape[-2:])
                 for name in ("queries", "keys", "added", "zeroed")
                 if (part := getattr(self, name)) is not None}
        heads = self.lead[1] if (len(self.lead), len(lead)) == (2, 1) else self.heads
        return replace(self, lead=lead, axes=tuple(range(len(shape))), heads=heads, **fresh)

    def turned(self) -> Scores:
        """The same with queries as keys, and keys as queries."""
        last = len(self.axes) - 1
        swap = {last: last - 1, last - 1: last}
        return replace(self, queries=self.keys, keys=self.queries,
                       axes=tuple(swap.get(axis, axis) for axis in self.axes),
                       added=_turned(self.added), zeroed=_turned(self.zeroed))

    def fits(self) -> bool:
        """Whether all that was multiplied by 0 is hidden."""
        if self.zeroed is None:
            return True
        return self.added is not None and not bool((self.zeroed & (self.added > HIDDEN)).any())


def _turned(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.transpose(-1, -2)


def _spread(tensor: Tensor, lead: tuple[int, ...]) -> Tensor:
    """With all leading dimensions."""
    return tensor.expand(*lead, *tensor.shape[-2:])


def _only_zero_and_one(tensor: Tensor) -> bool:
    return bool(((tensor == 0) | (tensor == 1)).all())
