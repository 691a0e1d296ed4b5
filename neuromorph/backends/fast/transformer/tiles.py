"""Integer products of int8 weights and 16-bit payloads, thirty-two at a time.

A pair of 16-bit products is added up in 32 bits: what machines have an instruction for. LLVM
finds it in

    sum of 2 (sext(a) * sext(b))

and makes other instructions of it where there is none. Sums wrap at 32 bits, which changes nothing
where the last of them is proved to fit.
"""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir

from neuromorph.backends.fast.lanes import INDEX, INT, LANES, Code, Pointer, lanes
from neuromorph.backends.fast.transformer.memory import PAIR

ROWS = 12
"""Rows of a tile of a product: its 12 x 32 sums fit the registers of 512 bits."""

TOGETHER = 4
"""Rows of weights that are multiplied by one vector at the same time."""

_INT, _SHORT = ir.IntType(32), ir.IntType(16)
_SUMS = ir.VectorType(_INT, LANES)
_SHORTS, _PRODUCTS = ir.VectorType(_SHORT, PAIR), ir.VectorType(_INT, PAIR)


TUNED = platform.machine().lower() in {"x86_64", "amd64"}
"""Where a product of pairs and its addition may be one instruction, or two."""

_AS_ONE = '"tune-cpu"="znver4"'
"""Of a function: LLVM takes a multiply and add for one instruction, if the machine has it; tuned
for Intel's, it takes it apart for a shorter wait, which costs half of a large product's speed."""


def _places(places: Any) -> Any:
    places = list(places)
    return ir.Constant(ir.VectorType(_INT, len(places)), places)


def weights_at(code: Code, source: Pointer, index: Any) -> Any:
    """Thirty-two numbers, as 16 bits each."""
    build, kind = code.builder, ir.VectorType(source.element, PAIR)
    found = build.load(build.bitcast(source.address(index), kind.as_pointer()),
                       align=source.element.width // 8)
    return found if source.element == _SHORT else build.sext(found, _SHORTS)


def _spread(code: Code, source: Pointer, index: Any) -> Any:
    """One pair of 16-bit numbers, in all lanes."""
    build = code.builder
    return spread_pair(code, build.load(
        build.bitcast(source.address(index), _INT.as_pointer()), align=2))


def spread_pair(code: Code, pair: Any) -> Any:
    """Two 16-bit numbers, side by side in 32 bits, in all lanes."""
    return code.builder.bitcast(code.splat(pair, _INT), _SHORTS)


def plus_pairs(code: Code, total: Any, one: Any, other: Any) -> Any:
    """Sixteen sums, each plus the two products of a pair."""
    build = code.builder
    product = build.mul(build.sext(one, _PRODUCTS), build.sext(other, _PRODUCTS))
    even, odd = (build.shuffle_vector(product, ir.Constant(_PRODUCTS, ir.Undefined),
                                      _places(range(first, PAIR, 2))) for first in (0, 1))
    return build.add(total, build.add(even, odd))


def _loop(code: Code, count: Any, zeros: list[Any], body: Any) -> list[Any]:
    """What sums become in a loop of so many steps."""
    build, before = code.builder, code.builder.block
    head, inside, done = (build.append_basic_block(f"pairs.{part}")
                          for part in ("head", "body", "done"))
    build.branch(head)
    build.position_at_end(head)
    step = build.phi(ir.IntType(64))
    step.add_incoming(code.index(0), before)
    sums = [build.phi(zero.type) for zero in zeros]
    for total, zero in zip(sums, zeros, strict=True):
        total.add_incoming(zero, before)
    build.cbranch(build.icmp_signed("<", step, count), inside, done)
    build.position_at_end(inside)
    for total, new in zip(sums, body(step, sums), strict=True):
        total.add_incoming(new, build.block)
    step.add_incoming(build.add(step, code.index(1)), build.block)
    build.branch(head)
    build.position_at_end(done)
    return sums


def _tile(rows: int, width: int, *, tuned: bool = False) -> Any:
    @lanes(x_at=INDEX, x_stride=INDEX, w_at=INDEX, w_next=INDEX, pairs=INDEX, c_at=INDEX,
           c_stride=INDEX, keep=INT)
    def tile(
        code: Code, x: Pointer, x_at: Any, x_stride: Any, w: Pointer, w_at: Any, w_next: Any,
        pairs: Any, c: Pointer, c_at: Any, c_stride: Any, keep: Any,
    ) -> None:
        """c[rows, 16 width] = x[rows, 2 pairs] panels + c & keep; panels of 16 pairs a step."""
        build = code.builder
        if tuned and TUNED:
            set.add(build.function.attributes, _AS_ONE)  # llvmlite knows none with values

        def places(r: int, v: int) -> Any:
            return build.add(build.add(c_at, build.mul(code.index(r), c_stride)),
                             code.index(LANES * v))

        which = [(r, v) for r in range(rows) for v in range(width)]
        begun = [(c[places(r, v)] & keep).value for r, v in which]

        def body(step: Any, sums: list[Any]) -> list[Any]:
            at = build.add(w_at, build.mul(step, code.index(PAIR)))
            right = [weights_at(code, w, build.add(at, build.mul(w_next, code.index(v))))
                     for v in range(width)]
            asked = build.add(x_at, build.mul(step, code.index(2)))
            left = [_spread(code, x, build.add(asked, build.mul(code.index(r), x_stride)))
                    for r in range(rows)]
            return [plus_pairs(code, total, right[v], left[r])
                    for total, (r, v) in zip(sums, which, strict=True)]

        for total, (r, v) in zip(_loop(code, pairs, begun, body), which, strict=True):
            place = c.address(places(r, v))
            build.store(total, build.bitcast(place, _SUMS.as_pointer()), align=4)

    return tile


tile_rows, tile_row = _tile(ROWS, 2), _tile(1, 2)
layer_rows = _tile(ROWS, 2, tuned=True)
"""The same, in a function that does little else: heads are slower when tuned so."""


def _dots(rows: int) -> Any:
    @lanes(w_at=INDEX, w_stride=INDEX, x_at=INDEX, chunks=INDEX, c_at=INDEX)
    def dots(
        code: Code, w: Pointer, w_at: Any, w_stride: Any, x: Pointer, x_at: Any, chunks: Any,
        c: Pointer, c_at: Any,
    ) -> None:
        """c[rows] = w[rows, 32 chunks] x[32 chunks]."""
        build = code.builder
        zero = ir.Constant(_SUMS, [0] * LANES)

        def body(step: Any, sums: list[Any]) -> list[Any]:
            at = build.mul(step, code.index(PAIR))
            right, first = weights_at(code, x, build.add(x_at, at)), build.add(w_at, at)
            rows_at = [build.add(first, build.mul(code.index(r), w_stride)) for r in range(rows)]
            return [plus_pairs(code, total, weights_at(code, w, row), right)
                    for row, total in zip(rows_at, sums, strict=True)]

        found = _gathered(code, _loop(code, chunks, [zero] * rows, body))
        place = build.bitcast(c.address(c_at), found.type.as_pointer())
        build.store(found, place, align=4)

    return dots


def _gathered(code: Code, sums: list[Any]) -> Any:
    """One vector of the sums of each vector's lanes: neighbours are added, and vectors joined."""
    build = code.builder
    rows = len(sums)
    while len(sums) > 1 or sums[0].type.count > rows:
        size = sums[0].type.count
        couples = zip(sums[::2], sums[1::2], strict=True) if len(sums) > 1 else [(sums[0], None)]
        sums = [_halved(build, one, other, size) for one, other in couples]
    return sums[0]


def _halved(build: Any, one: Any, other: Any, size: int) -> Any:
    """Sums of neighbours: of one vector half as many, of two as many as before."""
    second = ir.Constant(one.type, ir.Undefined) if other is None else other
    even, odd = (build.shuffle_vector(one, second, _places(range(
        first, size if other is None else 2 * size, 2))) for first in (0, 1))
    return build.add(even, odd)


dots_together, dots_one = _dots(TOGETHER), _dots(1)


@lanes(at=INDEX, stride=INDEX, to=INDEX)
def turn_over(
    code: Code, source: Pointer, at: Any, stride: Any, target: Pointer, to: Any
) -> None:
    """Sixteen rows of sixteen pairs of bytes become sixteen columns, one after the other.

    Each of four rounds interleaves the first half of the rows with the second.
    """
    build, half = code.builder, LANES // 2
    kind = ir.VectorType(_SHORT, LANES)
    places = [build.add(at, build.mul(code.index(r), stride)) for r in range(LANES)]
    rows = [build.load(build.bitcast(source.address(place), kind.as_pointer()), align=1)
            for place in places]
    sides = [_places([n + side * half + other for n in range(half) for other in (0, LANES)])
             for side in range(2)]
    for _ in range(LANES.bit_length() - 1):
        rows = [build.shuffle_vector(one, other, side)
                for one, other in zip(rows[:half], rows[half:], strict=True) for side in sides]
    for r, row in enumerate(rows):
        place = target.address(build.add(to, code.index(r * PAIR)))
        build.store(row, build.bitcast(place, kind.as_pointer()), align=1)
