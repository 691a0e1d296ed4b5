"""What the circuits of one attention head have in common, static or written."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass

from neuromorph.circuits.latency_attention.motif import LatencyAttention
from neuromorph.network import Circuit


@dataclass(frozen=True)
class HeadCircuit(Circuit, ABC):
    """A circuit with the numbers of a head, whose match neurons are cleared and lifted."""

    head: LatencyAttention

    @property
    def input_bits(self) -> int:
        """Width of the input that clears and lifts are made for."""
        return self.head.input_bits

    @property
    def clears(self) -> bool:
        """Potentials are cleared to the lowest there is."""
        return True
