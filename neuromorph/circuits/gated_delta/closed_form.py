"""The memory by whole numbers alone: what the network must say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.gated_delta.clock import PERIOD, WRITE_AT
from neuromorph.circuits.gated_delta.codes import Codes
from neuromorph.circuits.gated_delta.numbers import ANSWER_SHIFT, GatedDelta
from neuromorph.learning import make_draws
from neuromorph.numerics import multiply_shift
from neuromorph.numerics.limits import TRACE_MAX, WEIGHT_MAX, WEIGHT_MIN
from neuromorph.shapes import Float64, Int64, Num
from neuromorph.shown import Shown

FRACTION_BITS = 7
SUM_MAX = (1 << 15) - 1
FORGET_DROPS, WRITE_DROPS = 5, 3
"""Bits that the engine drops of a weight times a gate, and of a key times an error."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Remembered(Shown):
    """What came of a sequence.

    Attributes
    ----------
    answers, errors : int array, shape (…, tokens, value_size)
    weights : int array, shape (…, value_size, key_size)
        The memory after the last token.
    clipped_errors, clipped_weights : int
        Errors at their limit; weights at an end after some token, counted at every token.
    """

    answers: Annotated[Int64, "*batch tokens value_size"]
    errors: Annotated[Int64, "*batch tokens value_size"]
    weights: Annotated[Int64, "*batch value_size key_size"]
    clipped_errors: int
    clipped_weights: int


def remember(
    numbers: GatedDelta, codes: Codes,
    weights: Annotated[Num, "*batch value_size key_size"] | None = None, first: int = 0,
) -> Remembered:
    """All tokens of a sequence, one after the other, as `GatedDelta` says.

    Parameters
    ----------
    numbers : GatedDelta
    codes : Codes
    weights : int array, shape (…, value_size, key_size), optional
        The memory before the first token; empty if left out.
    first : int
        Tokens that came before, for the draws.

    Raises
    ------
    UsageError
        If the codes do not fit.
    """
    codes.check(numbers)
    shape = (*codes.reads.shape[:-2], numbers.value_size, numbers.key_size)
    held = np.zeros(shape, np.int32) if weights is None else np.array(weights, np.int32)
    draws = draws_of(first, codes.tokens)
    answers, errors = np.zeros((2, *codes.values.shape), np.int64)
    clipped = 0
    for t in range(codes.tokens):
        brought = _asked(held, codes.reads[..., t, :])
        errors[..., t, :] = np.clip(
            multiply_shift(codes.values[..., t, :] - brought, numbers.multiplier, numbers.shift),
            -TRACE_MAX, TRACE_MAX)
        held = _written(numbers, held, codes.writes[..., t, :], errors[..., t, :],
                        codes.forgets[..., t], float(draws[t]))
        clipped += int(np.count_nonzero((held == WEIGHT_MAX) | (held == WEIGHT_MIN)))
        answers[..., t, :] = _asked(held, codes.queries[..., t, :])
    return Remembered(answers, errors, held.astype(np.int64),
                      int(np.count_nonzero(np.abs(errors) == TRACE_MAX)), clipped)


def draws_of(first: int, tokens: int) -> Annotated[Float64, "tokens"]:
    """Of tokens from a first on: weights are rounded up where their fraction exceeds it."""
    draws: NDArray[np.float64] = make_draws(
        0, PERIOD * (first + tokens), 1).synapse[WRITE_AT::PERIOD][first:]
    return draws


def _asked(weights: NDArray[np.int32], payloads: Ints) -> Ints:
    """(W payloads) >> 2; floats of 53 bits hold sums of 24 exactly, and multiply faster."""
    asked = np.matmul(weights.astype(np.float64), payloads[..., None].astype(np.float64))
    answers: Ints = asked[..., 0].astype(np.int64) >> ANSWER_SHIFT
    return answers


def _written(
    numbers: GatedDelta, weights: NDArray[np.int32], keys: Ints, errors: Ints, forgets: Ints,
    draw: float,
) -> NDArray[np.int32]:
    """W after the three products of the rule, each clipped into the sum of 15 bits."""
    mantissa, exponent = numbers.forget_product
    gates = (-mantissa * forgets).astype(np.int32)[..., None, None]
    total = (weights << FRACTION_BITS) + _clip(
        (weights * gates >> FORGET_DROPS) << exponent + FRACTION_BITS)
    for side in (np.maximum(errors, 0), np.minimum(errors, 0)):
        scaled = (numbers.mantissa * side).astype(np.int32)
        product = scaled[..., :, None] * keys.astype(np.int32)[..., None, :]
        total = _clip(total + _clip((product >> WRITE_DROPS) << numbers.exponent + FRACTION_BITS))
    fraction = (total & (1 << FRACTION_BITS) - 1) / (1 << FRACTION_BITS)
    rounded = (total >> FRACTION_BITS) + (draw < fraction)
    return np.clip(rounded, WEIGHT_MIN, WEIGHT_MAX).astype(np.int32)


def _clip(value: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.clip(value, -SUM_MAX - 2, SUM_MAX)
