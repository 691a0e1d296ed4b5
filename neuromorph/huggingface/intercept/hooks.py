"""What stands among the hooks of each module of an intercepted model.

torch.compile runs it as it is: there is no graph of what happens outside torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from neuromorph.errors import UnsupportedError, UsageError

if TYPE_CHECKING:
    from neuromorph.huggingface.intercept.interception import Interception


class _Hook:
    """Ours among a module's hooks; it is not copied, since the copy would be half attached."""

    def __init__(self, interception: Interception) -> None:
        self.interception = interception

    @property
    def __name__(self) -> str:
        """Asked for by torch.jit.script alone, before it compiles the hook."""
        raise UnsupportedError("torch.jit.script cannot take spikes into a graph",
                               hint="detach the model before it is scripted")

    def __reduce_ex__(self, protocol: object) -> Any:
        raise UsageError("an attached model cannot be copied or pickled",
                         hint="detach() it first; the copy can be attached, too. To save its "
                         "weights take its state_dict")


class Before(_Hook):
    """Tells that a module begins."""

    def __init__(self, interception: Interception, names: tuple[str, ...]) -> None:
        super().__init__(interception)
        self.names = names

    @torch.compiler.disable
    def __call__(self, module: Any, _args: Any, kwargs: Mapping[str, Any]) -> None:
        """Called by torch."""
        self.interception.enter(module, self.names, kwargs)


class After(_Hook):
    """Tells that a module ends."""

    @torch.compiler.disable
    def __call__(self, module: Any, *_: Any) -> None:
        """Called by torch."""
        self.interception.leave(module)
