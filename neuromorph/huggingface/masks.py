"""Who may look where, from any of the masks that models send to their attention."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, TypeAlias

from neuromorph.backends import Sight
from neuromorph.errors import UnsupportedError

if TYPE_CHECKING:
    from neuromorph.huggingface.hook import Call

Tensor: TypeAlias = Any
"""A torch tensor; torch is not imported before a model is attached."""

HIDDEN = -1000.0
"""A mask that adds this or less hides a key: e^-1000 is nothing."""


def boolean_mask(
    mask: Tensor | None, query: Tensor, key: Tensor, *, causal: bool, where: str
) -> Tensor:
    """True where a query may look, shape (batch, queries, keys).

    Parameters
    ----------
    mask : tensor or None
        True or 0 where a query may look, shape (batch or 1, heads or 1, queries or 1, keys);
        without one, causal models expect to be masked all the same.
    query, key : tensor, shape (batch, heads, tokens, size)
    causal : bool
    where : str
        Name of the layer, for messages.

    Raises
    ------
    UnsupportedError
        If the mask does more than to hide, or differs between heads.
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
    seen = mask == 0
    more = mask[~(seen | (mask <= HIDDEN))]
    if len(more):
        raise UnsupportedError("the model's mask adds to the logits, which no circuit does yet",
                               where=where, found=f"{float(more[0]):g}",
                               expected=f"0 where a query may look, elsewhere {HIDDEN:g} or less")
    return seen


class Sights:
    """Layers are mostly sent the same mask; what follows from it is worked out once."""

    def __init__(self) -> None:
        self._last: tuple[Sight, tuple[Any, ...], Any, int | None] | None = None

    def of(self, call: Call) -> Sight:
        """Who sees what in a call.

        Raises
        ------
        UnsupportedError
            If the mask does more than to hide, or differs between heads.
        """
        given, shape = call.given, (*call.queries.shape[::2], *call.keys.shape[::2], call.causal)
        last = self._last  # read once: another Python thread may be at work on another mask
        if last is not None and last[1] == shape and _same(given, *last[2:]):
            return last[0]
        version = _version(given)
        sight = Sight(call.mask.cpu().numpy())
        self._last = sight, shape, None if given is None else weakref.ref(given), version
        return sight


def _same(given: Tensor | None, before: Any, version: int | None) -> bool:
    """Whether a mask is the one from before, and as it was."""
    if given is None or before is None:
        return given is None and before is None
    return before() is given and version is not None and version == _version(given)


def _version(given: Tensor | None) -> int | None:
    """Counts what is written to a mask; None where torch does not count."""
    return None if given is None or given.is_inference() else given._version
