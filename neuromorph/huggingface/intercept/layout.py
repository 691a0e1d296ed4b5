"""Which of a tensor's leading dimensions are heads: to (batch, heads, …) and back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from neuromorph.huggingface.masks import Tensor
from neuromorph.shown import Shown

HEAD_COUNTS = ("num_heads", "n_heads", "n_head", "num_attention_heads", "nhead", "heads",
               "num_head", "n_local_heads", "nheads")
"""What modules call the number of their heads."""


def heads_of(modules: Iterable[Any]) -> int | None:
    """How many heads the first of these modules says that it has."""
    for module in modules:
        for name in HEAD_COUNTS:
            count = getattr(module, name, None)
            if isinstance(count, int) and count > 0:
                return count
    return None


@dataclass(frozen=True, repr=False)
class Layout(Shown):
    """Leading dimensions (``lead``) of which those from ``start`` to ``stop`` count heads.

    One dimension that is batch times heads is given as two.
    """

    lead: tuple[int, ...]
    start: int
    stop: int

    @classmethod
    def of(cls, lead: tuple[int, ...], heads: int | None) -> Layout:
        """The dimensions whose product is the number of heads, the last such; else the last one.

        Parameters
        ----------
        lead : tuple of int
            All dimensions of queries but tokens and size.
        heads : int or None
            How many heads there are, if somebody knows.
        """
        if len(lead) == 1:
            count = heads if heads and lead[0] % heads == 0 else 1
            return cls((lead[0] // count, count), 1, 2)
        for stop in range(len(lead), 0, -1):
            for start in range(stop - 1, -1, -1):
                if heads and math.prod(lead[start:stop]) == heads:
                    return cls(lead, start, stop)
        return cls(lead, max(0, len(lead) - 1), len(lead))

    @property
    def heads(self) -> int:
        """How many heads."""
        return math.prod(self.lead[self.start:self.stop])

    def inward(self, tensor: Tensor, *, loose: bool = False) -> Tensor:
        """(…, a, b) as (batch, heads, a, b); heads that are shared stay fewer.

        Parameters
        ----------
        tensor : tensor
            Its leading dimensions are those of the layout, or 1, or left out; or, of the one
            dimension of heads, a divisor.
        loose : bool
            A batch that is one for all stays 1.
        """
        whole = self._padded(tensor)
        sizes = whole.shape[:-2]
        heads = self._kept(sizes[self.start:self.stop])
        outer = [*self.lead[:self.start], *self.lead[self.stop:]]
        if loose and all(n == 1 for n in (*sizes[:self.start], *sizes[self.stop:])):
            outer = [1] * len(outer)
        whole = whole.expand(*outer[:self.start], *heads, *outer[self.start:], *whole.shape[-2:])
        moved = whole.movedim(tuple(range(self.start, self.stop)),
                              tuple(range(len(outer), len(self.lead))))
        return moved.reshape(math.prod(outer), math.prod(heads), *whole.shape[-2:])

    def outward(self, context: Tensor) -> Tensor:
        """(batch, heads, a, b) as (…, a, b)."""
        outer = (*self.lead[:self.start], *self.lead[self.stop:])
        whole = context.reshape(*outer, *self.lead[self.start:self.stop], *context.shape[-2:])
        return whole.movedim(tuple(range(len(outer), len(self.lead))),
                             tuple(range(self.start, self.stop)))

    def _padded(self, tensor: Tensor) -> Tensor:
        """With all leading dimensions, and batch times heads as two."""
        if tensor.dim() == 3 and len(self.lead) == 2 and tensor.shape[0] == math.prod(self.lead):
            tensor = tensor.reshape(*self.lead, *tensor.shape[1:])
        return tensor.reshape(*[1] * (len(self.lead) + 2 - tensor.dim()), *tensor.shape)

    def _kept(self, sizes: tuple[int, ...]) -> tuple[int, ...]:
        """Sizes of the dimensions of heads in what is handed on."""
        full = self.lead[self.start:self.stop]
        if len(full) == 1:
            return tuple(sizes)
        shared = next((i for i, n in enumerate(sizes) if n == 1), len(sizes))
        return tuple(sizes) if all(n == 1 for n in sizes[shared:]) and sizes[:shared] == full[
            :shared] else full


def as_many(tensor: Tensor, heads: int) -> Tensor:
    """Keys or values, each head as often as there are more wanted."""
    return tensor.repeat_interleave(heads // tensor.shape[1], dim=1)
