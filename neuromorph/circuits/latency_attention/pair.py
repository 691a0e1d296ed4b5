"""Two match neurons a key, half a step apart: half steps without more steps.

::

    h = clip(ceil(2 D / ramp), 0, 2 (window - pause))      D: what a score of the slot has to climb
    first:  n = floor(h / 2)         second:  n = floor((h + 1) / 2)         both + pause, if n > 0
    first : second = 1 : sqrt(keep)  first keep^-floor(h/2) + second keep^-floor((h+1)/2)
                                         = (first + second) keep^(-h/2)

The first starts half a ramp step ahead. A value's code is the sum of both shares, to the bit, so
keys an even number of half steps apart are weighed exactly, and the others within the rounding of
the parts.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.numerics import SIGNED_8
from neuromorph.numerics.limits import DECAY_UNITY
from neuromorph.shapes import Int64, Integer

SHARE_BITS = 16
"""Bits of the first share's factor."""


def share_of(control_decay: int, neurons_per_key: int = 2) -> int:
    """2^16 / (1 + sqrt(keep)), rounded: what the first neuron takes of a value; all, if alone."""
    if neurons_per_key == 1:
        return 1 << SHARE_BITS
    keep = (DECAY_UNITY - control_decay) / DECAY_UNITY
    return round((1 << SHARE_BITS) / (1 + math.sqrt(keep)))


def first_part(codes: Annotated[Integer, "..."], share: int) -> Annotated[Int64, "..."]:
    """The first neuron's part of whole numbers, rounded, half away from zero."""
    codes = np.asarray(codes, np.int64)
    half = 1 << SHARE_BITS - 1
    part: NDArray[np.int64] = np.sign(codes) * (np.abs(codes) * share + half >> SHARE_BITS)
    return part


def parts_of(
    codes: Annotated[Integer, "..."], control_decay: int, neurons_per_key: int
) -> Annotated[Int64, "..."]:
    """Parts of whole numbers that sum to them, shape (neurons_per_key, ...)."""
    codes = np.asarray(codes, np.int64)
    if neurons_per_key == 1:
        return codes[None]
    first = first_part(codes, share_of(control_decay))
    return np.stack([first, codes - first])


def largest_part(code: int, control_decay: int, neurons_per_key: int) -> int:
    """The largest part of any code from 0 to this one: parts grow with their code."""
    return int(parts_of(np.array(code), control_decay, neurons_per_key).max())


def largest_code(control_decay: int, neurons_per_key: int, limit: int = SIGNED_8) -> int:
    """The largest code whose parts stay within a limit, usually that of a synapse of 8 bits."""
    tops = range(limit, neurons_per_key * limit + 1)
    return max(code for code in tops
               if largest_part(code, control_decay, neurons_per_key) <= limit)
