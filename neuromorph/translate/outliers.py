"""No sequence sets a range alone: tokens far beyond what all others show are left out.

With m_1 >= m_2 the two largest deviations from the centre that any sequence shows in a channel,
a token is left out of calibration, as a query or as a key with its value, where it deviates by
more than

    8 max(m_2, median over the head's channels of m_2).

Every code range, centre and window then rests on two sequences at least. Massive activations
that every sequence has, as attention sinks are, stay; 20 passages of news through SmolLM2 have
m_1 / m_2 of at most 5.3. With fewer than three sequences nobody can tell which is the odd one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.translate.samples import Sample

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

FAR = 8.0
"""How far beyond all other sequences one may reach."""

LEAST = 3
"""Sequences that it takes to call one of them odd."""

PARTS = ("queries", "keys", "values")


@dataclass(frozen=True)
class Outliers:
    """What was left out.

    Attributes
    ----------
    tokens : int
        Queries, and keys with their values.
    factor : float
        How far the farthest lay beyond what all other sequences show.
    sample : int
        The sequence that it is in.
    """

    tokens: int = 0
    factor: float = 1.0
    sample: int = 0


def without_outliers(samples: Sequence[Sample]) -> tuple[list[Sample], Outliers]:
    """The samples without odd tokens, and what those were; the same where there are none."""
    kept = list(samples)
    if len(kept) < LEAST:
        return kept, Outliers()
    usual = {part: _usual([getattr(s, part) for s in kept]) for part in PARTS}
    most = np.max([far for _, _, far in usual.values()], axis=0)
    tokens = 0
    for i in np.flatnonzero(most > FAR).tolist():
        queries, keys, values = (_factors(getattr(kept[i], part), *usual[part][:2])
                                 for part in PARTS)
        asked, seen = queries <= FAR, np.maximum(keys, values) <= FAR
        sample = _part(kept[i], asked, seen)
        if sample.mask.any():
            kept[i] = sample
            tokens += int((~asked).sum() + (~seen).sum())
    odd = int(most.argmax())
    return kept, Outliers(tokens, float(most[odd]), odd) if tokens else Outliers()


def _usual(arrays: Sequence[Floats]) -> tuple[Floats, Floats, Floats]:
    """Centre and reach of all sequences but one, a channel; how far out each sequence lies."""
    centre = np.median([array.mean(axis=1) for array in arrays], axis=0)[:, None]
    reach = np.stack([np.abs(array - centre).max(axis=1) for array in arrays])
    second = np.partition(reach, -2, axis=0)[-2]
    usual = np.maximum(second, np.median(second, axis=-1, keepdims=True))
    safe = np.where(usual > 0, usual, np.inf)  # silent elsewhere: nothing to compare with
    return centre, safe[:, None], (reach / safe).max(axis=(1, 2))


def _factors(array: Floats, centre: Floats, usual: Floats) -> Floats:
    """How far out each token of a sequence lies."""
    factors: Floats = (np.abs(array - centre) / usual).max(axis=(0, 2))
    return factors


def _part(sample: Sample, asked: Bools, seen: Bools) -> Sample:
    return Sample(sample.queries[:, asked], sample.keys[:, seen], sample.values[:, seen],
                  sample.mask[np.ix_(asked, seen)],
                  None if sample.bias is None else sample.bias[:, asked][..., seen],
                  sample.softcap)
