"""Axons driven from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from neuromorph.neurons.contract import NeuronModel, Range
from neuromorph.neurons.registry import register
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import PAYLOAD_BITS


@register
@dataclass(frozen=True, eq=False)
class Source(NeuronModel):
    """Axons driven from outside: they emit what the inputs say, step by step.

    Attributes
    ----------
    payload_bits : int
        0 for plain spikes; otherwise the width of a signed graded payload, 1 to 24.
    """

    payload_bits: int = 0

    ports: ClassVar[tuple[str, ...]] = ()
    words: ClassVar[tuple[str, ...]] = ()
    whole: ClassVar[tuple[str, ...]] = ("payload_bits",)
    records: ClassVar[tuple[str, ...]] = ("spikes",)
    from_outside: ClassVar[bool] = True
    programmable: ClassVar[bool] = False
    self_driven: ClassVar[bool] = True
    process: ClassVar[str] = "lava.proc.io.source:RingBuffer"

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {"payload_bits": (0, PAYLOAD_BITS)}

    def widest(self, size: int) -> Interval:
        """0 and 1, or what a signed payload holds."""
        bits = self.payload_bits
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if bits else (0, 1)
        return Interval.same(size, low, high)
