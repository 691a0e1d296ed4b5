"""The largest payloads of a norm with which every sum behind it is proved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import inf, sqrt
from typing import Annotated

import numpy as np

from neuromorph.circuits.norm import Norm, norm_of
from neuromorph.errors import RangeProofError
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Num, Shaped
from neuromorph.translate.block.float_norm import FloatNorm
from neuromorph.translate.block.quantised import Quantised

LEAST_PAYLOAD = 8.0
"""Root mean square below which a norm's payloads say nothing: with their sign, 4 bits."""

SPARE = 1 - 1e-9
"""Of the room: what floats may have lost on the way."""


def fitted_norm(
    size: int, behind: Iterable[Annotated[Shaped, "_ _"]], period: int, where: str, *,
    epsilon: float = 0.0, root: bool = False, centred: bool = False, payload: float | None = None,
    most: float = inf,
) -> Norm:
    """The norm of largest payloads behind which no sum leaves 24 bits.

    ::

        |sum_j w_ij h_j|  <=  ||w_i|| ||h||  <=  2^23 - 1        of the row of largest norm

    Its limit is the bound on ||h||, so that nothing is ever cut off.

    Parameters
    ----------
    size : int
    behind : iterable of int array, shape (outputs, size)
        Weights of all layers that hear it.
    period : int
    where : str
        For messages.
    epsilon : float
        In units of the stream squared.
    root, centred : bool
    payload : float, optional
        Taken as it is; `prove_block` says whether it is too large.
    most : float
        Root mean square of payloads, which need be no larger.

    Raises
    ------
    RangeProofError
        If the payloads would say nothing.
    """
    room = int(SPARE * STATE_MAX / max(1.0, *map(longest_row, behind)))

    def made(wanted: float) -> Norm:
        return norm_of(size, wanted, STATE_MAX, period, epsilon=epsilon, root=root,
                       centred=centred)

    wanted = payload or min(room / sqrt(size), most)
    while payload is None and wanted >= LEAST_PAYLOAD and made(wanted).longest > room:
        wanted *= room / made(wanted).longest
    if wanted < LEAST_PAYLOAD:
        raise RangeProofError("the weights behind a norm leave its payloads no room", where=where,
                              found=f"payloads of {wanted:.3g}, root mean square",
                              expected=f"at least {LEAST_PAYLOAD:g}",
                              hint="a row of fewer or smaller weights, or two neurons for it")
    found = made(wanted)
    return replace(found, limit=min(found.longest, STATE_MAX))


def norm_before(
    norm: FloatNorm, behind: Iterable[Quantised], period: int, where: str, places: int,
    payload: float | None = None,
) -> Norm:
    """`fitted_norm` of a trained one, which hears so many bits after the point."""
    return fitted_norm(len(norm.gain), [layer.weights for layer in behind], period, where,
                       epsilon=norm.epsilon * 4.0**places, centred=norm.centred, payload=payload)


def longest_row(weights: Annotated[Num, "rows columns"]) -> float:
    """The largest 2-norm of a row."""
    wide = weights.astype(np.float64)
    return float(np.sqrt(np.einsum("ij,ij->i", wide, wide)).max(initial=0))
