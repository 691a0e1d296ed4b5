"""Who is evaluated, and against whom: each says what it makes of the tokens of a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.evaluation.figures import Said
from neuromorph.bundle.whole import WholeBundle
from neuromorph.circuits.transformer.numbers import Read
from neuromorph.shown import Shown
from neuromorph.translate.transformer import FloatTransformer


class Side(Protocol):
    """A model."""

    def said(self, ids: NDArray[np.int64]) -> Said:
        """What it makes of some tokens."""


def run_whole(model: Any, inputs: NDArray[Any]) -> Any:
    """The compiled closed form of a whole sequence, with its hidden states."""
    from neuromorph.backends.fast.transformer import run

    return run(model, inputs, streams=True)


@dataclass(frozen=True, eq=False, repr=False)
class Integers(Shown):
    """A whole model in integers."""

    bundle: WholeBundle

    def said(self, ids: NDArray[np.int64]) -> Said:
        """Hidden states as what they stand for, and an answer that is one; logits as they are."""
        made, streams = run_whole(self.bundle.model, ids), self.bundle.streams
        states = [] if streams is None else [streams.decode(n, stream)
                                             for n, stream in enumerate(made.streams)]
        head, answer = self.bundle.model.head, made.answer
        if streams is not None and head.dense is None:
            tokens = len(ids) if head.read == "mean" else 1
            return Said(states, streams.decode(len(states) - 1, answer / tokens))
        return Said(states, answer, 2.0**-head.places)


@dataclass(frozen=True, eq=False, repr=False)
class FloatNumpy(Shown):
    """A transformer in float64, without torch."""

    floats: FloatTransformer

    def said(self, ids: NDArray[np.int64]) -> Said:
        """Hidden states and answer."""
        return Said(*self.floats.run(ids))


@dataclass(frozen=True, eq=False, repr=False)
class FloatTorch(Shown):
    """A transformers model in floats; with ``read``, an encoder."""

    model: Any
    read: Read = "each"

    def said(self, ids: NDArray[np.int64]) -> Said:
        """Hidden states, and logits or the answer."""
        from neuromorph.huggingface.float_side import passed

        return Said(*passed(self.model, ids, _POOLS.get(self.read)))


@dataclass(frozen=True, eq=False, repr=False)
class Spiking(Shown):
    """A transformers model whose attention runs in spikes while it is asked, and not after."""

    attachment: Any
    read: Read = "each"

    def said(self, ids: NDArray[np.int64]) -> Said:
        """As `FloatTorch`, with attention in spikes."""
        with self.attachment:
            return FloatTorch(self.attachment.model, self.read).said(ids)


_POOLS: dict[str, Callable[[Any], Any]] = {
    "mean": lambda states: states.mean(dim=0, keepdim=True), "first": lambda states: states[:1]}
