"""Which way a model's attention is reached: transformers' interface, or hooks on any module."""

from __future__ import annotations

from typing import Any, TypeAlias

from neuromorph.errors import MissingExtraError, UsageError
from neuromorph.huggingface import hook
from neuromorph.huggingface.floats import ATTENTION, float_modules
from neuromorph.huggingface.hook import Connection, Handler
from neuromorph.huggingface.inner import is_model, path_to_model
from neuromorph.huggingface.intercept.interception import Interception, interceptions
from neuromorph.huggingface.intercept.uncaught import Uncaught

Link: TypeAlias = Connection | Interception


def connect(model: Any, handler: Handler, uncaught: Uncaught | None = None) -> Link:
    """Send a model's attention calls to a handler, by the interface where the model has one.

    Parameters
    ----------
    model : torch.nn.Module
    handler : callable
    uncaught : Uncaught, optional
        Counts softmaxes that no way reaches.

    Raises
    ------
    UsageError
        If a part of the model is attached by itself, where it cannot be seen.
    UnsupportedError
        If neither way fits.
    """
    if is_model(model) and _all_have_interface(model) and not _leaves_float(model):
        try:
            return Connection(model, handler)
        except hook.NoInterfaceError:
            pass
    if hook.connections(model):
        raise UsageError("a part of the model is attached by itself", where=type(model).__name__,
                         hint="detach() it first")
    return Interception(model, handler, uncaught)


def _all_have_interface(model: Any) -> bool:
    """Whether transformers says so of each of its models inside; it warns where it is tried."""
    said = [getattr(module, "_can_set_attn_implementation", None) for module in model.modules()]
    return all(can() for can in said if can is not None)


def _leaves_float(model: Any) -> bool:
    """Whether some of its attention would not go by the interface."""
    return any(found["kind"] == ATTENTION for found in float_modules(model, ()))


def links(model: Any) -> set[Link]:
    """All that answer for any part of a model."""
    return {*hook.connections(model), *interceptions(model)}


def check_model(model: Any) -> None:
    """Refuse what is no module of torch, or one that is being trained.

    Raises
    ------
    MissingExtraError
        Without torch.
    UsageError
    """
    try:
        from torch.nn import Module, ModuleDict, ModuleList
    except ImportError as error:
        raise MissingExtraError("attach needs torch", found=str(error),
                                hint="pip install 'neuromorph[hf]'") from error
    if not isinstance(model, Module) or isinstance(model, ModuleDict | ModuleList):
        path = path_to_model(model)
        raise UsageError("this is no model", found=type(model).__name__,
                         expected="a torch.nn.Module that can be called",
                         hint=path and f"it holds one, at {path}: attach to that")
    if model.training:
        raise UsageError("the model is in training mode", where=type(model).__name__,
                         hint="call model.eval(): spikes have no gradient, and do not drop out")


