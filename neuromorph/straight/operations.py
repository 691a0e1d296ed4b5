"""What each operation does to numbers, and to what they stay within."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from neuromorph.straight.code import Node

Span: TypeAlias = "tuple[int, int]"

LEAST, MOST = -(2**63), 2**63 - 1
"""Of 64 bits."""

SHIFT_MOST = 63

VALUES: Mapping[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "neg": np.negative, "abs": np.abs,
    "min": np.minimum, "max": np.maximum, "shl": np.left_shift, "shr": np.right_shift,
    "div": np.floor_divide, "mod": np.mod, "and": np.bitwise_and, "or": np.bitwise_or,
    "lt": np.less, "le": np.less_equal, "eq": np.equal, "not": np.logical_not,
    "both": np.logical_and, "either": np.logical_or, "where": np.where,
}
"""Each operation on NumPy's integers; ``div`` and ``mod`` are towards minus infinity."""

TRUTHS = frozenset({"lt", "le", "eq", "not", "both", "either", "any"})
"""Operations that give true or false."""


def _corners(op: Callable[[int, int], int], one: Span, other: Span) -> Span:
    found = [op(a, b) for a in one for b in other]
    return min(found), max(found)


def _span(node: Node) -> Span:
    return node.low, node.high


def _shift(node: Node) -> Span:
    return min(max(node.low, 0), SHIFT_MOST), min(max(node.high, 0), SHIFT_MOST)


def _div(one: Node, other: Node) -> Span:
    if other.low <= 0:
        return LEAST, MOST
    return _corners(lambda a, b: a // b, _span(one), _span(other))


def _mod(other: Node) -> Span:
    return (0, other.high - 1) if other.low > 0 else (LEAST, MOST)


def _and(one: Node, other: Node) -> Span:
    if other.low >= 0:
        return 0, other.high
    return (0, one.high) if one.low >= 0 else (LEAST, MOST)


def _or(one: Node, other: Node) -> Span:
    if one.low < 0 or other.low < 0:
        return LEAST, MOST
    return max(one.low, other.low), (1 << max(one.high, other.high).bit_length()) - 1


def _abs(one: Node) -> Span:
    least = 0 if one.low <= 0 <= one.high else min(abs(one.low), abs(one.high))
    return least, max(abs(one.low), abs(one.high))


def _lt(one: Node, other: Node) -> Span:
    return int(one.high < other.low), int(one.low < other.high)


def _le(one: Node, other: Node) -> Span:
    return int(one.high <= other.low), int(one.low <= other.high)


def _eq(one: Node, other: Node) -> Span:
    if one is other:
        return 1, 1
    if one.high < other.low or other.high < one.low:
        return 0, 0
    return int(one.known is not None and one.known == other.known), 1


INTERVALS: Mapping[str, Callable[..., Span]] = {
    "add": lambda a, b: (a.low + b.low, a.high + b.high),
    "sub": lambda a, b: (a.low - b.high, a.high - b.low),
    "mul": lambda a, b: _corners(lambda x, y: x * y, _span(a), _span(b)),
    "neg": lambda a: (-a.high, -a.low),
    "abs": _abs,
    "min": lambda a, b: (min(a.low, b.low), min(a.high, b.high)),
    "max": lambda a, b: (max(a.low, b.low), max(a.high, b.high)),
    "shl": lambda a, k: _corners(lambda x, y: x << y, _span(a), _shift(k)),
    "shr": lambda a, k: _corners(lambda x, y: x >> y, _span(a), _shift(k)),
    "div": _div, "mod": lambda a, b: _mod(b), "and": _and, "or": _or,
    "lt": _lt, "le": _le, "eq": _eq,
    "not": lambda a: (1 - a.high, 1 - a.low),
    "both": lambda a, b: (min(a.low, b.low), min(a.high, b.high)),
    "either": lambda a, b: (max(a.low, b.low), max(a.high, b.high)),
    "where": lambda c, a, b: (min(a.low, b.low), max(a.high, b.high)),
    "last": _span, "column": _span,
    "take": lambda table, at: _span(table),
    "any": lambda a: (int(a.low > 0), int(a.high > 0)),
}
"""What each operation's value stays within, of nodes."""
