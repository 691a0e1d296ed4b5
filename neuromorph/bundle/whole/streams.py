"""What the integers of hidden states stand for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.block.numbers import Ints
from neuromorph.shown import Shown

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Streams(Shown):
    """Hidden states in front of each block, and behind the last.

    ::

        x = scale R + offset

    Attributes
    ----------
    scale, offset : float array, shape (blocks + 1, width)
    """

    scale: Floats
    offset: Floats

    def decode(self, layer: int, stream: Ints) -> Floats:
        """Hidden states of shape (tokens, width), in front of block ``layer``."""
        found: Floats = stream * self.scale[layer] + self.offset[layer]
        return found
