"""What is added to logits besides q.k, in the units of a head's score.

    code = clip(round(bias ramp / step_nats), -bias_limit, bias_limit)

A head's input for it reaches as far as calibration saw, but no deeper than `DEEP`: a key with that
much less is as good as hidden.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.latency_attention.rules import SCORE
from neuromorph.errors import TensorError
from neuromorph.shapes import Bool, Float, Float64, Int32
from neuromorph.translate.feasible import key_shifts, largest_bound
from neuromorph.translate.samples import Sample

Floats = NDArray[np.float64]

DEEP = 64.0
"""Nats below 0 from which on a bias may be cut off: trained scores do not make up for as much."""

QUARTER = 1 / 16
"""Mean square of codes as a share of their limit's: how they are usually spread."""


def reach_of(samples: Sequence[Sample], headroom: float) -> Annotated[Float64, "heads"]:
    """Nats that the bias of each head must reach, shape (heads,); 0 where there is none."""
    found = np.zeros(len(samples[0].queries))
    for sample in samples:
        if sample.bias is not None:
            seen = sample.bias[:, sample.mask].astype(np.float64)
            found = np.maximum(found, np.maximum(
                seen.max(axis=1, initial=0), np.minimum(-seen.min(axis=1, initial=0), DEEP)))
    return headroom * found


def roomy(draft: LatencyAttention, least_nats: float, steepest: int, step: float, reach: float
          ) -> tuple[LatencyAttention, int]:
    """A head whose scores leave room for a bias, and the steepest ramp with which they do.

    Scores and biases share `largest_bound` units. A coarser ``key_shift`` leaves the bias more of
    them, and a flatter ramp makes each mean more; of all shifts the one with the least error is
    taken,

        nats^2 key_size (query_limit^2 + key_limit^2) / (16 · 12) + unit^2 / 6,

    which is that of rounded codes, with nats a product, and that of score and bias themselves.

    Parameters
    ----------
    draft : LatencyAttention
    least_nats : float
        That one product of codes must stand for, at least.
    steepest : int
        The ramp that is never exceeded.
    step : float
        Nats a step.
    reach : float
        Of the bias, in nats.
    """
    limits = draft.query_limit**2 + draft.key_limit**2
    chosen: list[tuple[float, int, LatencyAttention]] = []
    for shift in key_shifts(draft):
        shifted = replace(draft, key_shift=shift)
        room = largest_bound(shifted) - SCORE.found(shifted)
        ramp = int(min(steepest, 2 * step / (2**shift * least_nats), step * room / reach))
        if ramp >= 1:
            limit = math.ceil(reach * ramp / step)
            nats, unit = 2 * step / (2**shift * ramp), step / ramp
            error = nats**2 * draft.key_size * limits * QUARTER / 12 + unit**2 / 6
            head = replace(shifted, bias_limit=limit)
            chosen.append((error, ramp, replace(head, score_bound=SCORE.found(head))))
    if not chosen:
        return replace(draft, bias_limit=1, score_bound=draft.score_bound + 1), 1
    _, ramp, head = min(chosen, key=lambda one: one[0])
    return head, ramp


def encode_bias(
    heads: Sequence[LatencyAttention], step_nats: float, bias: Annotated[Float, "_ _ queries keys"],
    mask: Annotated[Bool, "batch queries keys"],
) -> tuple[Annotated[Int32, "batch heads queries keys"], int]:
    """Codes of a bias, and how many were clipped that matter.

    Parameters
    ----------
    heads : sequence of LatencyAttention
    step_nats : float
    bias : float array, shape (batch or 1, heads or 1, queries, keys)
        In nats.
    mask : bool array, shape (batch, queries, keys)
        True where a query may look; elsewhere the code is 0.

    Returns
    -------
    codes : int32 array, shape (batch, heads, queries, keys)
    clipped : int
        Codes beyond the limit, but for those of `DEEP` and less.

    Raises
    ------
    TensorError
        If the bias does not fit, or is not finite where a query may look.
    """
    if bias.ndim != 4 or any(have not in (1, want) for have, want in zip(
            bias.shape, (len(mask), len(heads), *mask.shape[1:]), strict=True)):
        raise TensorError("the bias has the wrong shape", found=bias.shape,
                          expected=(len(mask), len(heads), *mask.shape[1:]))
    seen = np.where(mask[:, None], bias, np.zeros((), bias.dtype))
    if not np.isfinite(seen).all():
        raise TensorError("the bias holds NaN or infinity where a query may look",
                          found=bias.shape)
    units = _column(head.ramp / step_nats for head in heads)
    limits = _column(head.bias_limit for head in heads)
    wanted = np.rint(seen * units)
    codes = np.clip(wanted, -limits, limits)
    clipped = np.count_nonzero((wanted != codes) & ((wanted > 0) | (seen > -DEEP)))
    return codes.astype(np.int32), int(clipped)


def _column(numbers: Any) -> Floats:
    """One a head, beside queries and keys."""
    return np.array(list(numbers), np.float64)[:, None, None]
