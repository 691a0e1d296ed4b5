"""The units of a layer that matter for an input: the largest, up to a share of the mass."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from neuromorph.errors import TensorError, UsageError
from neuromorph.shapes import Bool, Num

SLACK = 1e-5
"""By which the kept share may pass r, so that a sum of floats that should be r is."""


def mass_mask(
    masses: Annotated[Num, "*batch units"], keep: float
) -> Annotated[Bool, "*batch units"]:
    """Which units hold a share ``keep`` of the mass, the largest first.

    ::

        a_1 >= a_2 >= ...,  kept: i with a_1 + ... + a_i <= (keep + 1e-5) sum a,  and 1

    Nothing of mass 0 is kept, so that ``keep`` = 1 drops just that. Of equal ones the first come
    first. The largest is kept however small ``keep`` is: without it there would be no answer.
    This is the mask that FTWT's predictors learn (Elkerdawy et al., CVPR 2022).

    Parameters
    ----------
    masses : array, shape (..., units)
        At least 0: the largest activation of a channel, the softmax weight of a key.
    keep : float
        Share of each row's mass, in (0, 1].

    Returns
    -------
    bool array, shape (..., units)

    Raises
    ------
    TensorError
        If a mass is negative or not finite.
    UsageError
        If ``keep`` is not in (0, 1].
    """
    check_share(keep)
    held = np.asarray(masses, np.float64)
    if not np.isfinite(held).all() or (held < 0).any():
        wrong = ~np.isfinite(held) | (held < 0)
        raise TensorError("masses are negative or not finite", where="mass mask",
                          found=f"{int(wrong.sum())} of {held.size}", expected="at least 0")
    order = np.argsort(-held, axis=-1, kind="stable")
    falling = np.take_along_axis(held, order, axis=-1)
    total = falling.sum(axis=-1, keepdims=True)
    first = np.arange(held.shape[-1]) == 0
    kept = (falling.cumsum(axis=-1) <= (keep + SLACK) * total) | first
    mask = np.zeros(held.shape, np.bool_)
    np.put_along_axis(mask, order, kept & (falling > 0), axis=-1)
    return mask


def check_share(keep: float) -> None:
    """Refuse a share of the mass that is none.

    Raises
    ------
    UsageError
    """
    if isinstance(keep, bool) or not isinstance(keep, int | float) or not 0 < keep <= 1:
        raise UsageError("a share of the mass is out of range", found=keep,
                         expected="more than 0, at most 1")
