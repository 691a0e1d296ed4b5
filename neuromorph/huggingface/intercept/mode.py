"""Sees each function of torch that a model calls, and answers those that are attention."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from neuromorph.errors import UnsupportedError
from neuromorph.huggingface.hook import answered, no_numbers
from neuromorph.huggingface.intercept.calls import Asked
from neuromorph.huggingface.intercept.layout import Layout, heads_of
from neuromorph.huggingface.intercept.products import (
    Product,
    product_of_einsum,
    product_of_matmul,
)
from neuromorph.huggingface.intercept.running import Running, Stack
from neuromorph.huggingface.intercept.trail import PRODUCTS, Known, Trail
from neuromorph.huggingface.intercept.uncaught import Uncaught
from neuromorph.huggingface.names import ROOT

if TYPE_CHECKING:
    from neuromorph.huggingface.intercept.interception import Interception

_MISSED = object()


class Watch(TorchFunctionMode):
    """Entered while a model runs, in its thread."""

    def __init__(self, interception: Interception, stack: Stack) -> None:
        super().__init__()
        self._interception, self._stack, self._trail = interception, stack, Trail()

    def finish(self, uncaught: Uncaught) -> None:
        """Tell what was not caught; the model is through."""
        for seen in self._trail.softmaxes:
            if not seen.caught:
                uncaught.note(seen.module, seen.lost or "what its weights are for")
        self._trail = Trail()

    @torch.compiler.disable
    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Answer, or let torch do it and note what came out."""
        return self._seen(func, args, kwargs or {})

    def _seen(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        name = _name(func)
        call = self._interception.innermost(self._stack) if name in _ANSWERED else None
        if call is not None:
            answer = _ANSWERED[name](self, call, func, args, kwargs)
            if answer is not _MISSED:
                return answer
        if not self._stack.calls:  # an interrupted call left the mode behind
            return func(*args, **kwargs)
        return self._watched(name, func, args, kwargs)

    def _watched(
        self, name: str, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        with torch._C.DisableTorchFunction():
            given = self._trail.given(name, args, kwargs)
        out = func(*args, **kwargs)
        where = self._stack.calls[-1].name or ROOT
        with torch._C.DisableTorchFunction():
            try:
                self._trail.learn(name, args, kwargs, args[0] if name == "__setitem__" else out,
                                  given, where)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                raise no_numbers(where) from error
        return out

    # --- answers

    def _answer(self, call: Running, asked: Asked, heads: int | None, dropout: float) -> Tensor:
        layer = call.next_layer()
        self._interception.check(call, layer, dropout)
        with torch._C.DisableTorchFunction():
            layout = Layout.of(asked.lead, heads or heads_of(self._stack.inside_out()))
            context = answered(self._interception.handler, asked.call(layer, layout))
            return layout.outward(context).reshape(
                *asked.lead, asked.queries.shape[-2], asked.values.shape[-1])

    def _of_sdpa(
        self, call: Running, _func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        given = _Sdpa(*args, **kwargs)
        return self._answer(call, given.asked(), self._trail.heads(*args[:3]), given.dropout)

    def _of_multihead(
        self, _call: Running, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """torch's own code, which then asks for its attention with the mode on."""
        with self:
            return _without_detour(func)(*args, **{**kwargs, "need_weights": False})

    def _of_product(
        self, call: Running, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        tensors = args[1:] if _name(func) == "einsum" else args
        if len(tensors) == 1 and isinstance(tensors[0], list | tuple):
            tensors = tuple(tensors[0])
        tensors = (*tensors, *kwargs.values())
        if len(tensors) != 2:
            return _MISSED
        left, right = tensors[::-1] if _name(func) == "__rmatmul__" else tensors
        with torch._C.DisableTorchFunction():
            weights, known = self._weights(left, right)
            if known is None or known.scores is None or known.seen is None:
                return _MISSED
            product = product_of_einsum(known.scores, weights, args[0], left, right) if _name(
                func) == "einsum" else product_of_matmul(known.scores, weights, left, right)
        if product is None or not known.scores.fits():
            known.seen.lost = f"torch.{_name(func)}"
            return _MISSED
        known.seen.caught = True
        return self._of_weights(call, known, product, weights.dtype)

    def _weights(self, left: Any, right: Any) -> tuple[Any, Known | None]:
        for tensor in (left, right):
            known = self._trail.of(tensor)
            if known is not None and known.seen is not None:
                return tensor, known
        return None, None

    def _of_weights(
        self, call: Running, known: Known, product: Product, dtype: torch.dtype
    ) -> Tensor:
        scores = known.scores
        if scores is None:
            raise ValueError("weights without scores")
        lead = tuple(torch.broadcast_shapes(scores.lead, product.values.shape[:-2]))
        asked = Asked(scores.queries, scores.keys, product.values, lead, scores.scale,
                      scores.added, softcap=scores.softcap)
        context = self._answer(call, asked, scores.heads, 0.0)
        with torch._C.DisableTorchFunction():
            return product.back(context).to(dtype)


class _Sdpa:
    """Arguments of torch's own attention."""

    def __init__(
        self, query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None,
        dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None,
        enable_gqa: bool = False,
    ) -> None:
        self._query, self._key, self._value, self._mask = query, key, value, attn_mask
        self.dropout, self._causal, self._gqa = dropout_p, is_causal, enable_gqa
        if not query.shape[-1]:
            raise UnsupportedError("queries and keys of attention have no numbers",
                                   found=tuple(query.shape), expected="a head size of at least 1")
        self._scale = query.shape[-1] ** -0.5 if scale is None else float(scale)

    def asked(self) -> Asked:
        with torch._C.DisableTorchFunction():
            lead = self._query.shape[:-2]
            if not self._gqa:
                lead = torch.broadcast_shapes(lead, self._key.shape[:-2], self._value.shape[:-2])
            return Asked(self._query, self._key, self._value, tuple(lead), self._scale,
                         self._allowed(), self._aligned())

    def _aligned(self) -> bool:
        return self._causal and self._query.shape[-2] == self._key.shape[-2]

    def _allowed(self) -> Tensor | None:
        """The mask; where queries are fewer than keys, torch lets the first see the first key."""
        if not self._causal or self._aligned():
            return self._mask
        sizes = self._query.shape[-2], self._key.shape[-2]
        return torch.ones(sizes, dtype=torch.bool, device=self._query.device).tril()


def _name(func: Any) -> str:
    name: str = getattr(func, "__name__", "")
    return getattr(func.__self__, "__name__", name) if name == "__get__" else name


_copies: dict[Any, Callable[..., Any]] = {}


def _without_detour(func: Any) -> Callable[..., Any]:
    """torch's multi-head attention as it is without modes, which it would call for ever.

    Raises
    ------
    UnsupportedError
        If this version of torch asks for modes in another way.
    """
    if func not in _copies:
        if "has_torch_function" not in func.__code__.co_names:
            raise UnsupportedError("this version of torch runs multi-head attention in a way that "
                                   "is not known", found=torch.__version__)
        world = {**func.__globals__, "has_torch_function": lambda _: False}
        _copies[func] = types.FunctionType(func.__code__, world, func.__name__,
                                           func.__defaults__, func.__closure__)
    return _copies[func]


_ANSWERED: dict[str, Callable[..., Any]] = {
    functional.scaled_dot_product_attention.__name__: Watch._of_sdpa,
    functional.multi_head_attention_forward.__name__: Watch._of_multihead,
    **dict.fromkeys(PRODUCTS - {"baddbmm"}, Watch._of_product),
}
