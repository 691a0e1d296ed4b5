"""Floats to codes and back, compiled: what `LayerCode` says, to the bit.

    code = clip(round((x - centre) / scale), -limit, limit)

A product with 1 / scale is three times as fast as the quotient, and differs from it by less than
2^-51 of its size; where that could round otherwise, the quotient decides.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled
from neuromorph.backends.fast.lanes import (
    DOUBLE,
    FLOAT,
    INDEX,
    LANES,
    Code,
    Pointer,
    counted,
    lanes,
)

DOUBT = 1.0 / (1 << 20)
"""How near to a half a product is not trusted."""

WRONG = 40
"""Bit from which numbers that are not finite are counted, above those that are clipped."""


@lanes(result=types.intp, at=INDEX, factor=FLOAT, row=INDEX, limit=DOUBLE, to=INDEX)
def quick_codes(
    code: Code, source: Pointer, at: Any, factor: Any, centre: Pointer, inverse: Pointer, row: Any,
    limit: Any, target: Pointer, to: Any,
) -> Any:
    """Codes of 16 numbers; not 0 if one may be wrong, is clipped or is not finite."""
    steps = ((source[at] * factor).to(DOUBLE) - centre[row]) * inverse[row]
    whole = steps.rint()
    target[to] = whole.to(FLOAT)
    sure = code.builder.and_((steps - whole).magnitude().is_("<", 0.5 - DOUBT),
                             whole.magnitude().is_("<=", limit))
    return counted(code, code.builder.not_(sure))


@lanes(result=types.intp, at=INDEX, factor=FLOAT, row=INDEX, limit=DOUBLE, to=INDEX)
def exact_codes(
    code: Code, source: Pointer, at: Any, factor: Any, centre: Pointer, scale: Pointer, row: Any,
    limit: Any, target: Pointer, to: Any,
) -> Any:
    """Codes of 16 numbers; how many were clipped, and from bit `WRONG` on are not finite."""
    number = (source[at] * factor).to(DOUBLE)
    whole = ((number - centre[row]) / scale[row]).rint()
    target[to] = whole.least(limit).most(code.fill(0, DOUBLE) - limit).to(FLOAT)
    build = code.builder
    wrong = counted(code, build.not_((number - number).is_("==", 0)))
    clipped = counted(code, whole.magnitude().is_(">", limit))
    return build.add(clipped, build.shl(wrong, code.index(WRONG)))


@lanes(result=FLOAT, at=INDEX)
def number_at(_: Code, source: Pointer, at: Any) -> Any:
    """One number of an array of any shape, counted from its first."""
    return source.one(at)


@compiled(forceinline=True)
def encode_row(
    source: NDArray[np.float32], at: int, factor: float, code: Any, head: int, limit: int,
    target: NDArray[np.float32], to: int,
) -> int:
    """Codes of one token; how many were clipped, and from bit `WRONG` on are not finite.

    ``code`` is centre, scale and one over it, shape (heads, size) each.
    """
    centre, scale, inverse = code
    size, found = scale.shape[1], 0
    whole, begin = size - size % LANES, head * size
    for j in range(0, whole, LANES):
        if quick_codes(source, at + j, factor, centre, inverse, begin + j, limit, target, to + j):
            found += exact_codes(source, at + j, factor, centre, scale, begin + j, limit, target,
                                 to + j)
    for j in range(whole, size):
        number = np.float64(number_at(source, at + j) * np.float32(factor))
        steps = np.rint((number - centre[head, j]) / scale[head, j])
        target[to + j] = np.float32(min(max(steps, -limit), limit))
        found += abs(steps) > limit
        found += int(number - number != 0) << WRONG
    return found


@lanes(result=types.intp, at=INDEX, begin=INDEX)
def equal_numbers(code: Code, source: Pointer, at: Any, other: Pointer, begin: Any) -> Any:
    """How many of 16 numbers are the same in both."""
    return counted(code, source[at].is_("==", other[begin]))


@compiled(forceinline=True)
def same_row(
    source: NDArray[np.float32], at: int, other: NDArray[np.float32], begin: int, size: int
) -> bool:
    """Whether a row of numbers is the same in two arrays."""
    whole = size - size % LANES
    for j in range(0, whole, LANES):
        if equal_numbers(source, at + j, other, begin + j) < LANES:
            return False
    same = True
    for j in range(whole, size):
        same &= number_at(source, at + j) == other[begin + j]
    return same


@lanes(at=INDEX, factor=FLOAT, row=INDEX, to=INDEX)
def sixteen_answers(
    _: Code, control: Pointer, at: Any, factor: Any, scale: Pointer, centre: Pointer, row: Any,
    context: Pointer, to: Any,
) -> None:
    """context = centre + scale (factor control), each step rounded to float32."""
    context[to] = (control[at].to(FLOAT) * factor) * scale[row] + centre[row]


@compiled(forceinline=True)
def decode_row(
    control: NDArray[np.int32], at: int, mass: int, spikes: int, half_unit: float, answers: Any,
    kv: int, context: NDArray[np.float32], to: int,
) -> None:
    """context = centre + scale control unit / (2 mass) in float32; 0 if nothing was seen.

    ``answers`` is scale and centre, shape (kv_heads, size) each.
    """
    scale, centre = answers
    size = scale.shape[1]
    factor = np.float32(half_unit / mass) if mass > 0 else np.float32(0)
    whole = size - size % LANES if spikes > 0 else 0
    for j in range(0, whole, LANES):
        sixteen_answers(control, at + j, factor, scale, centre, kv * size + j, context, to + j)
    for j in range(whole, size):
        value = (np.float32(control[at + j]) * factor) * scale[kv, j]
        context[to + j] = value + centre[kv, j] if spikes > 0 else value
