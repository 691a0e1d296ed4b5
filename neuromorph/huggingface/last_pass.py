"""What each layer's last call brought, so that it can be looked at afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from neuromorph.errors import UsageError
from neuromorph.huggingface.hook import Call
from neuromorph.huggingface.masks import Tensor
from neuromorph.memory import bytes_text
from neuromorph.shown import Shown

MOST = 256 << 20
"""Bytes of queries, keys and values that all layers together may keep alive."""


@dataclass(eq=False, repr=False)
class LastPass(Shown):
    """Calls by layer: no copies, but tensors that would else be free.

    Attributes
    ----------
    calls : dict of str to Call
        Without their gradients.
    sizes : dict of str to int
        Bytes of each layer's last call, kept or not.
    """

    calls: dict[str, Call] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    _versions: dict[str, list[int | None]] = field(default_factory=dict)

    def keep(self, call: Call) -> None:
        """Keep a call in place of the layer's one before, if there is room."""
        self.calls.pop(call.layer, None)
        tensors = call.queries, call.keys, call.values
        self.sizes[call.layer] = sum(one.numel() * one.element_size() for one in tensors)
        if sum(self.sizes[name] for name in self.calls) + self.sizes[call.layer] > MOST:
            return
        held = [one.detach().clone() if one.is_inference() else one.detach() for one in tensors]
        self._versions[call.layer] = [_version(one) for one in held]
        self.calls[call.layer] = replace(
            call, queries=held[0], keys=held[1], values=held[2], given=_freed(call.given),
            bias=_freed(call.bias), sink=_freed(call.sink))

    def of(self, layer: str) -> Call:
        """The last call of a layer.

        Raises
        ------
        UsageError
            If there was none, or it was not kept, or its tensors were written to since.
        """
        call = self.calls.get(layer)
        hint = "give the inputs: spiking.attention(layer, inputs)"
        if call is None and layer in self.sizes:
            raise UsageError("the last forward pass was too large to be kept", where=layer,
                             found=bytes_text(sum(self.sizes.values())),
                             expected=f"at most {bytes_text(MOST)} over all layers",
                             hint=f"{hint}, of fewer or shorter sequences")
        if call is None:
            raise UsageError("the layer has not run in spikes yet", where=layer,
                             hint=f"call the model, or {hint}")
        held = call.queries, call.keys, call.values
        if [_version(one) for one in held] != self._versions[layer]:
            raise UsageError("what the last forward pass left was written to since", where=layer,
                             found="a cache that is used again", hint=hint)
        return call


def _version(tensor: Tensor) -> int | None:
    """Counts what is written to it; None where torch does not count, and we hold a copy."""
    return None if tensor.is_inference() else int(tensor._version)


def _freed(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.detach()
