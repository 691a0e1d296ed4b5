"""Memories of the gated delta rule in integers, in the place of a model's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.gated_delta import KEYS_MAX, Remembered, Rounding, remember
from neuromorph.errors import CalibrationError, UnsupportedError
from neuromorph.huggingface.delta_layers import (
    DeltaCall,
    DeltaConnection,
    delta_modules,
    each_head,
)
from neuromorph.shown import Shown
from neuromorph.translate.delta_code import DeltaCode, calibrate_delta

Floats = NDArray[np.float64]


@dataclass(eq=False, repr=False)
class DeltaSpikes(Shown):
    """Answers the calls of a model's memories as their circuits would, to the bit.

    Attributes
    ----------
    codes : dict of layer name to tuple of DeltaCode
        One code a head.
    tokens, clipped : int
        Tokens of all layers and sequences so far; codes, errors and weights at a limit.
    """

    codes: Mapping[str, tuple[DeltaCode, ...]]
    tokens: int = 0
    clipped: int = 0
    _went: dict[str, tuple[int, list[Floats]]] = field(default_factory=dict)

    def __call__(self, call: DeltaCall) -> tuple[Floats, Floats]:
        """Outputs and the memory after them, in floats, of one call."""
        first, owed = self._before(call)
        outputs, memory, owes = [], [], []
        for head, (code, sample) in enumerate(zip(self.codes[call.layer], each_head(call.sample),
                                                  strict=True)):
            codes, clipped, owing = code.encode(sample, owed[head] if owed else None)
            held = None if call.memory is None else np.rint(call.memory[:, head] * code.weight)
            done = remember(code.numbers, codes, held, first)
            self.clipped += clipped + _clipped(done)
            outputs.append(code.decode(done.answers))
            memory.append(done.weights / code.weight)
            owes.append(owing)
        batch, _, tokens = call.sample.keep.shape
        self._went[call.layer] = first + tokens, owes
        self.tokens += batch * tokens
        return np.stack(outputs, axis=1), np.stack(memory, axis=1)

    def _before(self, call: DeltaCall) -> tuple[int, list[Floats]]:
        """Tokens that came before, and what their gates owe; nothing for another batch."""
        if call.memory is None or call.layer not in self._went:
            return 0, []
        first, owed = self._went[call.layer]
        return first, owed if owed[0].shape == call.memory.shape[:1] else []

    def report(self) -> dict[str, Any]:
        """What runs in spikes, in plain values."""
        return {"layers": len(self.codes), "memories": sum(map(len, self.codes.values())),
                "tokens": self.tokens, "clipped": self.clipped}


def _clipped(done: Remembered) -> int:
    return done.clipped_errors + done.clipped_weights


def delta_spikes(
    model: Any, batches: Iterable[Mapping[str, Any]], rounding: Rounding = "random"
) -> DeltaSpikes:
    """Codes for all memories of a model, from what these batches bring to them.

    Parameters
    ----------
    model : torch.nn.Module
        In ``eval`` mode.
    batches : iterable of mappings of tensors
        What the model is called with.
    rounding : {"random", "whole"}
        Of the memories.

    Raises
    ------
    UnsupportedError
        If a memory has more key axons than a circuit's.
    CalibrationError
        If there is a memory that the batches do not reach.
    """
    import torch

    seen: dict[str, list[DeltaCall]] = {name: [] for name in delta_modules(model)}
    with DeltaConnection.of(model, lambda call: seen[call.layer].append(call)), torch.no_grad():
        for batch in batches:
            model(**batch)
    return DeltaSpikes({name: _codes(name, calls, rounding) for name, calls in seen.items()})


def _codes(name: str, calls: list[DeltaCall], rounding: Rounding) -> tuple[DeltaCode, ...]:
    if not calls:
        raise CalibrationError("the calibration data never reaches this memory", where=name)
    size = calls[0].sample.keys.shape[-1]
    if size > KEYS_MAX:
        raise UnsupportedError("the memory has more key axons than the range proof allows",
                               where=name, found=size, expected=f"at most {KEYS_MAX}")
    heads = zip(*(each_head(call.sample) for call in calls), strict=True)
    try:
        return tuple(calibrate_delta(samples, rounding) for samples in heads)
    except CalibrationError as error:
        raise CalibrationError(error.what, where=name, found=error.found) from error
