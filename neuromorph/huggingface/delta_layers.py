"""Layers that keep a memory by the gated delta rule or by linear attention, in transformers.

While a layer of a connected model runs, the calls of its memory are answered by a handler; any
other call finds the functions of its Python module or class as they were.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from neuromorph.huggingface import gated_delta_net, lightning
from neuromorph.huggingface.memory_calls import Handler, Way, stack
from neuromorph.shown import Shown

if TYPE_CHECKING:
    from typing_extensions import Self


def delta_modules(model: Any) -> dict[str, Any]:
    """Modules of a model that keep such a memory, by name."""
    return {name: module for name, module in model.named_modules() if _way(module) is not None}


def _way(module: Any) -> Way | None:
    return gated_delta_net.way(module) or lightning.way(module)


@dataclass(eq=False, repr=False)
class DeltaConnection(Shown):
    """Answers the calls of a model's memories by a handler, until it is closed.

    Attributes
    ----------
    handler : callable
    layers : tuple of str
        Names of the modules whose calls it answers.
    closed : bool
        A copy of a connected model keeps its hooks, which do nothing then.
    """

    handler: Handler
    layers: tuple[str, ...]
    closed: bool = False
    _open: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def of(cls, model: Any, handler: Handler) -> DeltaConnection:
        """Connect all memories of a model; without any there is nothing to answer."""
        modules = delta_modules(model)
        made = cls(handler, tuple(modules))
        for name, module in modules.items():
            way = _way(module)
            if way is not None:
                made._open.enter_context(_Patched(way))
                made._hook(name, module)
        return made

    def _hook(self, name: str, module: Any) -> None:
        def enter(*_: Any) -> None:
            stack().append((name, None if self.closed else self.handler))

        def leave(*_: Any) -> None:
            stack().pop()

        for hook in (module.register_forward_pre_hook(enter),
                     module.register_forward_hook(leave, always_call=True)):
            self._open.callback(hook.remove)

    def close(self) -> None:
        """Give the layers their own functions back; harmless when done twice."""
        self.closed = True
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_ATTACHED: WeakKeyDictionary[Any, DeltaConnection] = WeakKeyDictionary()


def attach_memories(model: Any, handler: Handler | None) -> None:
    """Let a model's memories be answered by one handler, or by none; what it had is closed."""
    had = _ATTACHED.pop(model, None)
    if had is not None:
        had.close()
    if handler is not None:
        _ATTACHED[model] = DeltaConnection.of(model, handler)


def attached_to(model: Any) -> Handler | None:
    """The handler that a model's memories are answered by, if there is one."""
    had = _ATTACHED.get(model)
    return None if had is None else had.handler


def detach_memories(model: Any, handler: Handler | None) -> None:
    """Close a model's connection if it is this handler's, and not a later one's."""
    had = _ATTACHED.get(model)
    if had is not None and had.handler is handler:
        attach_memories(model, None)


class _Patched:
    """Functions that ask whose layer is running; shared by all connections, and counted."""

    _users: Counter[Any] = Counter()  # noqa: RUF012 - of all

    def __init__(self, way: Way) -> None:
        self.way = way

    def __enter__(self) -> None:
        holder, names, asking = self.way
        if not self._users[holder]:
            for name in names:
                setattr(holder, name, asking(getattr(holder, name)))
        self._users[holder] += 1

    def __exit__(self, *_: object) -> None:
        holder, names, _asking = self.way
        self._users[holder] -= 1
        if not self._users[holder]:
            for name in names:
                setattr(holder, name, getattr(holder, name).__wrapped__)
