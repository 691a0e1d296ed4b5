"""Symmetric quantisers, which count what they clip, and their inverses."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from neuromorph.shapes import Int32, Num

SIGNED_8 = 127
"""Largest magnitude of a symmetric signed 8-bit value."""


def quantise(
    values: Annotated[Num, "*shape"], scale: Annotated[Num, "..."] | float, limit: int = SIGNED_8
) -> tuple[Annotated[Int32, "*shape"], int]:
    """clip(round(values / scale), -limit, limit), and how many values were clipped.

    Parameters
    ----------
    values : float array
        Finite values.
    scale : float or array that broadcasts against ``values``
        Real value of one integer step; positive.
    limit : int
        Largest magnitude.

    Returns
    -------
    codes : int32 array, shape of ``values``
    clipped : int
        Number of values that lay more than half a step beyond the limit.
    """
    steps = np.rint(values / scale)
    clipped = int(np.count_nonzero(np.abs(steps) > limit))
    return np.clip(steps, -limit, limit).astype(np.int32), clipped
