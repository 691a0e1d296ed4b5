"""From a float memory that learns by the gated delta rule to codes, and back.

::

    W = weight S           reads = read alpha k         writes = write beta k
    queries = query q      error = error_scale (v - alpha S k)
    weight = gain write error_scale

Keys and values are turned before they become codes, and outputs are turned back: that spreads
outliers over all dimensions, so that codes and weights use their bits. Turned keys sum to 0, so
what rounding does to all weights of a neuron alike, a key never sees; it takes one axon more.

The gates' fractions are carried over: what a token's forgetting is rounded by, the next ones make
up for, so that the memory never differs by more than half a unit from what it should have kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, NamedTuple

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
    Remembered,
    Rounding,
    remember,
)
from neuromorph.dynamics.gated_delta import DeltaRun, DeltaSample, gated_delta_rule
from neuromorph.errors import CalibrationError
from neuromorph.numerics.limits import MULTIPLIER_MAX, TRACE_MAX, WEIGHT_MAX
from neuromorph.shapes import Float64, Int64, Integer, Num
from neuromorph.shown import Shown
from neuromorph.translate.turns import balanced_turn, turn

UNIT = 1 << ANSWER_SHIFT
"""Parts of the memory's sum that an answer counts."""

FINEST = {"random": -7, "whole": 0}
"""Exponents of the smallest write that is rounded as the rounding says."""

SHARES = (1.0, 0.7, 0.5, 0.35, 0.25)
"""Parts of the largest weight that the scales are tried for."""

MOST_OWED, ALL_BUT = -1.0, 0.1
"""The largest forgetting that is made up for later, and a gate that owes nothing."""

KEY_STEP = {"random": 1, "whole": WHOLE_KEY}
"""What codes of written keys are multiples of."""

FORGET_BITS = {"random": range(12, 6, -1), "whole": (5,)}


@dataclass(frozen=True, eq=False, repr=False)
class DeltaCode(Shown):
    """Scales of one memory, in codes a float.

    Attributes
    ----------
    key_turn : float array, shape (key axons, key_size)
    value_turn : float array, shape (value_size, value_size)
    numbers : GatedDelta
    weight, read, write, query : float
        Of S, of keys that are read and written, and of queries.
    forgets_key : bool
        Whether keys are read at all.
    """

    key_turn: Annotated[Float64, "key_axons key_size"]
    value_turn: Annotated[Float64, "value_size value_size"]
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

    def encode(
        self, sample: DeltaSample, owed: Annotated[Float64, "..."] | None = None
    ) -> tuple[Codes, int, Annotated[Float64, "..."]]:
        """Codes of a sequence, how many of them were clipped, and what its gates still owe.

        Parameters
        ----------
        sample : DeltaSample
        owed : float array, shape (…,), optional
            Where the sequence goes on: what the gates before owe, as a logarithm.
        """
        sample = turned(sample, self.key_turn, self.value_turn)
        forgets, kept, owed = carried(sample.keep, self.numbers.forget_unit, owed)
        reads = sample.keys * kept[..., None] if self.forgets_key else np.zeros_like(sample.keys)
        step = KEY_STEP[self.numbers.rounding]
        made = [_rounded(numbers, limit, unit) for numbers, limit, unit in (
            (reads * self.read, READ_LIMIT, 1),
            (sample.keys * sample.rate[..., None] * self.write, _key_limit(step), step),
            (sample.queries * self.query, READ_LIMIT, 1),
            (sample.values * self.value, VALUE_LIMIT, 1))]
        read, write, query, value = (codes for codes, _ in made)
        return (Codes(read, write, query, value, forgets),
                sum(clipped for _, clipped in made), owed)

    def decode(
        self, answers: Annotated[Integer, "*batch value_size"]
    ) -> Annotated[Float64, "*batch value_size"]:
        """Outputs from a memory's answers."""
        outputs: NDArray[np.float64] = (
            answers @ self.value_turn * (UNIT / (self.weight * self.query)))
        return outputs

    def memory(
        self, weights: Annotated[Num, "*batch value_size key_axons"]
    ) -> Annotated[Float64, "*batch value_size key_size"]:
        """S from weights, shape (…, value_size, key_size)."""
        memory: NDArray[np.float64] = self.value_turn.T @ weights @ self.key_turn / self.weight
        return memory

    def weights(
        self, memory: Annotated[Float64, "*batch value_size key_size"]
    ) -> Annotated[Int64, "*batch value_size key_axons"]:
        """Weights that hold S as well as whole numbers can."""
        turned_memory = self.value_turn @ memory @ self.key_turn.T
        return _rounded(turned_memory * self.weight, WEIGHT_MAX, 1)[0]


def calibrate_delta(
    samples: Sequence[DeltaSample], rounding: Rounding = "random", *,
    remembering: Callable[[GatedDelta, Codes], Remembered] = remember,
) -> DeltaCode:
    """Scales for which all codes and errors of these sequences fit, and nearly all weights.

    The largest weights may clip where that is better for all others: of a few shares of the
    largest, the one that brings outputs nearest to the direction that they have in floats.

    Parameters
    ----------
    samples : sequence of DeltaSample
        Of one memory; leading axes are sequences side by side.
    rounding : {"random", "whole"}
        Of the memory.
    remembering : callable
        The memory in integers; a backend's `remember` says the same, sooner.

    Raises
    ------
    CalibrationError
        If there is nothing to calibrate on.
    """
    if not samples:
        raise CalibrationError("there is nothing to calibrate on")
    runs = [gated_delta_rule(sample) for sample in samples]
    turns = balanced_turn(samples[0].keys.shape[-1]), turn(samples[0].values.shape[-1])
    spread = _Spread.of([turned(sample, *turns) for sample in samples])
    codes = [_fitted(samples, turns, spread, rounding, share) for share in SHARES]

    def likeness(code: DeltaCode, sample: DeltaSample, run: DeltaRun) -> float:
        answers = remembering(code.numbers, code.encode(sample)[0]).answers
        return float(likenesses(code.decode(answers), run.outputs).mean())

    return max(codes, key=lambda code: min(
        likeness(code, sample, run) for sample, run in zip(samples, runs, strict=True)))


class _Spread(NamedTuple):
    """Largest magnitudes in floats."""

    memory: float
    error: float
    key: float
    written: float
    query: float
    value: float

    @classmethod
    def of(cls, samples: Sequence[DeltaSample]) -> _Spread:
        """Of sequences and what comes of them; refused if one is 0."""
        runs = [gated_delta_rule(sample) for sample in samples]
        found = cls(
            max(run.largest for run in runs), _largest(run.errors for run in runs),
            _largest(sample.keys for sample in samples),
            _largest(sample.keys * sample.rate[..., None] for sample in samples),
            _largest(sample.queries for sample in samples),
            _largest(sample.values for sample in samples))
        if not all(math.isfinite(one) and one > 0 for one in found):
            raise CalibrationError("the memory holds nothing, or is not asked",
                                   where="gated delta", found=str(found._asdict()))
        return found


def _fitted(
    samples: Sequence[DeltaSample], turns: tuple[NDArray[np.float64], NDArray[np.float64]],
    spread: _Spread, rounding: Rounding, share: float,
) -> DeltaCode:
    """Scales for which all fits that is no weight beyond a share of the largest."""
    write, error = _key_limit(KEY_STEP[rounding]) / spread.written, TRACE_MAX / spread.error
    mantissa, exponent, room = _gain(WEIGHT_MAX / (share * spread.memory * write * error), rounding)
    error *= room
    weight = mantissa * 2.0 ** (exponent - 3) * write * error
    read = min(READ_LIMIT / spread.key, VALUE_LIMIT * UNIT / (weight * spread.value))
    multiplier, shift = _ratio(UNIT * error / (weight * read))
    numbers = GatedDelta(len(turns[0]), len(turns[1]), mantissa, exponent,
                         _forget_bits(samples, rounding), multiplier, shift, rounding)
    return DeltaCode(*turns, numbers, weight, read, write, READ_LIMIT / spread.query,
                     samples[0].forgets_key)


def turned(
    sample: DeltaSample, keys: Annotated[Float64, "_ key_size"],
    values: Annotated[Float64, "value_size value_size"],
) -> DeltaSample:
    """The sample with queries, keys and values turned: outputs are turned as values are."""
    return replace(sample, queries=sample.queries @ keys.T, keys=sample.keys @ keys.T,
                   values=sample.values @ values.T)


def likenesses(
    answers: Annotated[Float64, "*batch tokens value_size"],
    target: Annotated[Float64, "*batch tokens value_size"],
) -> Annotated[Float64, "*batch tokens"]:
    """Cosine of each token's output with the float one: what follows in a layer is a norm."""
    lengths = np.linalg.norm(answers, axis=-1) * np.linalg.norm(target, axis=-1)
    same = (answers * target).sum(axis=-1)
    found: NDArray[np.float64] = np.divide(same, lengths, out=np.zeros_like(same),
                                           where=lengths > 0)
    return found


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


def carried(
    keep: Annotated[Float64, "*batch tokens"], unit: float,
    owed: Annotated[Float64, "..."] | None = None,
) -> tuple[
    Annotated[Int64, "*batch tokens"], Annotated[Float64, "*batch tokens"],
    Annotated[Float64, "..."],
]:
    """Gates as codes, what they keep, and what they owe the next.

    ::

        f = round((1 - e^(owed + ln keep)) / unit)        owed' = owed + ln keep - ln(1 - f unit)

    A gate that takes all but a tenth owes nothing: what is left is not worth the memory's next
    token.
    """
    codes, kept = np.zeros(keep.shape, np.int64), np.ones(keep.shape)
    wanted = np.log(keep)
    missing = np.zeros(keep.shape[:-1]) if owed is None else owed
    most = min(TRACE_MAX, math.ceil(1 / unit) - 1)
    for t in range(keep.shape[-1]):
        missing = missing + wanted[..., t]
        code = np.clip(np.rint(-np.expm1(missing) / unit), 0, most).astype(np.int64)
        codes[..., t] = code
        kept[..., t] = 1 - code * unit
        left = np.maximum(missing - np.log(kept[..., t]), MOST_OWED)
        missing = np.where(kept[..., t] < ALL_BUT, 0.0, left)
    return codes, kept, missing


def _key_limit(step: int) -> int:
    return KEY_LIMIT // step * step


def _rounded(
    numbers: NDArray[np.float64], limit: int, unit: int
) -> tuple[NDArray[np.int64], int]:
    codes = unit * np.rint(numbers / unit)
    clipped = int(np.count_nonzero(np.abs(codes) > limit))
    return np.clip(codes, -limit, limit).astype(np.int64), clipped
