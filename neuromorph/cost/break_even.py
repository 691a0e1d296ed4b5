"""How often a synapse may be used before a dense, non-spiking computation takes less energy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BreakEven:
    """Spikes per synapse and inference up to which spikes take less energy than dense arithmetic.

    Attributes
    ----------
    low, high : float
        The same where the source has one number.
    source : str
    """

    low: float
    high: float
    source: str

    def __str__(self) -> str:
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"


LITERATURE = (
    BreakEven(1.72, 1.72, "Davidson and Furber 2021, Front. Neurosci. 15:651141: equal silicon, "
              "arithmetic and weights"),
    BreakEven(0.15, 1.38, "Dampfhoffer et al. 2023, IEEE TETCI 7(3):731: memory counted, by "
              "architecture"),
    BreakEven(0.06, 0.35, "Yan et al. 2024 (arXiv 2409.08290): data movement counted, against "
              "quantised networks, by steps; second-hand"),
)
"""The later the source, the more it counts, and the fewer spikes are left."""
