"""Memories of the gated delta rule over sequences, as `circuits.gated_delta.remember` says.

A neuron's synapses need nothing of another neuron's: what is done for one token after the other is
done for a few neurons at a time, whose weights stay near. Neurons are shared among threads.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import threads
from neuromorph.backends.fast.compiled import compiled, inner
from neuromorph.backends.fast.lanes import LANES
from neuromorph.backends.fast.products import HIGH, LOW, MASK, UP, down, up
from neuromorph.backends.fast.threads import PARALLEL_FROM, share
from neuromorph.circuits.gated_delta import ANSWER_SHIFT, Codes, GatedDelta, Remembered
from neuromorph.circuits.gated_delta.closed_form import FORGET_DROPS, WRITE_DROPS, draws_of
from neuromorph.numerics.limits import TRACE_MAX, WEIGHT_MAX, WEIGHT_MIN
from neuromorph.numerics.scalar import multiply_shift_one

ROWS = 8
"""Neurons whose weights are kept near while tokens pass."""

SPEC = np.dtype([("multiplier", "i8"), ("shift", "i8"), ("forget", "i4"), ("forget_left", "i4"),
                 ("write", "i4"), ("write_left", "i4")], align=True)
"""What the kernel needs to know of a memory."""

LEAST, MOST = np.int32(WEIGHT_MIN), np.int32(WEIGHT_MAX)
FORGET, WRITE = np.int32(FORGET_DROPS), np.int32(WRITE_DROPS)

multiplied = inner(multiply_shift_one)


def remember(
    numbers: GatedDelta, codes: Codes, weights: NDArray[Any] | None = None, first: int = 0
) -> Remembered:
    """All tokens of a sequence, one after the other; see `circuits.gated_delta.remember`."""
    codes.check(numbers)
    shape = (*codes.reads.shape[:-2], numbers.value_size, numbers.key_size)
    held = _padded(np.zeros(shape) if weights is None else np.broadcast_to(weights, shape))
    keys = [_padded(one) for one in (codes.reads, codes.writes, codes.queries)]
    values = np.ascontiguousarray(
        codes.values.reshape(-1, codes.tokens, numbers.value_size), np.int32)
    forgets = np.ascontiguousarray(codes.forgets.reshape(-1, codes.tokens), np.int32)
    # rounded up where a fraction f / 128 exceeds the draw, which is where this carries
    carries = (MASK - np.floor(draws_of(first, codes.tokens) * (MASK + 1))).astype(np.int32)
    answers, errors = np.empty((2, *values.shape), np.int32)
    count = threads.count() if held.size * codes.tokens >= PARALLEL_FROM else 1
    clipped = np.zeros((count, 1), np.int64)
    share(_remember, count, _spec(numbers), *keys, values, forgets, carries, held, answers,
          errors, each=clipped)
    kept = held[..., : numbers.key_size].reshape(shape)
    answers, errors = (array.reshape(codes.values.shape) for array in (answers, errors))
    return Remembered(answers.astype(np.int64), errors.astype(np.int64), kept.astype(np.int64),
                      int(np.count_nonzero(np.abs(errors) == TRACE_MAX)), int(clipped.sum()))


def _padded(array: NDArray[Any]) -> NDArray[np.int16]:
    """Three axes, the last filled up with zeros to whole vectors: such synapses stay 0."""
    rows, size = array.shape[-2:]
    made = np.zeros((math.prod(array.shape[:-2]), rows, -(-size // LANES) * LANES), np.int16)
    made[..., :size] = array.reshape(-1, rows, size)
    return made


def _spec(numbers: GatedDelta) -> Any:
    mantissa, exponent = numbers.forget_product
    return np.array((numbers.multiplier, numbers.shift, -mantissa, exponent + UP,
                     numbers.mantissa, numbers.exponent + UP), SPEC)[()]


@compiled(nogil=True)
def _remember(
    first: int, stride: int, spec: Any, reads: Any, writes: Any, queries: Any, values: Any,
    forgets: Any, carries: Any, held: Any, answers: Any, errors: Any, clipped: Any,
) -> None:
    """Blocks of neurons first, first + stride, … of all memories."""
    memories, tokens, size = values.shape
    width, found = held.shape[-1], 0
    blocks = -(-size // ROWS)
    for task in range(first, memories * blocks, stride):
        memory, begin = task // blocks, task % blocks * ROWS
        for t in range(tokens):
            gate = np.int32(spec.forget * forgets[memory, t])
            for v in range(begin, min(begin + ROWS, size)):
                wanted = values[memory, t, v] - _asked(held, v, reads, t, memory, width)
                error = multiplied(wanted, spec.multiplier, spec.shift)
                error = min(max(error, -TRACE_MAX), TRACE_MAX)
                _write(held, v, writes, t, memory, width, np.int32(spec.write * error), gate,
                       spec.forget_left, spec.write_left, carries[t])
                found += _at_ends(held, v, memory, width)
                errors[memory, t, v] = error
                answers[memory, t, v] = _asked(held, v, queries, t, memory, width)
    clipped[0] = found


@inner
def _asked(held: Any, v: int, payloads: Any, t: int, memory: int, width: int) -> Any:
    total = np.int32(0)
    for k in range(width):
        total = np.int32(total + np.int32(
            np.int32(held[memory, v, k]) * np.int32(payloads[memory, t, k])))
    return total >> ANSWER_SHIFT


@inner
def _write(
    held: Any, v: int, keys: Any, t: int, memory: int, width: int, error: int, gate: int,
    forget_left: int, write_left: int, carry: int,
) -> None:
    """The rule's products, each clipped, and their sum rounded: of an error's sides one is 0."""
    for k in range(width):
        weight = np.int32(held[memory, v, k])
        faded = up(down(np.int32(weight * gate), FORGET), forget_left)
        total = np.int32(up(weight, UP) + min(max(faded, LOW), HIGH))
        written = up(down(np.int32(error * np.int32(keys[memory, t, k])), WRITE), write_left)
        total = min(max(np.int32(total + min(max(written, LOW), HIGH)), LOW), HIGH)
        held[memory, v, k] = min(max(down(np.int32(total + carry), UP), LEAST), MOST)


@inner
def _at_ends(held: Any, v: int, memory: int, width: int) -> Any:
    """How many of a neuron's weights are at an end: fewer than 2^15."""
    found = np.int16(0)
    for k in range(width):
        weight = held[memory, v, k]
        found = np.int16(found + np.int16((weight == LEAST) | (weight == MOST)))
    return found
