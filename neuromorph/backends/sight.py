"""Who sees what, as spans: from the first to the last key a query may see, and who hides between.

A causal mask, a sliding window and padding at either end hide nobody between.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.shapes import Bool, Int64
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Sight(Shown):
    """A mask, and what follows from it once.

    Attributes
    ----------
    mask : bool array, shape (batch, queries, keys)
        True where a query may look.
    """

    mask: Annotated[Bool, "batch queries keys"]

    @cached_property
    def spans(self) -> Annotated[Int64, "batch queries 3"]:
        """First key, one more than the last, and how many between are hidden, (…, queries, 3)."""
        keys = self.mask.shape[2]
        if not keys:
            return np.zeros((*self.mask.shape[:2], 3), np.int64)
        seen = np.count_nonzero(self.mask, axis=2)
        first = np.where(seen > 0, np.argmax(self.mask, axis=2), 0)
        stop = np.where(seen > 0, keys - np.argmax(self.mask[..., ::-1], axis=2), 0)
        spans: NDArray[np.int64] = np.stack([first, stop, stop - first - seen], axis=2)
        return spans

    @cached_property
    def between(self) -> Annotated[Bool, "..."]:
        """The mask where some span hides a key, and else (1, 0, keys): nobody need look."""
        whole = self.mask if self.spans[..., 2].any() else self.mask[:1, :0]
        return np.ascontiguousarray(whole)

    @cached_property
    def seen(self) -> Annotated[Bool, "keys"] | None:
        """Keys that somebody sees, shape (keys,); None if all are seen."""
        used = self.mask.any(axis=(0, 1))
        return None if used.all() else used

    @cached_property
    def cut(self) -> Sight:
        """The same without keys that nobody sees."""
        return self if self.seen is None else Sight(self.mask[:, :, self.seen])
