"""A soft cap of logits: undone by curved ramps where that pays, else left out or refused.

    logit = cap tanh(q.k / cap) + bias

A ramp that climbs evenly is a softmax of q.k. Where logits stay well below their cap that is all
but the same, and keys may be centred; where they do not, plain spikes take a curved ramp, which is
exact, and other heads are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UnsupportedError
from neuromorph.shapes import Bool, Float64
from neuromorph.translate.cautions import Caution
from neuromorph.translate.code import LayerCode
from neuromorph.translate.curve import takes
from neuromorph.translate.fidelity import cosines, float_attention
from neuromorph.translate.options import TranslateOptions
from neuromorph.translate.samples import Sample, evenly_spread

LEAST = 0.99
"""Mean cosine of a head's contexts with and without the cap, below which a layer is refused."""

JUDGED = 64
"""Queries of a sample that are judged, evenly spread."""

CHOSEN_BY = 256
"""Queries of a sample by which ramps are chosen: plain spikes differ more from query to query."""

SAMPLES = 4
"""Most samples of a layer that are judged."""


WORTH = 0.9999
"""Mean cosine of a head's contexts without the cap, from which on no curve is tried."""


def judged(samples: Sequence[Sample], queries: int = JUDGED) -> list[Sample]:
    """Some queries of the first samples."""
    return [s.asking(evenly_spread(queries, s.queries.shape[1])) for s in samples[:SAMPLES]]


def without_cap(samples: Sequence[Sample]) -> Annotated[Float64, "_"] | None:
    """Cosine of each head's contexts without the cap to those with it; None without a cap."""
    parts = judged([s for s in samples if s.softcap is not None])
    if not parts:
        return None
    each = [cosines(float_attention(replace(part, softcap=None))[1], float_attention(part)[1])
            [:, part.mask.any(axis=1)].mean(axis=1) for part in parts]
    means: NDArray[np.float64] = np.mean(each, axis=0)
    return means


def may_curve(samples: Sequence[Sample], options: TranslateOptions) -> bool:
    """Whether heads could undo the samples' cap, and some of them have a reason to.

    A mass to keep is counted along straight ramps, and a cap below half a step has no room for one.
    """
    caps = {s.softcap for s in samples}
    if (options.spikes == "graded" or options.neurons_per_key > 1 or len(caps) > 1 or None in caps
            or options.keep_mass is not None or any(s.bias is not None for s in samples)
            or not takes(min(cap for cap in caps if cap is not None), options)):
        return False
    found = without_cap(samples)
    return found is not None and float(found.min()) < WORTH


def mixed(straight: LayerCode, bent: LayerCode, better: Annotated[Bool, "kv_heads"]) -> LayerCode:
    """A layer whose key-value heads, and the query heads that share them, are from either.

    Parameters
    ----------
    straight, bent : LayerCode
        Of the same samples.
    better : bool array, shape (kv_heads,)
        Where the second's are taken.
    """
    each = np.repeat(better, straight.group)
    heads = tuple(two if bends else one
                  for one, two, bends in zip(straight.heads, bent.heads, each, strict=True))
    return replace(straight, heads=heads,
                   query_scale=np.where(each[:, None], bent.query_scale, straight.query_scale),
                   key_centre=np.where(better[:, None], bent.key_centre, straight.key_centre),
                   key_scale=np.where(better[:, None], bent.key_scale, straight.key_scale))


def kept_without(samples: Sequence[Sample], code: LayerCode | None = None
                 ) -> tuple[float, int] | None:
    """The head that loses most by leaving out the cap: its cosine to float attention, and which.

    None where no sample has a cap, or all heads of the code have a curved ramp.
    """
    means = without_cap(samples)
    if means is None:
        return None
    if code is not None:
        means = np.where([head.cap > 0 for head in code.heads], np.inf, means)
    return (float(means.min()), int(means.argmin())) if np.isfinite(means.min()) else None


def of_soft_caps(
    samples: Mapping[str, Sequence[Sample]], codes: Mapping[str, LayerCode] | None = None
) -> list[Caution]:
    """What is lost where a cap is left out; the worst head is named.

    Raises
    ------
    UnsupportedError
        If some head loses more than `LEAST` allows.
    """
    found = {name: kept for name, seen in samples.items()
             if (kept := kept_without(seen, (codes or {}).get(name)))}
    if not found:
        return []
    name = min(found, key=lambda one: found[one][0])
    cosine, head = found[name]
    cap = next(s.softcap for s in samples[name] if s.softcap is not None)
    if not cosine >= LEAST:
        raise UnsupportedError("the model uses soft-capped logits, which no head of this kind "
                               "has, and without the cap a head attends elsewhere",
                               where=f"{name}.{head}",
                               found=f"a cosine of {cosine:.4f} under a cap of {cap:g}",
                               expected=f"at least {LEAST}",
                               hint="plain spikes of one neuron a key undo a cap without a bias: "
                               "TranslateOptions(spikes=\"binary\"), or --spikes binary")
    curved = sum(one.cap > 0 for code in (codes or {}).values() for one in code.heads)
    return [Caution("soft-cap", f"{name}.{head}",
                    f"the soft cap of logits is left out in {len(found)} of {len(samples)} layers: "
                    f"their ramps are straight ({curved} heads have curved ones). The contexts of "
                    f"the head that loses most keep a cosine of {cosine:.4f} ({name}.{head}, a "
                    f"cap of {cap:g})")]
