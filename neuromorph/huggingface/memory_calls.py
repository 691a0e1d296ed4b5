"""Calls of layers that keep a memory: what they are, who answers them, and whose layer runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import local
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.dynamics.gated_delta import DeltaSample
from neuromorph.shown import Shown

Floats: TypeAlias = NDArray[np.float64]

SMALLEST_GATE = 1e-30
"""A gate in floats may underflow; its logarithm may not."""


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


Handler: TypeAlias = Callable[[DeltaCall], tuple[Floats, Floats] | None]
"""Outputs (batch, heads, tokens, value_size) and the memory after; None: as the layer has them."""


class Way(NamedTuple):
    """How the memories of a kind of layer are reached.

    Attributes
    ----------
    holder : module or class
        What has functions that such layers call.
    names : tuple of str
        Theirs.
    asking : callable
        From one of them to one that asks the handler of the layer that runs.
    """

    holder: Any
    names: tuple[str, ...]
    asking: Callable[[Callable[..., Any]], Callable[..., Any]]


_STATE = local()


def stack() -> list[tuple[str, Handler | None]]:
    """Layers that run in this thread, the innermost last, and who answers for them."""
    if not hasattr(_STATE, "layers"):
        _STATE.layers = []
    layers: list[tuple[str, Handler | None]] = _STATE.layers
    return layers


def running() -> tuple[str, Handler | None]:
    """The innermost layer that runs, and who answers for it."""
    return stack()[-1] if stack() else ("", None)


def numbers(tensor: Any) -> Floats:
    """A tensor in doubles."""
    found: Floats = tensor.detach().double().cpu().numpy()
    return found


def each_head(sample: DeltaSample) -> Iterator[DeltaSample]:
    """The samples of a layer's heads, arrays of shape (batch, tokens, …)."""
    for head in range(sample.keep.shape[1]):
        yield sample.part((slice(None), head))
