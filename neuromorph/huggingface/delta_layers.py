"""Layers that keep a memory by the gated delta rule, as transformers runs them.

Gated DeltaNet layers (Qwen3-Next, Qwen3.5, OLMo Hybrid) call one of two functions of their own
Python module: token by token, or in chunks. While a layer of a connected model runs, its call is
answered by a handler; any other call finds the function as it was.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import wraps
from threading import local
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from neuromorph.dynamics.gated_delta import DeltaSample
from neuromorph.errors import UnsupportedError
from neuromorph.shown import Shown

if TYPE_CHECKING:
    from typing_extensions import Self

FUNCTIONS = ("torch_chunk_gated_delta_rule", "torch_recurrent_gated_delta_rule")
EPSILON = 1e-6
"""Under the root of a key's and a query's length, as in transformers."""

SMALLEST_GATE = 1e-30
"""A gate in floats may underflow; its logarithm may not."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class DeltaCall(Shown):
    """One call of a layer's memory.

    Attributes
    ----------
    layer : str
        Name of the module.
    sample : DeltaSample
        Arrays of shape (batch, heads, tokens, …), keys and queries as the rule takes them.
    memory : float array, shape (batch, heads, value_size, key_size), optional
        Before the first token; None if it is empty.
    """

    layer: str
    sample: DeltaSample
    memory: Floats | None


Handler = Callable[[DeltaCall], tuple[Floats, Floats] | None]
"""Outputs (batch, heads, tokens, value_size) and the memory after; None: as the layer has them."""


def delta_modules(model: Any) -> dict[str, Any]:
    """Modules of a model that keep a memory by the gated delta rule, by name."""
    return {name: module for name, module in model.named_modules()
            if hasattr(module, "A_log") and _home(module) is not None}


def _home(module: Any) -> ModuleType | None:
    """The Python module whose functions a layer calls, if it has them."""
    home = sys.modules.get(type(module).__module__)
    return home if home is not None and all(hasattr(home, name) for name in FUNCTIONS) else None


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
            home = _home(module)
            if home is not None:
                made._open.enter_context(_Patched(home))
                made._hook(name, module)
        return made

    def _hook(self, name: str, module: Any) -> None:
        def enter(*_: Any) -> None:
            _running().append((name, None if self.closed else self.handler))

        def leave(*_: Any) -> None:
            _running().pop()

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


def detach_memories(model: Any, handler: Handler | None) -> None:
    """Close a model's connection if it is this handler's, and not a later one's."""
    had = _ATTACHED.get(model)
    if had is not None and had.handler is handler:
        attach_memories(model, None)


class _Patched:
    """A Python module whose functions ask whose layer is running; shared, and counted."""

    _users: dict[str, int] = {}  # noqa: RUF012 - of all

    def __init__(self, home: ModuleType) -> None:
        self.home = home

    def __enter__(self) -> None:
        if not self._users.get(self.home.__name__):
            for name in FUNCTIONS:
                setattr(self.home, name, _asking(getattr(self.home, name)))
        self._users[self.home.__name__] = self._users.get(self.home.__name__, 0) + 1

    def __exit__(self, *_: object) -> None:
        self._users[self.home.__name__] -= 1
        if not self._users[self.home.__name__]:
            for name in FUNCTIONS:
                setattr(self.home, name, getattr(self.home, name).__wrapped__)


_STATE = local()


def _running() -> list[tuple[str, Handler | None]]:
    """Layers that run in this thread, the innermost last."""
    if not hasattr(_STATE, "layers"):
        _STATE.layers = []
    layers: list[tuple[str, Handler | None]] = _STATE.layers
    return layers


def _asking(own: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(own)
    def rule(query: Any, key: Any, value: Any, **given: Any) -> Any:
        layer, handler = _running()[-1] if _running() else ("", None)
        answered = handler and handler(delta_call(layer, query, key, value, **given))
        if answered is None:
            return own(query, key, value, **given)
        outputs, memory = (value.new_tensor(array) for array in answered)
        kept = memory.transpose(-1, -2).float() if given.get("output_final_state") else None
        return outputs.transpose(1, 2).contiguous(), kept
    return rule


def delta_call(
    layer: str, query: Any, key: Any, value: Any, *, g: Any, beta: Any, initial_state: Any = None,
    use_qk_l2norm_in_kernel: bool = False, **given: Any,
) -> DeltaCall:
    """What transformers calls the rule with: tensors (batch, tokens, heads, …), g = ln alpha.

    Raises
    ------
    UnsupportedError
        For sequences packed side by side.
    """
    if given.get("cu_seqlens") is not None:
        raise UnsupportedError("sequences packed side by side have no memories of their own here",
                               where=layer, hint="call the model with a padded batch")
    group = value.shape[2] // key.shape[2]
    queries, keys, values, rate, decay = (_heads_first(one) for one in (query, key, value, beta, g))
    if use_qk_l2norm_in_kernel:
        queries, keys = (one / np.sqrt((one * one).sum(axis=-1, keepdims=True) + EPSILON)
                         for one in (queries, keys))
    queries, keys = (np.repeat(one, group, axis=1) for one in (queries, keys))
    sample = DeltaSample(queries / queries.shape[-1] ** 0.5, keys, values,
                         np.maximum(np.exp(decay), SMALLEST_GATE), rate)
    memory = None if initial_state is None else _numbers(initial_state).swapaxes(-1, -2)
    return DeltaCall(layer, sample, memory)


def _heads_first(tensor: Any) -> Floats:
    return _numbers(tensor).swapaxes(1, 2)


def _numbers(tensor: Any) -> Floats:
    numbers: Floats = tensor.detach().double().cpu().numpy()
    return numbers


def each_head(sample: DeltaSample) -> Iterator[DeltaSample]:
    """The samples of a layer's heads, arrays of shape (batch, tokens, …)."""
    for head in range(sample.keep.shape[1]):
        yield DeltaSample(sample.queries[:, head], sample.keys[:, head], sample.values[:, head],
                          sample.keep[:, head], sample.rate[:, head], sample.forgets_key)
