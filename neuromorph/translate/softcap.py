"""A soft cap of logits, which circuits leave out where calibration shows that it hardly matters.

    logit = cap tanh(q.k / cap) + bias

A ramp that climbs evenly is a softmax of q.k. Where logits stay well below their cap that is all
but the same; where they do not, the layer is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from neuromorph.errors import UnsupportedError
from neuromorph.translate.cautions import Caution
from neuromorph.translate.fidelity import cosines, float_attention
from neuromorph.translate.samples import Sample, evenly_spread

LEAST = 0.99
"""Mean cosine of a head's contexts with and without the cap, below which a layer is refused."""

JUDGED = 64
"""Queries of a sample that are judged, evenly spread."""

SAMPLES = 4
"""Most samples of a layer that are judged."""


def kept_without(samples: Sequence[Sample]) -> tuple[float, int] | None:
    """The head that loses most by leaving out the cap: its cosine to float attention, and which.

    None where no sample has a cap.
    """
    capped = [s for s in samples if s.softcap is not None][:SAMPLES]
    if not capped:
        return None
    parts = [s.asking(evenly_spread(JUDGED, s.queries.shape[1])) for s in capped]
    each = [cosines(float_attention(replace(part, softcap=None))[1], float_attention(part)[1])
            [:, part.mask.any(axis=1)].mean(axis=1) for part in parts]
    means = sum(each) / len(each)
    return float(means.min()), int(means.argmin())


def of_soft_caps(samples: Mapping[str, Sequence[Sample]]) -> list[Caution]:
    """What is lost where a cap is left out; the worst head is named.

    Raises
    ------
    UnsupportedError
        If some head loses more than `LEAST` allows.
    """
    found = {name: kept for name, seen in samples.items() if (kept := kept_without(seen))}
    if not found:
        return []
    name = min(found, key=lambda one: found[one][0])
    cosine, head = found[name]
    cap = next(s.softcap for s in samples[name] if s.softcap is not None)
    if not cosine >= LEAST:
        raise UnsupportedError("the model uses soft-capped logits, which no circuit has yet, and "
                               "without the cap a head attends elsewhere", where=f"{name}.{head}",
                               found=f"a cosine of {cosine:.4f} under a cap of {cap:g}",
                               expected=f"at least {LEAST}")
    return [Caution("soft-cap", f"{name}.{head}",
                    f"the soft cap of logits is left out in {len(found)} of {len(samples)} layers: "
                    f"their ramps are straight. The contexts of the head that loses most keep a "
                    f"cosine of {cosine:.4f} ({name}.{head}, a cap of {cap:g})")]
