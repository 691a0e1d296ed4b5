"""Biases that fall evenly with the distance (ALiBi): found, put into a head, and recognised again.

A query's logits may all be shifted, so what counts is how biases differ along its keys,

    bias_ij = c_i - slope (last_i - j),       last_i: the last key that query i sees,

with any c_i: BLOOM adds slope j, MPT slope (j - keys + 1). A softmax forgets c_i, spike times do
not: their window is one for all queries. So the last key that a query sees gains ``near``, whatever
the model adds, and a key ``near`` below it or farther nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.latency_attention.slope import SLOPE_BITS, last_seen, reach_of
from neuromorph.errors import TensorError
from neuromorph.shapes import Bool, Float, Float64
from neuromorph.translate.bias import DEEP
from neuromorph.translate.samples import FloatArray, Sample

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROUNDED = 2.0**-20
"""Of the largest bias, what single precision may have rounded."""

BLOCK_NATS = 8.0
"""Nats that a block's slots lie apart, at most: its 8-bit weights tell 1 / 32 of one."""


def without_query_part(samples: Sequence[Sample]) -> list[Sample]:
    """Samples whose bias is 0 at the last key that a query sees."""
    return [replace(s, bias=None if s.bias is None else _from_last(s.bias, s.mask))
            for s in samples]


def slopes_of(samples: Sequence[Sample]) -> Annotated[Float64, "heads"] | None:
    """Nats a key by which each head's bias falls, shape (heads,); None where one is no such bias.

    Parameters
    ----------
    samples : sequence of Sample
        Whose bias is 0 at the last key that a query sees.
    """
    if any(s.bias is None for s in samples):
        return None
    found = np.zeros(len(samples[0].queries))
    for sample in samples:
        found = np.maximum(found, _steepest(sample))
    within = all(_apart(s.bias, s.mask, found) <= ROUNDED * _largest(s.bias, s.mask)
                 for s in samples if s.bias is not None)
    return found if within and found.any() else None


def reach_nats(slope: float, slots: int) -> float:
    """What a head's bias must reach: `DEEP`, or all slots, and a block's slots above it."""
    return min(DEEP, slope * (slots - 1)) + slope * (block_of(slope, slots) - 1)


def block_of(slope: float, slots: int) -> int:
    """Slots of a block: a power of two, at least 2."""
    return 1 << max(1, int(np.log2(max(1.0, min(BLOCK_NATS / slope, slots)))))


def with_slope(head: LatencyAttention, slope: float, step_nats: float) -> LatencyAttention:
    """A head whose bias limit leaves room for it, with so many nats a slot."""
    units = slope * head.ramp / step_nats
    sloped = replace(head, slope=max(1, round(units * (1 << SLOPE_BITS))),
                     block=block_of(slope, head.slots))
    wanted = int(np.ceil(min(DEEP * head.ramp / step_nats, units * (head.slots - 1))))
    return replace(sloped, near=max(0, min(wanted, head.bias_limit - reach_of(sloped))))


def check_slopes(
    heads: Sequence[LatencyAttention], step_nats: float, bias: Annotated[Float, "_ _ queries keys"],
    mask: Annotated[Bool, "batch queries keys"],
) -> None:
    """Refuse a bias that is not the one that heads with slopes make by themselves.

    Parameters
    ----------
    heads : sequence of LatencyAttention
    step_nats : float
    bias, mask : array
        As for `translate.bias.encode_bias`.

    Raises
    ------
    TensorError
    """
    units = np.array([head.ramp for head in heads]) / step_nats
    slopes = np.array([head.slope for head in heads]) / (units * (1 << SLOPE_BITS))
    last = bias.shape[-1] - 1
    rounded = float((last / (units * (2 << SLOPE_BITS))).max())
    for one, seen in zip(np.broadcast_to(bias, (len(mask), *bias.shape[1:])), mask, strict=True):
        apart = _apart(_from_last(one, seen), seen, slopes)
        allowed = 2 * rounded + ROUNDED * _largest(one, seen)
        if not apart <= allowed:
            raise TensorError(
                "a bias is not the one that calibration saw, which falls evenly with the distance",
                found=f"{apart:.3g} nats away", expected=f"at most {allowed:.3g}",
                hint="calibrate on data with this bias, or with TranslateOptions(slopes=False)")


def _from_last(bias: FloatArray, mask: Bools) -> FloatArray:
    """A bias (heads or 1, queries, keys) less that of the last key which each query sees."""
    last = last_seen(mask)
    own = np.take_along_axis(bias, np.broadcast_to(last[:, None], (*bias.shape[:2], 1)), axis=2)
    lowered: FloatArray = np.where(mask, bias - np.where(mask.any(axis=1)[:, None], own, 0), 0)
    return lowered


def _away(mask: Bools) -> NDArray[np.int64]:
    """Keys between each and the last that a query sees, shape of the mask."""
    away: NDArray[np.int64] = last_seen(mask)[:, None] - np.arange(mask.shape[1])
    return away


def _steepest(sample: Sample) -> Floats:
    """The slope to the farthest key that any query sees, of each head; 0 where none sees two."""
    away = np.where(sample.mask, _away(sample.mask), 0)
    at = np.unravel_index(away.argmax(), away.shape)
    if sample.bias is None or not away[at]:
        return np.zeros(len(sample.queries))
    found: Floats = -sample.bias[:, at[0], at[1]].astype(np.float64) / away[at]
    return np.broadcast_to(found, (len(sample.queries),))


def _apart(bias: FloatArray, mask: Bools, slopes: Floats) -> float:
    """Nats by which a bias leaves its slopes at most; infinite where it is not finite."""
    away = _away(mask)
    apart = 0.0
    for head, slope in enumerate(slopes):
        off = np.where(mask, bias[head % len(bias)] + slope * away, 0)
        apart = max(apart, float(np.abs(off).max(initial=0))) if np.isfinite(off).all() else np.inf
    return apart


def _largest(bias: FloatArray, mask: Bools) -> float:
    return float(np.abs(np.where(mask, bias, 0)).max(initial=0))
