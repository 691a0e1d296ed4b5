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
    factors = {part: _factors([getattr(s, part) for s in kept]) for part in PARTS}
    most = np.array([max(factors[part][i].max() for part in PARTS) for i in range(len(kept))])
    tokens = 0
    for i in np.flatnonzero(most > FAR).tolist():
        asked = factors["queries"][i] <= FAR
        seen = np.maximum(factors["keys"][i], factors["values"][i]) <= FAR
        sample = _part(kept[i], asked, seen)
        if sample.mask.any():
            kept[i] = sample
            tokens += int((~asked).sum() + (~seen).sum())
    odd = int(most.argmax())
    return kept, Outliers(tokens, float(most[odd]), odd) if tokens else Outliers()


def _factors(arrays: Sequence[Floats]) -> list[Floats]:
    """How far each token lies out, in units of what all sequences but one show; one a sequence."""
    centre = np.median([array.mean(axis=1) for array in arrays], axis=0)[:, None]
    deviations = [np.abs(array - centre) for array in arrays]
    reach = np.stack([deviation.max(axis=1) for deviation in deviations])
    second = np.partition(reach, -2, axis=0)[-2]
    usual = np.maximum(second, np.median(second, axis=-1, keepdims=True))
    safe = np.where(usual > 0, usual, np.inf)[:, None]  # silent elsewhere: nothing to compare with
    return [(deviation / safe).max(axis=(0, 2)) for deviation in deviations]


def _part(sample: Sample, asked: Bools, seen: Bools) -> Sample:
    return Sample(sample.queries[:, asked], sample.keys[:, seen], sample.values[:, seen],
                  sample.mask[np.ix_(asked, seen)])
