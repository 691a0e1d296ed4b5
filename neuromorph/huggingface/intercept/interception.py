"""A torch module whose attention calls go to a handler, whatever it is made of.

Hooks tell which module runs. The outermost enters a mode of torch that sees every function, and
leaves it at its end: modes hold for one thread.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from neuromorph import threads
from neuromorph.errors import UnsupportedError
from neuromorph.huggingface.hook import Handler, check_mode, no_numbers, no_weights
from neuromorph.huggingface.intercept.running import Running, Stack, calls_of, leave, name_within
from neuromorph.huggingface.intercept.uncaught import Uncaught
from neuromorph.huggingface.names import ROOT, names_of


class Interception:
    """A model whose attention calls go to a handler, until it is closed.

    They nest: of several, the one that was opened last answers.

    Parameters
    ----------
    model : torch.nn.Module
    handler : callable
    uncaught : Uncaught, optional
        Counts softmaxes that look like attention and were not caught.

    Raises
    ------
    UnsupportedError
        If part of the model is TorchScript, which no hook sees into.
    """

    way = "hooks"

    def __init__(self, model: Any, handler: Handler, uncaught: Uncaught | None = None) -> None:
        _check_python(model)
        threads.limit_torch()
        from neuromorph.huggingface.intercept.hooks import After, Before

        self.handler = handler
        self.uncaught = Uncaught() if uncaught is None else uncaught
        self.uncaught.watched = True
        self._local = _Local()
        self._handles: list[Any] = []
        for module, names in names_of(model).items():
            self._handles += [
                module.register_forward_pre_hook(Before(self, names), with_kwargs=True),
                module.register_forward_hook(After(self), always_call=True)]

    @property
    def open(self) -> bool:
        """Whether attention comes here."""
        return bool(self._handles)

    @property
    def asked(self) -> bool:
        """The same: nobody can choose another attention meanwhile."""
        return self.open

    def close(self) -> None:
        """Give the model back; harmless when done twice."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    # --- what hooks tell

    def enter(self, module: Any, names: tuple[str, ...], kwargs: Mapping[str, Any]) -> None:
        """A module begins."""
        if _is_exported():  # torch.export keeps its own modes in order only if ours is not there
            raise no_numbers(names[0] or ROOT)
        stack = self._local.stack
        if stack.are_left_over(module):
            stack.calls.clear()
            leave(stack.mode)
            self._local.stack = stack = Stack()
        outer = stack.calls[-1].name if stack.calls else None
        if not stack.calls:
            from neuromorph.huggingface.intercept.mode import Watch

            stack.mode = Watch(self, stack)
            stack.mode.__enter__()
        stack.calls.append(Running(module, name_within(names, outer)))
        self._check(module, kwargs)
        if len(stack.calls) == 1:
            check_mode(names[0] or ROOT, module, 0.0)

    def leave(self, module: Any) -> None:
        """A module ends, with a result or an error."""
        stack = self._local.stack
        if not stack.calls or stack.calls[-1].module is not module:
            return  # another hook failed before ours
        stack.calls.pop()
        if not stack.calls:
            leave(stack.mode)
            stack.mode.finish(self.uncaught)
            stack.mode = None

    def _check(self, module: Any, kwargs: Mapping[str, Any]) -> None:
        config = getattr(module, "config", None)
        if kwargs.get("output_attentions") or (getattr(config, "output_attentions", None) is True):
            raise no_weights(self._local.stack.calls[-1].name or ROOT)

    # --- what the mode asks

    def innermost(self, stack: Stack) -> Running | None:
        """The call that an attention belongs to, if it is ours to answer."""
        if not self.open or not stack.calls:
            return None
        call = stack.calls[-1]
        if _answering(call.module) is not self or not calls_of(call.module):
            return None
        return call

    def check(self, call: Running, layer: str, dropout: float) -> None:
        """Refuse what spikes cannot do."""
        check_mode(layer, call.module, dropout)


class _Local(threading.local):
    def __init__(self) -> None:
        self.stack = Stack()


def interceptions(model: Any) -> set[Interception]:
    """Those that answer for any part of a model."""
    return {found for module in model.modules() if (found := _answering(module))}


def _answering(module: Any) -> Interception | None:
    """The interception that was opened last for a module."""
    from neuromorph.huggingface.intercept.hooks import Before

    hooks = [hook for hook in module._forward_pre_hooks.values() if isinstance(hook, Before)]
    return hooks[-1].interception if hooks else None


def _is_exported() -> bool:
    from torch import compiler

    asked = getattr(compiler, "is_exporting", None)  # new in torch 2.7
    return asked is not None and bool(asked())


def _check_python(model: Any) -> None:
    import torch

    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise UnsupportedError(
                "TorchScript runs without Python, where no attention can be caught",
                where=name or ROOT, found=type(module).__name__,
                hint="attach the module that it was made of")
