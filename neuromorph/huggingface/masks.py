"""Who may look where, and what is added to logits, of all that models send to their attention."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends import Sight
from neuromorph.errors import UnsupportedError

if TYPE_CHECKING:
    from neuromorph.huggingface.hook import Call

Tensor: TypeAlias = Any
"""A torch tensor; torch is not imported before a model is attached."""

HIDDEN = -1000.0
"""A mask that adds this or less hides a key: e^-1000 is nothing."""

FAINT = 64.0
"""Nats below a query's largest bias from which on a key is hidden, where all heads say so."""


def boolean_mask(
    mask: Tensor | None, query: Tensor, key: Tensor, *, causal: bool, where: str
) -> Tensor:
    """True where a query may look, shape (batch, queries, keys).

    Parameters
    ----------
    mask : tensor or None
        True, or a number above `HIDDEN`, where a query may look, shape (batch or 1, heads or 1,
        queries or 1, keys); without one, causal models expect to be masked all the same.
    query, key : tensor, shape (batch, heads, tokens, size)
    causal : bool
    where : str
        Name of the layer, for messages.

    Raises
    ------
    UnsupportedError
        If the mask holds other numbers, or differs between heads in what it hides.
    """
    import torch

    batch, queries, keys = query.shape[0], query.shape[2], key.shape[2]
    if mask is None:
        seen = torch.ones(queries, keys, dtype=torch.bool, device=query.device)
        return (seen.tril(keys - queries) if causal else seen).expand(batch, queries, keys)
    if mask.dim() != 4 or mask.shape[2] not in (1, queries) or mask.shape[3] < keys:
        raise UnsupportedError("the model's mask has an unknown shape", where=where,
                               found=tuple(mask.shape),
                               expected=f"({batch}, 1, {queries}, {keys})")
    seen = mask if mask.dtype == torch.bool else _from_additive(mask, where)
    if seen.shape[1] > 1 and not torch.equal(seen, seen[:, :1].expand_as(seen)):
        raise UnsupportedError("the model's mask differs between heads", where=where,
                               found=tuple(mask.shape))
    return seen[:, 0, :, :keys].expand(batch, queries, keys)


def _from_additive(mask: Tensor, where: str) -> Tensor:
    import torch

    seen = mask > HIDDEN
    strange = mask[~(torch.isfinite(mask) if mask.is_floating_point() else mask == 0) & ~(
        mask <= HIDDEN)]
    if len(strange):
        raise UnsupportedError("the model's mask adds to the logits what no circuit can",
                               where=where, found=f"{float(strange[0]):g}",
                               expected="numbers of a float type where a query may look, "
                               f"elsewhere {HIDDEN:g} or less")
    return seen


def added_to_logits(mask: Tensor | None, bias: Tensor | None, keys: int) -> Tensor | None:
    """A bias together with what a mask adds to the logits beside hiding; None if that is nothing.

    Returns
    -------
    tensor, shape (batch or 1, heads or 1, queries or 1, keys)
        In float32, and 0 where the mask hides.
    """
    import torch

    found = None
    if mask is not None and mask.is_floating_point():
        part = torch.where(mask > HIDDEN, mask, 0.0).float()[..., :keys]
        found = part if part.any() else None
    if bias is not None and bias.any():
        own = bias[(None,) * (4 - bias.dim())].float()[..., :keys]
        found = own if found is None else own + found
    return found


def without_faint(seen: Tensor, bias: Tensor) -> Tensor:
    """Who may look where, but for keys whose bias is `FAINT` below a query's largest in all heads.

    A model's way to hide may be to add -100.
    """
    import torch

    held = torch.where(seen[:, None], bias, -torch.inf)
    faint = (held < held.amax(dim=3, keepdim=True) - FAINT).all(dim=1)
    return seen & ~faint


def with_sink_in_sight(seen: Tensor) -> Tensor:
    """A mask with a sink in front of the keys, which every query sees that sees any."""
    import torch

    return torch.cat([seen.any(dim=2, keepdim=True), seen], dim=2)


def with_sink_added(bias: Tensor | None, sink: Tensor, keys: int) -> Tensor:
    """A bias with a sink's logits (heads,) in front of the keys."""
    import torch

    column = sink.detach().float().view(1, -1, 1, 1)
    if bias is None:
        bias = column.new_zeros(1, 1, 1, keys)
    lead = torch.broadcast_shapes(bias.shape[:3], column.shape[:3])
    return torch.cat([column.expand(*lead, 1), bias.expand(*lead, -1)], dim=3)


class Sights:
    """Layers are mostly sent the same mask; what follows from it is worked out once."""

    def __init__(self) -> None:
        self._last: tuple[_Seen, tuple[Any, ...], list[tuple[Any, int | None]]] | None = None

    def of(self, call: Call) -> Sight:
        """Who sees what in a call.

        Raises
        ------
        UnsupportedError
            If the mask holds what no circuit can add, or differs between heads.
        """
        return self._seen(call)[0]

    def bias_of(self, call: Call) -> NDArray[np.float32] | None:
        """What a call adds to the logits, shape (batch or 1, heads or 1, queries, keys)."""
        return self._seen(call)[1] if call.sink is None else bias_array(call)

    def _seen(self, call: Call) -> _Seen:
        given = (call.given, call.bias)
        shape = (*call.queries.shape[::2], *call.keys.shape[::2], call.causal, call.sink is None)
        last = self._last  # read once: another Python thread may be at work on another mask
        if last is not None and last[1] == shape and all(
                _same(one, *before) for one, before in zip(given, last[2], strict=True)):
            return last[0]
        kept = [(None if one is None else weakref.ref(one), _version(one)) for one in given]
        seen = (Sight(call.mask.cpu().numpy()),
                bias_array(call) if call.sink is None else None)
        self._last = seen, shape, kept
        return seen


_Seen: TypeAlias = tuple[Sight, "NDArray[np.float32] | None"]


def bias_array(call: Call) -> NDArray[np.float32] | None:
    """What a call adds to the logits, shape (batch or 1, heads or 1, queries, keys)."""
    if call.added is None:
        return None
    queries, keys = call.queries.shape[2], call.stored[0].shape[2]
    wide = call.added.expand(*call.added.shape[:2], queries, keys)
    array: NDArray[np.float32] = wide.detach().cpu().numpy()
    return array


def _same(given: Tensor | None, before: Any, version: int | None) -> bool:
    """Whether a mask is the one from before, and as it was."""
    if given is None or before is None:
        return given is None and before is None
    return before() is given and version is not None and version == _version(given)


def _version(given: Tensor | None) -> int | None:
    """Counts what is written to a mask; None where torch does not count."""
    return None if given is None or given.is_inference() else given._version
