"""From tensors of any layout to a `Call`, and from its context back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neuromorph.errors import UnsupportedError
from neuromorph.huggingface.hook import Call
from neuromorph.huggingface.intercept.layout import Layout, as_many
from neuromorph.huggingface.masks import HIDDEN, Tensor
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Asked(Shown):
    """An attention that somebody computes, in the layout in which they do it.

    ``queries`` (…, queries, size), ``keys`` (…, keys, size), ``values`` (…, keys, value_size), of
    one number of leading dimensions or fewer; ``added`` (…, queries, keys) is added to the scores,
    or says where to look, or is None.
    """

    queries: Tensor
    keys: Tensor
    values: Tensor
    lead: tuple[int, ...]
    scale: float
    added: Tensor | None = None
    causal: bool = False
    softcap: float | None = None

    def call(self, layer: str, layout: Layout) -> Call:
        """As a `Call`.

        Raises
        ------
        UnsupportedError
            If the numbers of heads do not fit each other.
        """
        keys, values = layout.inward(self.keys), layout.inward(self.values)
        heads = max(keys.shape[1], values.shape[1])
        if layout.heads % heads or heads % keys.shape[1] or heads % values.shape[1]:
            raise UnsupportedError("heads do not divide into key-value groups", where=layer,
                                   found=f"{layout.heads} heads, {keys.shape[1]} key, "
                                   f"{values.shape[1]} value")
        given, bias = _mask_and_bias(self.added, self.keys.shape[-2], layout)
        return Call(layer, layout.inward(self.queries), as_many(keys, heads),
                    as_many(values, heads), given, self.causal, self.scale, bias,
                    softcap=self.softcap)


def _mask_and_bias(
    added: Tensor | None, keys: int, layout: Layout
) -> tuple[Tensor | None, Tensor | None]:
    """What hides, and what is added where nothing hides; None where that is nothing."""
    if added is None:
        return None, None
    if added.dim() < 2:
        added = added.reshape(*[1] * (2 - added.dim()), *added.shape)
    if added.shape[-1] == 1:
        added = added.expand(*added.shape[:-1], keys)
    if not _is_bool(added):
        seen = ~(added <= HIDDEN)  # so that NaN does not hide: it is a bias, which is refused
        bias = added.masked_fill(~seen, 0)
        mask = None if bool(seen.all()) else layout.inward(seen, loose=True)
        return mask, layout.inward(bias, loose=True) if bool(bias.any()) else None
    return (added if added.dim() == 4 == len(layout.lead) + 2
            else layout.inward(added, loose=True)), None


def _is_bool(tensor: Any) -> bool:
    import torch

    return bool(tensor.dtype == torch.bool)
