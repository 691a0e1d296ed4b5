"""When sixteen keys' match neurons speak, and what their spikes carry: integers alone.

Other than `fast.vectors`, which takes scores as float32 and multiplies in float64.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from neuromorph.backends.fast.lanes import (
    INDEX,
    INT,
    LANES,
    SHORT,
    Code,
    Pointer,
    Vector,
    counted,
    lanes,
)
from neuromorph.backends.fast.transformer.tiles import plus_pairs, spread_pair, weights_at
from neuromorph.numerics.limits import INPUT_SHIFT

STEP_BITS = 16
"""By which a step stands above its payload."""

_WIDE = ir.VectorType(ir.IntType(64), LANES)
_NARROW = ir.VectorType(ir.IntType(32), LANES)


def _scaled(code: Code, value: Vector, factor: Any, places: Any) -> Vector:
    """(value factor) >> places, neither negative; their product has 64 bits."""
    build = code.builder
    wide = build.mul(build.zext(value.value, _WIDE),
                     build.zext(code.splat(factor, ir.IntType(32)), _WIDE))
    shifted = build.lshr(wide, code.splat(build.zext(places, ir.IntType(64)), ir.IntType(64)))
    return Vector(code, build.trunc(shifted, _NARROW))


@lanes(result=types.intp, at=INDEX, low=INT, high=INT, found=INDEX, first_due=INT, ramp=INT,
       window=INT, bound=INT, climb=INT, key_shift=INT, span=INT, gain=INT, gain_shift=INT,
       base=INT, base_bits=INT, inverse=INT, inverse_shift=INT)
def speak(
    code: Code, scores: Pointer, at: Any, low: Any, high: Any, early: Pointer, mass: Pointer,
    which: Pointer, late: Pointer, found: Any, first_due: Any, ramp: Any, window: Any,
    bound: Any, climb: Any, key_shift: Any, span: Any, gain: Any, gain_shift: Any, base: Any,
    base_bits: Any, inverse: Any, inverse_shift: Any,
) -> Any:
    """Payloads of step 0, 0 of all others; those who speak later are appended, and counted.

    Of these: which they are, and step and payload side by side. Keys are seen from low on, and
    below high. ``climb`` is the threshold.
    """
    build = code.builder
    which_here = code.constant(list(range(LANES)), INT) + build.trunc(at, ir.IntType(32))
    seen = build.and_(which_here.is_(">=", low), which_here.is_("<", high))
    score = (scores[at] * -2) >> key_shift
    needed = code.fill(first_due, INT) - score
    at_once = needed.is_("<=", 0)
    most = code.fill(build.mul(ramp, window), INT)
    steps = _scaled(code, needed.most(0).least(most) + ramp - 1, inverse, inverse_shift)
    climbed = code.fill(climb, INT).where(steps.is_("==", window), steps * ramp)
    over = ((score + bound - climb + climbed) << INPUT_SHIFT) + 1
    faded = _scaled(code, over.most(0).least(span), gain, gain_shift)
    twice = code.fill(base, INT) << 1
    line = twice - (faded & (code.fill(base, INT) - 1))
    whole = faded >> base_bits
    spike = (line >> whole.least(31)).most(1).where(build.and_(seen, at_once), 0)
    early[at] = spike.to(SHORT)
    mass[code.index(0)] = mass[code.index(0)] + spike
    later = build.and_(seen, build.not_(at_once))
    which_here.append(which, found, later)
    payload = line.where(whole.is_("==", 0), twice)
    ((steps << STEP_BITS) + payload).append(late, found, later)
    return build.add(found, counted(code, later))


@lanes(at=INDEX, value_at=INDEX, value_next=INDEX, pair=INT)
def add_late(
    code: Code, sums: Pointer, at: Any, values: Pointer, value_at: Any, value_next: Any, pair: Any
) -> None:
    """sums[at:] += a pair of values times a pair of factors, in two vectors of columns."""
    build, factors = code.builder, spread_pair(code, pair)
    for v in range(2):
        to = build.add(at, code.index(LANES * v))
        of = build.add(value_at, build.mul(value_next, code.index(v)))
        sums[to] = Vector(code, plus_pairs(code, sums[to].value, weights_at(code, values, of),
                                           factors))
