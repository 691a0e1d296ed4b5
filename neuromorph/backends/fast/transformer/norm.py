"""Norms of one token: of a whole vector, and of each head's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.backends.fast.lanes import beyond
from neuromorph.backends.fast.transformer.calls import part
from neuromorph.backends.fast.transformer.memory import ints_at
from neuromorph.backends.fast.transformer.scalars import (
    clip,
    inverse_root_payload,
    least,
    multiply_shift,
    root_payload,
    round_shift,
)
from neuromorph.backends.fast.transformer.tables import (
    C_NORM,
    C_X,
    CENTRED,
    GAIN_SHIFTS,
    GAINS,
    LADDER_SHIFT,
    LARGEST,
    LEAST,
    LEAST_SHIFT,
    LIMIT,
    MEAN_BITS,
    MEAN_MULTIPLIER,
    MEAN_SHIFT,
    NORM,
    OWN_NORM,
    SIZE,
    THRESHOLD,
    Y_MULTIPLIER,
    Y_SHIFT,
)
from neuromorph.circuits.block.closed_form import LIMIT_16
from neuromorph.circuits.norm.build import SHIFT
from neuromorph.neurons.square import RUNG_BITS, RUNGS
from neuromorph.numerics.limits import STATE_MAX

SUMMED = 1 << 14
"""So many squares of 48 bits fit 62."""


@part
def normed(norm: Any, source: Any, said: Any, narrow: Any, counts: Any, speaker: int) -> Any:
    """The vector over its norm, of 32 and of 16 bits, and the payload of the norm itself."""
    mean, y, kept, k = _factor(norm, source)
    limit, spikes, cut = norm[LIMIT], np.int64(0), np.int64(0)
    for i in range(norm[SIZE]):
        h = round_shift((np.int64(source[i]) - mean) * y, SHIFT)
        sent = clip(h, limit)
        said[i] = np.int32(sent)
        narrow[i] = np.int16(sent)
        spikes += sent != 0
        cut += sent != h
    counts[speaker] += spikes
    counts[C_NORM] += cut
    return root_payload(kept, k)


@part
def normed_heads(code: Any, norms: Any, x: Any, heads: int, counts: Any) -> None:
    """In place of queries or keys, those of each head over their norm, times their gains."""
    norm = beyond(norms, NORM * code[OWN_NORM])
    gains, shifts = ints_at(code[GAINS]), ints_at(code[GAIN_SHIFTS])
    size, limit, cut, beyond_16 = norm[SIZE], norm[LIMIT], np.int64(0), np.int64(0)
    for head in range(heads):
        own = beyond(x, head * size)
        mean, y, _, _ = _factor(norm, own)
        for i in range(size):
            h = round_shift((np.int64(own[i]) - mean) * y, SHIFT)
            n = clip(h, limit)
            gain = np.int64(gains[i])
            gained = multiply_shift(n if gain >= 0 else -n, abs(gain), np.int64(shifts[i]))
            sent = clip(gained, LIMIT_16)
            own[i] = np.int32(sent)
            cut += n != h
            beyond_16 += sent != gained
    counts[C_NORM] += cut
    counts[C_X] += beyond_16


@part
def _factor(norm: Any, source: Any) -> Any:
    """The mean that is taken away, 1 / norm, and the sum of squares that is kept and its rung."""
    size, mean = norm[SIZE], np.int64(0)
    if norm[CENTRED]:
        mean = _mean(norm, source, size)
    kept, k = _climbed(norm, source, mean, size)
    y = min(inverse_root_payload(kept, k, norm[Y_MULTIPLIER], norm[Y_SHIFT]), STATE_MAX)
    return mean, y, kept, k


@part
def _mean(norm: Any, source: Any, size: int) -> Any:
    total, bits = np.int64(0), norm[MEAN_BITS]
    for i in range(size):
        total += multiply_shift(np.int64(source[i]), 1, bits)
    return clip(multiply_shift(total, norm[MEAN_MULTIPLIER], norm[MEAN_SHIFT]), norm[LARGEST])


@part
def _climbed(norm: Any, source: Any, mean: int, size: int) -> Any:
    """The rung that is kept, and which it is.

    A rung is at most sum(R^2) / 2^shift + size / 2, and what is added: those that are bound to
    stay below the threshold need not be added up.
    """
    whole = np.int64(0)
    for i in range(size):
        value = np.int64(source[i]) - mean
        whole += value * value
    threshold, kept, last = norm[THRESHOLD], np.int64(0), RUNGS - 1
    for k in range(RUNGS):
        shift = norm[LADDER_SHIFT] - RUNG_BITS * k
        added = least(norm[LEAST], norm[LEAST_SHIFT], k)
        if k < last and size < SUMMED and (whole >> shift) + size + 1 + added < threshold:
            continue
        kept = _rung(source, mean, size, shift) + added
        if kept >= threshold:
            return kept, k
    return kept, last


@part
def _rung(source: Any, mean: int, size: int, shift: int) -> Any:
    half = np.int64(1) << (shift - 1)
    total: Any = np.int64(0)
    for i in range(size):
        value = np.int64(source[i]) - mean
        total += min((value * value + half) >> shift, STATE_MAX)
    return total
