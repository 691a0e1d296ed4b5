"""No sequence sets a range alone: what it holds far beyond all the others is cut down to it.

With m_1 >= m_2 the two largest deviations from the centre that any sequence shows in a channel,
values are clipped to

    centre ± 4 max(m_2, median over the head's channels of m_2).

Every code range, centre and window then rests on two sequences at least. Massive activations
that every sequence has, as attention sinks are, stay; 8 passages of news through SmolLM2 have
m_1 / m_2 of at most 2.5. With fewer than three sequences nobody can tell which is the odd one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.translate.samples import Sample

Floats = NDArray[np.floating[Any]]

FAR = 4.0
"""How far beyond all other sequences one may reach."""

LEAST = 3
"""Sequences that it takes to call one of them odd."""

PARTS = ("queries", "keys", "values")


@dataclass(frozen=True)
class Outliers:
    """What was cut down.

    Attributes
    ----------
    values : int
        How many numbers.
    factor : float
        How far the farthest lay beyond what all other sequences show.
    sample : int
        The sequence that it is in.
    """

    values: int = 0
    factor: float = 1.0
    sample: int = 0


def without_outliers(samples: Sequence[Sample]) -> tuple[list[Sample], Outliers]:
    """The samples with lone outliers cut down, and what was; as they were where there are none."""
    kept, found = list(samples), Outliers()
    if len(kept) < LEAST:
        return kept, found
    for part in PARTS:
        arrays = [getattr(sample, part) for sample in kept]
        centre, limit, factors = _limits(arrays)
        if factors.max() <= FAR:
            continue
        for i in np.flatnonzero(factors > FAR).tolist():
            clipped = np.clip(arrays[i], centre - limit, centre + limit)
            cut = int(np.count_nonzero(clipped != arrays[i]))
            kept[i] = replace(kept[i], **{part: clipped})
            worst = max((found.factor, found.sample), (float(factors[i]), i))
            found = Outliers(found.values + cut, *worst)
    return kept, found


def _limits(arrays: Sequence[Floats]) -> tuple[Floats, Floats, NDArray[np.float64]]:
    """Centre and largest deviation allowed, both (heads, 1, size), and a factor a sequence."""
    centre = np.median([array.mean(axis=1) for array in arrays], axis=0)[:, None]
    reach = np.stack([np.abs(array - centre).max(axis=1) for array in arrays])
    second = np.partition(reach, -2, axis=0)[-2]
    usual = np.maximum(second, np.median(second, axis=-1, keepdims=True))
    safe = np.where(usual > 0, usual, np.inf)  # a head that is silent elsewhere stays as it is
    return centre, FAR * safe[:, None], (reach / safe).max(axis=(1, 2))
