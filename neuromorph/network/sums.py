"""What a projection's synapses may make of what is sent."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.learning.arithmetic import WEIGHT_BOUNDS
from neuromorph.learning.rule import Sign
from neuromorph.network.model import Projection
from neuromorph.numerics import shift
from neuromorph.numerics.held import remembered
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.synapse import blocks
from neuromorph.shapes import Integer


def delivered(
    projection: Projection, sent: Interval, norm: int | None = None, *, alone: bool = False
) -> Interval:
    """(sum_j W_ij s_j) << exponent, for s within ``sent`` and W within `weight_range`.

    Where the 2-norm of s is bounded, also by Cauchy and Schwarz::

        |sum_j W_ij s_j|  <=  ||W_i|| ||s||

    Where one of them speaks alone, it is what the loudest brings, or nothing.
    """
    sums = _weighted(projection, sent, norm, alone=alone)
    return Interval(shift(sums.low, projection.exponent), shift(sums.high, projection.exponent))


def widest_sums(
    projection: Projection, sent: Interval, norm: int | None = None, *, alone: bool = False
) -> Interval:
    """The same before a right shift, but after a left one. Any part of a sum lies within."""
    silent = Interval(np.minimum(sent.low, 0), np.maximum(sent.high, 0))
    sums = _weighted(projection, silent, norm, alone=alone)
    left = max(projection.exponent, 0)
    return Interval(sums.low << left, sums.high << left)


def weight_range(
    projection: Projection
) -> tuple[Annotated[Integer, "post pre"] | int, Annotated[Integer, "post pre"] | int]:
    """Lowest and highest that each weight is or may become."""
    sign = _changing(projection)
    return (projection.weights,) * 2 if sign is None else WEIGHT_BOUNDS[sign]


def _weighted(
    projection: Projection, sent: Interval, norm: int | None, *, alone: bool
) -> Interval:
    told = blake2b(sent.low.tobytes(), digest_size=16)
    told.update(sent.high.tobytes())
    return remembered(lambda _: _computed(projection, sent, norm, alone=alone), projection.weights,
                      "sums", _changing(projection), projection.graded, norm, alone, told.digest())


def _changing(projection: Projection) -> Sign | None:
    """How the weights may change, if they may."""
    rule = projection.rule
    return None if rule is None or not rule.weight_terms else rule.sign


def _computed(
    projection: Projection, sent: Interval, norm: int | None, *, alone: bool
) -> Interval:
    """Positive and negative parts apart: any partial sum lies within.

    In float64, which is exact below 2^53, so up to 2^21 axons with the widest payload.
    """
    counts = np.stack(sent if projection.graded else _as_spikes(sent), axis=1).astype(np.float64)
    low, high = np.zeros((2, len(projection.weights)), np.int64)
    for rows in blocks(*projection.weights.shape):
        if alone:
            low[rows], high[rows] = _loudest(*_signed_parts(projection, rows), counts)
            continue
        falls, rises = (part @ counts for part in _signed_parts(projection, rows))
        low[rows], high[rows] = rises[:, 0] + falls[:, 1], rises[:, 1] + falls[:, 0]
    if norm is None or not projection.graded:
        return Interval(low, high)
    most = _by_norm(projection, norm)
    return Interval(np.maximum(low, -most), np.minimum(high, most))


def _loudest(
    falls: NDArray[Any], rises: NDArray[Any], counts: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The least and the most that one axon brings alone, or none."""
    least = rises * counts[:, 0] + falls * counts[:, 1]
    most = rises * counts[:, 1] + falls * counts[:, 0]
    return least.min(axis=1, initial=0), most.max(axis=1, initial=0)


def _by_norm(projection: Projection, norm: int) -> NDArray[np.int64]:
    """Floor of ||W_i|| ||s||, for the weights that are farthest from 0."""
    most = np.zeros(len(projection.weights), np.int64)
    for rows in blocks(*projection.weights.shape):
        falls, rises = _signed_parts(projection, rows)
        farthest = np.maximum(-falls, rises)
        lengths = np.sqrt(np.einsum("ij,ij->i", farthest, farthest))
        most[rows] = np.floor(np.minimum(lengths * norm * (1 + 1e-12), 2.0**62))
    return most


def gain(projection: Projection) -> float:
    """Bound on ||W s|| / ||s||: sqrt(max row sum of |W| * max column sum of |W|), shifted."""
    return remembered(lambda _: _gain(projection), projection.weights, "gain",
                      _changing(projection)) * 2.0**projection.exponent


def _gain(projection: Projection) -> float:
    across, down = 0.0, np.zeros(projection.weights.shape[1])
    for rows in blocks(*projection.weights.shape):
        falls, rises = _signed_parts(projection, rows)
        farthest = np.maximum(-falls, rises)
        across, down = max(across, float(farthest.sum(axis=1).max())), down + farthest.sum(axis=0)
    return float(np.sqrt(across * down.max()))


def _signed_parts(projection: Projection, rows: slice) -> tuple[NDArray[Any], NDArray[Any]]:
    """Some rows of the weights at their lowest where that is negative, and at their highest."""
    low, high = weight_range(projection)
    if isinstance(low, int) or isinstance(high, int):
        shape = projection.weights[rows].shape
        return np.full(shape, min(low, 0), np.float64), np.full(shape, max(high, 0), np.float64)
    some = low[rows].astype(np.float64)
    return np.minimum(some, 0), np.maximum(some, 0)


def _as_spikes(sent: Interval) -> Interval:
    """Any payload but 0 counts 1."""
    speaks = ((sent.low != 0) | (sent.high != 0)).astype(np.int64)
    return Interval(np.zeros_like(speaks), speaks)
