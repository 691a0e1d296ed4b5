"""How close memories in integers come to the float memories that they replace, head by head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np

from neuromorph.dynamics.gated_delta import DeltaSample, gated_delta_rule
from neuromorph.shapes import Float64
from neuromorph.translate.cautions import LOW_COSINE, LOW_MEAN, Caution
from neuromorph.translate.delta_code import likenesses


@dataclass(frozen=True)
class MemoryFidelity:
    """What one memory loses.

    Attributes
    ----------
    layer : str
    head : int
    cosine : float
        Mean cosine of a token's output with the float memory's.
    tokens : int
    clipped : int
        Codes, errors, and weights after a token, that are at a limit.
    """

    layer: str
    head: int
    cosine: float
    tokens: int
    clipped: int

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return asdict(self)


def compare_memory(
    layer: str, head: int, samples: Sequence[DeltaSample],
    outputs: Sequence[Annotated[Float64, "..."]], clipped: int,
) -> MemoryFidelity:
    """Outputs of a memory in integers beside those that floats give for the same samples."""
    cosines = np.concatenate([likenesses(ours, gated_delta_rule(sample).outputs).ravel()
                              for sample, ours in zip(samples, outputs, strict=True)])
    return MemoryFidelity(layer, head, float(cosines.mean()), cosines.size, clipped)


def of_memories(fidelity: Sequence[MemoryFidelity]) -> list[Caution]:
    """Memories whose outputs are far from the float ones."""
    low = sum(not one.cosine >= LOW_COSINE for one in fidelity)
    mean = sum(one.cosine for one in fidelity) / len(fidelity)
    if not low and mean >= LOW_MEAN:
        return []
    worst = min(fidelity, key=lambda one: one.cosine)
    where = f"{worst.layer}.{worst.head}"
    return [Caution("low-cosine", where,
                    f"{low} of {len(fidelity)} memories below a cosine of {LOW_COSINE} to the "
                    f"float ones, the worst {worst.cosine:.3f} ({where}), the mean {mean:.3f}. "
                    "Calibrate on passages as long as those that will run")]
