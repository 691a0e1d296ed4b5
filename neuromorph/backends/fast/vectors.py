"""What the attention kernel does to sixteen keys or columns at once.

All numbers are whole and small enough for their type, so sums are exact in any order. Arrays are
flat, and begin where an index says.
"""

from __future__ import annotations

from typing import Any

from numba import types

from neuromorph.backends.fast.lanes import (
    DOUBLE,
    FLOAT,
    INDEX,
    INT,
    LANES,
    Code,
    Pointer,
    Vector,
    counted,
    lanes,
)
from neuromorph.numerics.limits import INPUT_SHIFT

STRIP = 2 * LANES
"""Columns of a tile of a product, and keys that are stored together."""

ROWS = 8
"""Rows of a tile: its 8 x 32 sums fit the registers of 512 bits."""

FOUR = 4 * LANES
"""Columns that are added without a loop."""

UNSEEN = 1 << 24
"""The score of a key that may not be seen: beyond all others."""


def _product(rows: int, width: int) -> Any:
    @lanes(a_at=INDEX, a_stride=INDEX, b_at=INDEX, b_stride=INDEX, depth=INDEX, c_at=INDEX,
           c_stride=INDEX)
    def product(
        code: Code, a: Pointer, a_at: Any, a_stride: Any, b: Pointer, b_at: Any, b_stride: Any,
        depth: Any, c: Pointer, c_at: Any, c_stride: Any,
    ) -> None:
        """c[rows, 16 width] = a[rows, depth] b[depth, 16 width] in float32."""
        build, before = code.builder, code.builder.block
        head, body, done = (build.append_basic_block(f"product.{part}")
                            for part in ("head", "body", "done"))
        zero = code.fill(0, FLOAT).value
        build.branch(head)

        build.position_at_end(head)
        step = build.phi(code.index(0).type)
        step.add_incoming(code.index(0), before)
        sums = [[build.phi(zero.type) for _ in range(width)] for _ in range(rows)]
        for total in (total for row in sums for total in row):
            total.add_incoming(zero, before)
        build.cbranch(build.icmp_signed("<", step, depth), body, done)

        build.position_at_end(body)
        b_row = build.add(b_at, build.mul(step, b_stride))
        right = [b[build.add(b_row, code.index(LANES * w))] for w in range(width)]
        for r, row in enumerate(sums):
            a_row = build.add(a_at, build.mul(code.index(r), a_stride))
            left = a.one(build.add(a_row, step))
            for factor, total in zip(right, row, strict=True):
                total.add_incoming(Vector(code, total).plus_product(factor, left).value, body)
        step.add_incoming(build.add(step, code.index(1)), body)
        build.branch(head)

        build.position_at_end(done)
        for r, row in enumerate(sums):
            c_row = build.add(c_at, build.mul(code.index(r), c_stride))
            for w, total in enumerate(row):
                c[build.add(c_row, code.index(LANES * w))] = Vector(code, total)

    return product


product_tile, product_half = _product(ROWS, 2), _product(ROWS, 1)
product_row, product_row_half, product_row_four = _product(1, 2), _product(1, 1), _product(1, 4)


def _add_scaled(width: int) -> Any:
    @lanes(at=INDEX, begin=INDEX, factor=FLOAT)
    def add_scaled(
        code: Code, target: Pointer, at: Any, source: Pointer, begin: Any, factor: Any
    ) -> None:
        """target[at:] += factor source[begin:], 16 width columns."""
        for offset in range(0, LANES * width, LANES):
            to, of = (code.builder.add(i, code.index(offset)) for i in (at, begin))
            target[to] = target[to].plus_product(source[of], factor)

    return add_scaled


def _add(width: int) -> Any:
    @lanes(at=INDEX, begin=INDEX)
    def add(code: Code, target: Pointer, at: Any, source: Pointer, begin: Any) -> None:
        """target[at:] += source[begin:], 16 width columns."""
        for offset in range(0, LANES * width, LANES):
            to, of = (code.builder.add(i, code.index(offset)) for i in (at, begin))
            target[to] = target[to] + source[of]

    return add


add_scaled, add_scaled_four = _add_scaled(1), _add_scaled(4)
add, add_four = _add(1), _add(4)


@lanes(at=INDEX, begin=INDEX)
def spill(_: Code, wide: Pointer, at: Any, part: Pointer, begin: Any) -> None:
    """wide[at:] += part[begin:], in 32 bits; part is empty again."""
    value = part[begin]
    wide[at] = wide[at] + value.to(INT)
    part[begin] = value - value


@lanes(at=INDEX, begin=INDEX)
def take_away(_: Code, held: Pointer, at: Any, part: Pointer, begin: Any) -> None:
    """held[at:] -= part[begin:]."""
    held[at] = held[at] - part[begin].to(INT)


@lanes(at=INDEX, begin=INDEX, left=INT, right=INT)
def take(
    _: Code, held: Pointer, at: Any, part: Pointer, begin: Any, left: Any, right: Any
) -> None:
    """held[at:] += (part[begin:] << left) >> right; part is empty again."""
    value = part[begin]
    held[at] = held[at] + ((value.to(INT) << left) >> right)
    part[begin] = value - value


@lanes(at=INDEX, halvings=INT)
def halve(code: Code, held: Pointer, at: Any, halvings: Any) -> None:
    """held[at:] = trunc(held / 2^halvings), towards zero; fewer than 32."""
    value = held[at]
    below_zero = (value >> 31) & ((code.fill(1, INT) << halvings) - 1)
    held[at] = (value + below_zero) >> halvings


@lanes(result=types.intp, at=INDEX, first=INT, cut=FLOAT, found=INDEX)
def sift(
    code: Code, scores: Pointer, at: Any, first: Any, cut: Any, which: Pointer, late: Pointer,
    found: Any,
) -> Any:
    """Append which of 16 seen keys score more than the cut, and their scores; the new count."""
    score = scores[at]
    above = code.builder.and_(score.is_(">", cut), score.is_("<", UNSEEN))
    (code.constant(list(range(LANES)), INT) + first).append(which, found, above)
    score.append(late, found, above)
    return code.builder.add(found, counted(code, above))


@lanes(at=INDEX, cut=FLOAT, a_unit=FLOAT, first_due=FLOAT, span=INT, scale=DOUBLE, base=INT,
       bits=INT)
def early_payloads(
    code: Code, scores: Pointer, at: Any, cut: Any, payloads: Pointer, mass: Pointer, a_unit: Any,
    first_due: Any, span: Any, scale: Any, base: Any, bits: Any,
) -> None:
    """What spikes of step 0 carry, and 0 for all others; mass grows lane by lane.

    Whole numbers: below 2^24 in float32, and below 2^53 where the gain multiplies.
    """
    score = scores[at]
    below = code.fill(0, FLOAT) - (score * a_unit).ceil() - first_due
    over = ((below.to(INT) << INPUT_SHIFT) + 1).least(span)
    faded = (over.to(DOUBLE) * scale).to(INT)
    line = code.fill(base, INT) * 2 - (faded & (code.fill(base, INT) - 1))
    spike = (line >> (faded >> bits).least(31)).most(1)
    payload = spike.where(score.is_("<=", cut), 0)
    payloads[at] = payload.to(FLOAT)
    mass[code.index(0)] = mass[code.index(0)] + payload


@lanes(at=INDEX, offset=DOUBLE, inverse=DOUBLE, window=INT)
def late_times(
    code: Code, late: Pointer, at: Any, offset: Any, inverse: Any, window: Any, due: Pointer
) -> None:
    """The steps at which 16 late keys fire; ``window`` where only the go pulse makes them."""
    score = late[at].to(DOUBLE)
    steps = (score + score + offset) * inverse
    due[at] = steps.least(code.fill(window, INT).to(DOUBLE)).to(INT)


@lanes(at=INDEX, a_unit=FLOAT, first_due=INT, ramp=INT, bound=INT, window=INT, span=INT,
       scale=DOUBLE, base=INT, bits=INT)
def late_payloads(
    code: Code, late: Pointer, due: Pointer, at: Any, payloads: Pointer, a_unit: Any,
    first_due: Any, ramp: Any, bound: Any, window: Any, span: Any, scale: Any, base: Any,
    bits: Any,
) -> None:
    """What the spikes of 16 late keys carry."""
    step = due[at]
    reached = code.fill(bound, INT).where(step.is_("==", window), step * ramp - first_due)
    over = ((reached - (late[at] * a_unit).ceil().to(INT)) << INPUT_SHIFT) + 1
    faded = (over.least(span).to(DOUBLE) * scale).to(INT)
    twice = code.fill(base, INT) * 2
    line = twice - (faded & (code.fill(base, INT) - 1))
    payloads[at] = line.where((faded >> bits).is_("==", 0), twice)
