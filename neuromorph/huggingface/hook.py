"""The one attention function that transformers calls, and how it finds whose layer it serves.

transformers lets a model look its attention up by name. All our models share the name
``neuromorph``; which layer of which model calls is told by the module that is passed in.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from neuromorph.errors import BackendError, MissingExtraError, UnsupportedError

NAME = "neuromorph"

Tensor: TypeAlias = Any
"""A torch tensor; torch is not imported before a model is attached."""

_UNSUPPORTED = {
    "position_bias": "an additive position bias",
    "softcap": "soft-capped logits",
    "s_aux": "learned attention sinks",
    "cache": "a paged cache",
}


@dataclass(frozen=True, eq=False)
class Call:
    """One attention call of one layer, as torch tensors.

    ``queries`` (batch, heads, queries, size) are scaled; ``mask`` (batch, queries, keys) is
    True where a query may look.
    """

    layer: str
    queries: Tensor
    keys: Tensor
    values: Tensor
    mask: Tensor


Handler: TypeAlias = Callable[[Call], Tensor]

_handlers: weakref.WeakKeyDictionary[Any, tuple[str, Handler]] = weakref.WeakKeyDictionary()


def connect(model: Any, handler: Handler) -> str:
    """Send every attention call of a model to a handler; returns the name it replaces."""
    _register()
    before = str(model.config._attn_implementation)
    for name, module in model.named_modules():
        _handlers[module] = (name, handler)
    model.set_attn_implementation(NAME)
    if model.config._attn_implementation != NAME:
        disconnect(model, before)
        raise UnsupportedError("the model does not let its attention be replaced",
                               where=type(model).__name__,
                               hint="it must use transformers' attention interface")
    return before


def disconnect(model: Any, before: str) -> None:
    """Give a model its own attention back."""
    for module in model.modules():
        _handlers.pop(module, None)
    model.set_attn_implementation(before)


def _register() -> None:
    """Make the name known to transformers, together with a mask that is never left out."""
    try:
        from transformers import AttentionInterface, AttentionMaskInterface
        from transformers.masking_utils import sdpa_mask
    except ImportError as error:
        raise MissingExtraError("attach needs torch and transformers", found=str(error),
                                hint="pip install 'neuromorph[hf]'") from error

    def full_mask(*args: Any, **kwargs: Any) -> Tensor:
        kwargs.update(allow_is_causal_skip=False, allow_is_bidirectional_skip=False)
        return sdpa_mask(*args, **kwargs)

    AttentionInterface.register(NAME, _attention)
    AttentionMaskInterface.register(NAME, full_mask)


def _attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    is_causal: bool | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """transformers' attention signature; returns (batch, queries, heads, value_size)."""
    found = _handlers.get(module)
    if found is None:
        raise BackendError("a layer that was never attached asked for spiking attention",
                           where=type(module).__name__, hint="call neuromorph.attach(model, …)")
    layer, handler = found
    for name, what in _UNSUPPORTED.items():
        if kwargs.get(name) is not None:
            raise UnsupportedError(f"the model uses {what}, which no circuit has yet", where=layer)
    if dropout:
        raise UnsupportedError("attention dropout is on", where=layer, hint="call model.eval()")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    causal = getattr(module, "is_causal", False) if is_causal is None else is_causal
    mask = boolean_mask(attention_mask, query, key, bool(causal))
    context = handler(Call(layer, query * scale, key, value, mask))
    return context.transpose(1, 2).contiguous(), None


def boolean_mask(mask: Tensor | None, query: Tensor, key: Tensor, causal: bool) -> Tensor:
    """Who may look where, (batch, queries, keys); causal models may send no mask at all."""
    import torch

    batch, queries, keys = query.shape[0], query.shape[2], key.shape[2]
    if mask is None:
        seen = torch.ones(queries, keys, dtype=torch.bool)
        if causal and queries > 1:
            seen = seen.tril(keys - queries)
        return seen.expand(batch, queries, keys)
    if mask.dim() != 4 or mask.shape[1] != 1:
        raise UnsupportedError("the model's mask differs between heads", found=tuple(mask.shape),
                               expected="(batch, 1, queries, keys)")
    seen = mask if mask.dtype == torch.bool else mask > torch.finfo(mask.dtype).min / 2
    return seen[:, 0, -queries:, :keys].expand(batch, queries, keys)
