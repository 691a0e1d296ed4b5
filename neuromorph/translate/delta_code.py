"""From a float memory that learns by the gated delta rule to codes, and back.

::

    W = weight S           reads = read alpha k         writes = write beta k
    queries = query q      error = error_scale (v - alpha S k)
    weight = gain write error_scale

The gates' fractions are carried over: what a token's forgetting is rounded by, the next ones make
up for, so that the memory never differs by more than half a unit from what it should have kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.gated_delta import (
    ANSWER_SHIFT,
    KEY_LIMIT,
    READ_LIMIT,
    VALUE_LIMIT,
    WHOLE_KEY,
    Codes,
    GatedDelta,
    Rounding,
)
from neuromorph.dynamics.gated_delta import DeltaSample, gated_delta_rule
from neuromorph.errors import CalibrationError
from neuromorph.numerics.limits import MULTIPLIER_MAX, TRACE_MAX, WEIGHT_MAX
from neuromorph.shown import Shown

UNIT = 1 << ANSWER_SHIFT
"""Parts of the memory's sum that an answer counts."""

FINEST = {"random": -7, "whole": 0}
"""Exponents of the smallest write that is rounded as the rounding says."""

KEY_STEP = {"random": 1, "whole": WHOLE_KEY}
"""What codes of written keys are multiples of."""

FORGET_BITS = {"random": range(12, 6, -1), "whole": (5,)}


@dataclass(frozen=True, eq=False, repr=False)
class DeltaCode(Shown):
    """Scales of one memory, in codes a float.

    Attributes
    ----------
    numbers : GatedDelta
    weight, read, write, query : float
        Of S, of keys that are read and written, and of queries.
    forgets_key : bool
        Whether keys are read at all.
    """

    numbers: GatedDelta
    weight: float
    read: float
    write: float
    query: float
    forgets_key: bool = True

    @property
    def value(self) -> float:
        """Of values: that of what a key brings back."""
        return self.weight * self.read / UNIT

    def encode(self, sample: DeltaSample) -> tuple[Codes, int]:
        """Codes of a sequence, and how many of them were clipped."""
        forgets, kept = _carried(sample.keep, self.numbers.forget_unit)
        reads = sample.keys * kept[..., None] if self.forgets_key else np.zeros_like(sample.keys)
        step = KEY_STEP[self.numbers.rounding]
        made = [_rounded(numbers, limit, unit) for numbers, limit, unit in (
            (reads * self.read, READ_LIMIT, 1),
            (sample.keys * sample.rate[..., None] * self.write, _key_limit(step), step),
            (sample.queries * self.query, READ_LIMIT, 1),
            (sample.values * self.value, VALUE_LIMIT, 1))]
        read, write, query, value = (codes for codes, _ in made)
        return Codes(read, write, query, value, forgets), sum(clipped for _, clipped in made)

    def decode(self, answers: NDArray[Any]) -> NDArray[np.float64]:
        """Outputs from a memory's answers."""
        outputs: NDArray[np.float64] = answers * (UNIT / (self.weight * self.query))
        return outputs


def calibrate_delta(samples: Sequence[DeltaSample], rounding: Rounding = "random") -> DeltaCode:
    """Scales for which all codes, errors and weights of these sequences fit.

    Parameters
    ----------
    samples : sequence of DeltaSample
        Of one memory; leading axes are sequences side by side.
    rounding : {"random", "whole"}
        Of the memory.

    Raises
    ------
    CalibrationError
        If there is nothing to calibrate on.
    """
    if not samples:
        raise CalibrationError("there is nothing to calibrate on")
    runs = [gated_delta_rule(sample) for sample in samples]
    memory = max(run.largest for run in runs)
    error = _largest(run.errors for run in runs)
    key = _largest(sample.keys for sample in samples)
    write = _largest(sample.keys * sample.rate[..., None] for sample in samples)
    query = _largest(sample.queries for sample in samples)
    found = (memory, error, key, write, query)
    if not all(math.isfinite(one) and one > 0 for one in found):
        raise CalibrationError("the memory holds nothing, or is not asked", where="gated delta",
                               found=", ".join(f"{one:g}" for one in found))
    write_scale, error_scale = _key_limit(KEY_STEP[rounding]) / write, TRACE_MAX / error
    mantissa, exponent, room = _gain(WEIGHT_MAX / memory / (write_scale * error_scale), rounding)
    error_scale *= room
    weight = mantissa * 2.0 ** (exponent - 3) * write_scale * error_scale
    value = _largest(sample.values for sample in samples)
    read = min(READ_LIMIT / key, VALUE_LIMIT * UNIT / (weight * value))
    multiplier, shift = _ratio(UNIT * error_scale / (weight * read))
    numbers = GatedDelta(samples[0].keys.shape[-1], samples[0].values.shape[-1], mantissa,
                         exponent, _forget_bits(samples, rounding), multiplier, shift, rounding)
    return DeltaCode(numbers, weight, read, write_scale, READ_LIMIT / query,
                     samples[0].forgets_key)


def _largest(arrays: Iterator[NDArray[Any]]) -> float:
    return max(float(np.abs(array).max()) for array in arrays)


def _gain(wanted: float, rounding: Rounding) -> tuple[int, int, float]:
    """Mantissa and exponent of the write, and the share of its codes that the error uses.

    A key times an error of full codes may add at most what is wanted; where it would add more
    with the engine's nearest constant, the error's codes are smaller.
    """
    for exponent in range(FINEST[rounding], 8 if rounding == "whole" else 1):
        unit = 2.0 ** (exponent - 3)
        mantissa = max(1, math.ceil(wanted / unit))
        if mantissa <= 7:
            return mantissa, exponent, min(1.0, wanted / (mantissa * unit))
    raise CalibrationError("the memory holds less than a token writes", where="gated delta",
                           found=f"{wanted:g} weights a unit of key and error")


def _ratio(wanted: float) -> tuple[int, int]:
    """Multiplier of 16 bits and shift nearest to a ratio."""
    shift = min(max(1, math.floor(math.log2(MULTIPLIER_MAX / wanted))), 40)
    multiplier = round(wanted * 2.0**shift)
    if not 1 <= multiplier <= MULTIPLIER_MAX:
        raise CalibrationError("no constant of a neuron is this ratio of error to answer",
                               where="gated delta", found=wanted)
    return multiplier, shift


def _forget_bits(samples: Sequence[DeltaSample], rounding: Rounding) -> int:
    """The finest unit of which 127 reach the largest forgetting, or the coarsest there is."""
    largest = max(float((1 - sample.keep).max()) for sample in samples)
    return next((bits for bits in FORGET_BITS[rounding] if TRACE_MAX * 2.0**-bits >= largest),
                FORGET_BITS[rounding][-1])


def _carried(
    keep: NDArray[np.float64], unit: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Gates as codes, and what they keep; each makes up for what those before were rounded by."""
    codes, kept = np.zeros(keep.shape, np.int64), np.ones(keep.shape)
    wanted, missing = np.log(keep), np.zeros(keep.shape[:-1])
    most = min(TRACE_MAX, int(1 / unit))
    for t in range(keep.shape[-1]):
        missing = missing + wanted[..., t]
        code = np.clip(np.rint(-np.expm1(missing) / unit), 0, most).astype(np.int64)
        codes[..., t] = code
        kept[..., t] = 1 - code * unit
        missing = np.maximum(missing - np.log(np.maximum(kept[..., t], 1e-9)), -1.0)
    return codes, kept


def _key_limit(step: int) -> int:
    return KEY_LIMIT // step * step


def _rounded(
    numbers: NDArray[np.float64], limit: int, unit: int
) -> tuple[NDArray[np.int64], int]:
    codes = unit * np.rint(numbers / unit)
    clipped = int(np.count_nonzero(np.abs(codes) > limit))
    return np.clip(codes, -limit, limit).astype(np.int64), clipped
