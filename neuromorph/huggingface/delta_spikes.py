"""Memories of the gated delta rule in integers, in the place of a model's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.circuits.gated_delta import KEYS_MAX, Remembered, Rounding
from neuromorph.dynamics.gated_delta import DeltaSample
from neuromorph.errors import CalibrationError, UnsupportedError
from neuromorph.huggingface.delta_layers import DeltaConnection, delta_modules
from neuromorph.huggingface.inputs import call_model
from neuromorph.huggingface.memory_calls import DeltaCall, each_head
from neuromorph.huggingface.other_memories import why_not
from neuromorph.shown import Shown
from neuromorph.translate.delta_code import DeltaCode, calibrate_delta

Floats = NDArray[np.float64]


RETURNED = 1e-6
"""How far a memory that we gave may be rounded when it comes back: it was kept with 24 bits."""


class _Went(NamedTuple):
    """Where a layer's sequences are: tokens so far, and of each head what is kept."""

    tokens: int = 0
    owed: list[Floats] | None = None
    weights: list[NDArray[np.int64]] | None = None
    memory: Floats | None = None


@dataclass(eq=False, repr=False)
class DeltaSpikes(Shown):
    """Answers the calls of a model's memories as their circuits would, to the bit.

    Attributes
    ----------
    codes : dict of layer name to tuple of DeltaCode
        One code a head.
    backend : str
        What computes them: the same integers on all, compiled on `fast`.
    tokens, clipped : int
        Tokens of all layers and sequences so far; codes, errors and weights at a limit.
    """

    codes: Mapping[str, tuple[DeltaCode, ...]]
    backend: str = backends.DEFAULT
    tokens: int = 0
    clipped: int = 0
    _went: dict[str, _Went] = field(default_factory=dict)

    def __call__(self, call: DeltaCall) -> tuple[Floats, Floats]:
        """Outputs and the memory after them, in floats, of one call."""
        before, remember = self._before(call), backends.remembering(self.backend)
        outputs, memory, weights, owes = [], [], [], []
        for head, (code, sample) in enumerate(zip(self.codes[call.layer], each_head(call.sample),
                                                  strict=True)):
            codes, clipped, owing = code.encode(sample, before.owed[head] if before.owed else None)
            held = before.weights[head] if before.weights else None
            done = remember(code.numbers, codes, held, before.tokens)
            self.clipped += clipped + _clipped(done)
            outputs.append(code.decode(done.answers))
            memory.append(code.memory(done.weights))
            weights.append(done.weights)
            owes.append(owing)
        batch, _, tokens = call.sample.keep.shape
        after = np.stack(memory, axis=1)
        self._went[call.layer] = _Went(before.tokens + tokens, owes, weights, after)
        self.tokens += batch * tokens
        return np.stack(outputs, axis=1), after

    def _before(self, call: DeltaCall) -> _Went:
        """What came before; of a memory that is not the last one, what its floats say."""
        went = self._went.get(call.layer)
        if call.memory is None:
            return _Went()
        if went is not None and went.memory is not None and (
                went.memory.shape == call.memory.shape
                and np.allclose(went.memory, call.memory, rtol=RETURNED, atol=0)):
            return went
        heads = enumerate(self.codes[call.layer])
        return _Went(weights=[code.weights(call.memory[:, head]) for head, code in heads])

    def report(self) -> dict[str, Any]:
        """What runs in spikes, in plain values."""
        return {"layers": len(self.codes), "memories": sum(map(len, self.codes.values())),
                "tokens": self.tokens, "clipped": self.clipped}


def _clipped(done: Remembered) -> int:
    return done.clipped_errors + done.clipped_weights


def delta_spikes(
    model: Any, batches: Iterable[Any], rounding: Rounding = "random",
    backend: str = backends.DEFAULT,
) -> DeltaSpikes:
    """Codes for all memories of a model, from what these batches bring to them.

    Parameters
    ----------
    model : torch.nn.Module
        In ``eval`` mode.
    batches : iterable
        What the model is called with; see `inputs.call_model`.
    rounding : {"random", "whole"}
        Of the memories.
    backend : str
        One of `neuromorph.backends.names`.

    Raises
    ------
    UnsupportedError
        If the model has no such memory, or one has more key axons than a circuit's.
    CalibrationError
        If there is a memory that the batches do not reach.
    """
    seen = recorded(model, batches)
    return DeltaSpikes({name: codes_of(name, samples, rounding, backend)
                        for name, samples in seen.items()}, backend)


def recorded(model: Any, batches: Iterable[Any]) -> dict[str, list[DeltaSample]]:
    """What batches bring to the memories of a model, arrays of shape (batch, heads, tokens, …).

    Raises
    ------
    UnsupportedError
        If the model has no such memory.
    """
    import torch

    seen: dict[str, list[DeltaSample]] = {name: [] for name in delta_modules(model)}
    if not seen:
        name, why = why_not(model) or (type(model).__name__, None)
        raise UnsupportedError(
            "the model keeps no memory by the gated delta rule or linear attention", where=name,
            found=why, expected="Gated DeltaNet or lightning attention layers of transformers")
    with DeltaConnection.of(model, lambda call: seen[call.layer].append(call.sample)), \
            torch.no_grad():
        for batch in batches:
            call_model(model, batch)
    return seen


def codes_of(
    name: str, seen: Sequence[DeltaSample], rounding: Rounding = "random",
    backend: str = backends.DEFAULT,
) -> tuple[DeltaCode, ...]:
    """Codes of a layer's memories, from samples (batch, heads, tokens, …).

    Raises
    ------
    UnsupportedError
        If there are more key axons than a circuit's.
    CalibrationError
        If there is nothing to calibrate on.
    """
    if not seen:
        raise CalibrationError("the calibration data never reaches this memory", where=name)
    size = seen[0].keys.shape[-1]
    if size >= KEYS_MAX:  # a turned key takes one axon more
        raise UnsupportedError("the memory has more key axons than the range proof allows",
                               where=name, found=size, expected=f"at most {KEYS_MAX - 1}")
    heads = zip(*map(each_head, seen), strict=True)
    try:
        return tuple(calibrate_delta(samples, rounding,
                                     remembering=backends.remembering(backend))
                     for samples in heads)
    except CalibrationError as error:
        raise CalibrationError(error.what, where=name, found=error.found) from error
