"""Who sees what, as spans: from the first to the last key a query may see, and who hides between.

A causal mask, a sliding window and padding at either end hide nobody between.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled


class Sight(NamedTuple):
    """A mask as the kernel reads it.

    Attributes
    ----------
    spans : int64 array, shape (batch, queries, 3)
        First key, one more than the last, and how many between are hidden.
    mask : bool array, shape (batch, queries, keys)
        Of shape (1, 0, keys) where no span hides a key.
    """

    spans: NDArray[np.int64]
    mask: NDArray[np.bool_]


def sight_of(mask: NDArray[np.bool_]) -> Sight:
    """The spans of a mask of shape (batch, queries, keys)."""
    whole = np.ascontiguousarray(mask)
    spans = np.empty((*mask.shape[:2], 3), np.int64)
    _spans(whole, spans)
    return Sight(spans, whole if spans[..., 2].any() else whole[:1, :0])


def _spans_of(mask: NDArray[np.bool_], spans: NDArray[np.int64]) -> None:
    batch, queries, keys = mask.shape
    for row in prange(batch * queries):
        b, query = row // queries, row % queries
        seen = 0
        for i in range(keys):
            seen += mask[b, query, i]
        first, stop = 0, keys
        while first < keys and not mask[b, query, first]:
            first += 1
        while stop > first and not mask[b, query, stop - 1]:
            stop -= 1
        spans[b, query, 0], spans[b, query, 1] = (first, stop) if seen else (0, 0)
        spans[b, query, 2] = stop - first - seen


_spans: Any = compiled(_spans_of, nogil=True)
