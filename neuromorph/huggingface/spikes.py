"""Who answers a model's attention calls in spikes, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neuromorph.backends import FloatWork
from neuromorph.errors import (
    CalibrationError,
    TensorError,
    UnsupportedError,
    UsageError,
    did_you_mean,
)
from neuromorph.huggingface.hook import Call
from neuromorph.huggingface.last_pass import LastPass
from neuromorph.huggingface.masks import Sights, Tensor
from neuromorph.runtime import SpikingLayer, of_run
from neuromorph.shown import Shown
from neuromorph.translate import LayerCode, cautions

SAME_CAP = 1e-6
"""A bundle keeps a soft cap in single precision."""


@dataclass(frozen=True, eq=False, repr=False)
class Spikes(Shown):
    """Answers a model's attention calls; knows its layers by name, but not the model."""

    layers: Mapping[str, SpikingLayer]
    caps: Mapping[str, float | None] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    sights: Sights = field(default_factory=Sights)
    last: LastPass = field(default_factory=LastPass)

    def __call__(self, call: Call) -> Tensor:
        """Context of one call."""
        import torch

        layer = self.layers.get(call.layer)
        if layer is None:
            raise CalibrationError("a layer was never calibrated", where=call.layer,
                                   hint=did_you_mean(call.layer, self.layers))
        _check_cap(call, self.caps.get(call.layer))
        queries, keys, values = call.floats()
        sight, bias = self.sights.of(call), self.sights.bias_of(call)
        if sight.seen is not None:  # padding, and the empty end of a static cache
            keys, values = keys[:, :, sight.seen], values[:, :, sight.seen]
            bias = None if bias is None else bias[..., sight.seen]
        _check_room(layer.code, keys.shape[2], call.layer)
        if not keys.shape[2]:
            return call.queries.new_zeros(*queries.shape[:3], values.shape[3])
        if call.layer in self.passed:  # the last pass left some out
            self._say()
        try:
            context = layer.answer(FloatWork(queries, keys, values, sight.cut, call.scale,
                                             bias))
        except TensorError as error:
            raise TensorError(error.what, where=call.layer, found=error.found,
                              expected=error.expected, hint=error.hint) from error
        self.last.keep(call)
        self.passed.add(call.layer)
        if len(self.passed) == len(self.layers):
            self._say()
        return torch.from_numpy(context)

    def forget(self) -> None:
        """Let go of what is kept while texts grow."""
        for layer in self.layers.values():
            layer.forget()

    def _say(self) -> None:
        """Warn of what goes wrong, each kind once, when the model has been through its layers."""
        self.passed.clear()
        for caution in of_run({name: layer.tally for name, layer in self.layers.items()}):
            if caution.kind not in self.said:
                self.said.add(caution.kind)
                cautions.warn([caution])


def _check_cap(call: Call, judged: float | None) -> None:
    if call.softcap is not None and (judged is None or abs(call.softcap / judged - 1) > SAME_CAP):
        raise UnsupportedError("the model uses soft-capped logits, and calibration has not judged "
                               "what it costs to leave out the cap", where=call.layer,
                               found=call.softcap, expected=judged or "none",
                               hint="attach to calibration data")


def _check_room(code: LayerCode, keys: int, layer: str) -> None:
    slots = code.shared.slots
    if keys > slots:
        raise UsageError("the sequence is longer than the circuits' slots", where=layer,
                         found=keys, expected=f"at most {slots}",
                         hint=f"calibrate on passages as long, or ask for {keys} slots "
                         f"(TranslateOptions(slots={keys}); at the command line --slots {keys})")
