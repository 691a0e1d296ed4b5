"""Which modules of a model run in a thread at the moment, from outside in."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from neuromorph.huggingface.names import ROOT
from neuromorph.shown import Shown


@dataclass(eq=False, repr=False)
class Running(Shown):
    """One call of a module.

    Attributes
    ----------
    module : torch.nn.Module
    name : str
    answered : int
        Attention calls that were answered in it.
    """

    module: Any
    name: str
    answered: int = 0

    def next_layer(self) -> str:
        """The name of the next attention call: the module's, from the second on with a number."""
        self.answered += 1
        name = self.name or ROOT
        return name if self.answered == 1 else f"{name}#{self.answered}"


def name_within(names: tuple[str, ...], outer: str | None) -> str:
    """Which of the names of a shared module is meant where it runs in the module ``outer``."""
    if outer is not None:
        for name in names:
            if not outer or name.startswith(f"{outer}."):
                return name
    return names[0]


def calls_of(module: Any) -> int:
    """How many calls of a module Python is in the middle of, in this thread."""
    from torch.nn import Module

    code, frame, count = Module._call_impl.__code__, _frame(), 0
    while frame is not None:
        if frame.f_code is code and frame.f_locals.get("self") is module:
            count += 1
        frame = frame.f_back
    return count


def leave(mode: Any) -> None:
    """Leave a mode, unless another was entered since: then it stays, and does nothing any more."""
    from torch.overrides import _get_current_function_mode

    if _get_current_function_mode() is mode:
        mode.__exit__(None, None, None)


def _frame() -> FrameType | None:
    return sys._getframe(1)


@dataclass(eq=False, repr=False)
class Stack(Shown):
    """All calls that run, and the mode that was entered for the first of them."""

    calls: list[Running] = field(default_factory=list)
    mode: Any = None

    def are_left_over(self, module: Any) -> bool:
        """Whether the calls were interrupted (Ctrl-C), and a new one of the first module begins."""
        begun = Counter(id(call.module) for call in self.calls)[id(module)]
        return bool(self.calls) and self.calls[0].module is module and calls_of(module) <= begun

    def inside_out(self) -> Iterable[Any]:
        """Modules, the innermost first."""
        return (call.module for call in reversed(self.calls))
