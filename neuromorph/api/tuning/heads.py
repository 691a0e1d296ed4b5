"""Which heads lose most: each alone in spikes, all others in float, judged by the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neuromorph.api.export import MEASURED, layer_fidelity
from neuromorph.api.tuning.judge import Head, Judge
from neuromorph.bundle import Bundle
from neuromorph.progress import Progress
from neuromorph.runtime import SpikingLayer
from neuromorph.shown import Shown
from neuromorph.translate import HeadFidelity, Sample, worst_first


@dataclass(frozen=True, repr=False)
class HeadLoss(Shown):
    """What one head loses.

    Attributes
    ----------
    head : Head
    lost : float or None
        KL of the model in nats, or one less the cosine of an encoder's answer, with this head
        alone in spikes; None where the model was not asked.
    own : HeadFidelity
        Of its contexts against float attention: no measure of what the model loses.
    """

    head: Head
    lost: float | None
    own: HeadFidelity

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"layer": self.head.layer, "head": self.head.number, "lost": self.lost,
                "own_cosine": self.own.cosine, "own_kl": self.own.kl, "steps": self.own.steps}


def worst_heads(
    bundle: Bundle, measured: Mapping[str, Sequence[Sample]], judge: Judge, most: int,
    progress: Progress,
) -> list[HeadLoss]:
    """All heads, worst first: by what the model loses, then those that it was not asked about.

    Parameters
    ----------
    bundle : Bundle
    measured : mapping of layer name to samples
        For the heads' own figures.
    judge : Judge
    most : int
        The model is asked about so many heads, those of the worst cosine or KL: of others a head's
        own figures are all that is known.
    progress : callable
    """
    own = [one for name, code in bundle.codes.items()
           for one in layer_fidelity(name, SpikingLayer(code), measured[name][:MEASURED])]
    found = []
    for place, one in enumerate(worst_first(own)):
        head = Head(one.layer, one.head)
        asked = place < most
        if asked:
            progress(f"head {place + 1} of {min(most, len(own))}: {one.layer}, {one.head}")
        found.append(HeadLoss(head, lost_of(judge.alone(bundle, head)) if asked else None, one))
    return sorted(found, key=lambda one: (one.lost is None, -(one.lost or 0.0), one.own.cosine))


def lost_of(found: Mapping[str, Any]) -> float:
    """KL to float; of an encoder, which has none, what its cosine lacks to 1."""
    return float(1 - found["cosine"] if found["kl"] is None else found["kl"])
