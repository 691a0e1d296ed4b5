"""A context without a gradient, and an error where one is asked for."""

from __future__ import annotations

from functools import cache
from typing import Any

from neuromorph.errors import UnsupportedError
from neuromorph.huggingface.masks import Tensor


def without_gradient(context: Tensor, layer: str, *sources: Tensor) -> Tensor:
    """The context, which `backward` refuses to pass: spikes have no gradient.

    Without this the queries, keys and values that it came from would be left out silently, and
    every weight below them would get a wrong gradient.

    Parameters
    ----------
    context : tensor
    layer : str
        Name of the layer, for messages.
    *sources : tensor
        What the context was made from.
    """
    return _refusal().apply(context, layer, *sources) if _watched(sources) else context


def _watched(sources: tuple[Tensor, ...]) -> bool:
    """Whether torch follows what is made of these, in either direction."""
    import torch
    from torch.autograd import forward_ad

    if forward_ad._current_level >= 0:
        return True
    return torch.is_grad_enabled() and any(source.requires_grad for source in sources)


@cache
def _refusal() -> Any:
    """The function; torch is not imported before a model is attached."""
    import torch

    class Spikes(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, context: Tensor, layer: str, *_: Tensor) -> Tensor:
            ctx.layer = layer
            return context

        @staticmethod
        def backward(ctx: Any, *_: Tensor) -> Any:
            raise _error(ctx.layer)

        @staticmethod
        def jvp(ctx: Any, *_: Tensor) -> Any:
            raise _error(ctx.layer)

    return Spikes


def _error(layer: str) -> UnsupportedError:
    return UnsupportedError("a gradient was asked for, and spikes have none", where=layer,
                            hint="train the model detached; what comes after its last attention "
                            "can be trained alone, if all before has requires_grad_(False)")
