"""Operations on integers of 64 bits, each kept once, each with what its value stays within."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.shown import Shown
from neuromorph.straight.operations import INTERVALS, LEAST, MOST, TRUTHS, VALUES

Given: TypeAlias = Any
"""A number, an array of one number a neuron, or a `Node`."""


@dataclass(frozen=True, eq=False, repr=False)
class Node(Shown):
    """One operation, and what it gives.

    Attributes
    ----------
    op : str
        Of `operations`; or ``const``; or what comes from outside: ``t`` (the step, from 0),
        ``index`` (of the neuron), ``own``, ``word`` and ``port``, whose column is ``value``, and
        ``given``, whose name it is.
    args : tuple of Node
    value : int, int64 array, or str
    low, high : int
        What the value stays within.
    wide : bool
        Whether there is a number for each neuron, or one for all.
    """

    op: str
    args: tuple[Node, ...]
    value: Any
    low: int
    high: int
    wide: bool

    @property
    def truth(self) -> bool:
        """Whether it is true or false, 1 or 0."""
        return self.op in TRUTHS

    @property
    def known(self) -> int | None:
        """Its value, if it can have only one."""
        return self.low if self.low == self.high else None


class Code:
    """Operations in the order in which they are made; equal ones are the same node."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], Node] = {}

    def const(self, value: int | NDArray[Any]) -> Node:
        """A number, or one a neuron."""
        if isinstance(value, np.ndarray):
            array = value.astype(np.int64)
            return self._keep(("const", array.tobytes()), Node(
                "const", (), array, int(array.min()), int(array.max()), wide=True))
        number = int(value)
        return self._keep(("const", number), Node("const", (), number, number, number, wide=False))

    def leaf(self, op: str, column: int | str, low: int, high: int, *, wide: bool = True) -> Node:
        """What comes from outside."""
        return self._keep((op, column, low, high), Node(op, (), column, low, high, wide))

    def node(self, given: Given) -> Node:
        """A node as it is; a number as a `const`."""
        return given if isinstance(given, Node) else self.const(given)

    def __call__(self, op: str, *given: Given) -> Node:
        """An operation on nodes or numbers."""
        args = tuple(self.node(one) for one in given)
        simpler = self._simpler(op, args)
        if simpler is not None:
            return simpler
        low, high = INTERVALS[op](*args)
        if low < LEAST or high > MOST:
            low, high = LEAST, MOST  # it wraps
        if low == high:
            return self.const(low)
        if op in VALUES and all(arg.op == "const" for arg in args):
            return self.const(np.asarray(VALUES[op](*(arg.value for arg in args)), np.int64))
        wide = op not in ("last", "any") and any(arg.wide for arg in args)
        return self._keep((op, *map(id, args)), Node(op, args, None, low, high, wide))

    def _simpler(self, op: str, args: tuple[Node, ...]) -> Node | None:
        """What is the same without this operation."""
        one, other = args[0], args[-1]
        if op in ("any", "take", "column"):
            return None
        if op in ("add", "sub", "shl", "shr") and other.known == 0:
            return one
        if op == "add" and one.known == 0:
            return other
        if op == "mul" and 1 in (one.known, other.known):
            return other if one.known == 1 else one
        if op in ("min", "max"):
            return _nearer(op, one, other)
        if op == "mod" and one.low >= 0 and one.high < other.low:
            return one
        if op == "abs" and one.low >= 0:
            return one
        return self._simpler_choice(op, args)

    def _simpler_choice(self, op: str, args: tuple[Node, ...]) -> Node | None:
        if op == "where":
            chosen, yes, no = args
            if yes is no:
                return yes
            return None if chosen.known is None else (yes if chosen.known else no)
        if op in ("both", "either"):
            if args[0] is args[1]:
                return args[0]
            decides = int(op == "either")
            for one, other in (args, args[::-1]):
                if one.known is not None:
                    return self.const(decides) if one.known == decides else other
        if op == "and" and args[1].op == "shr" and args[1].args[0] is args[0] and (
                args[1].args[1].known == 63):
            return self("min", args[0], 0)  # the sign's bits
        return None

    def _keep(self, key: tuple[Any, ...], made: Node) -> Node:
        return self._kept.setdefault(key, made)


def _nearer(op: str, one: Node, other: Node) -> Node | None:
    """The argument that a minimum or maximum always is."""
    below, above = (one, other) if one.high <= other.low else (other, one)
    if below.high > above.low:
        return None
    return below if op == "min" else above


def in_order(*wanted: Node) -> list[Node]:
    """Nodes, each after those that it needs."""
    found: dict[int, Node] = {}
    waiting = [(node, False) for node in reversed(wanted)]
    while waiting:
        node, ready = waiting.pop()
        if id(node) in found:
            continue
        if ready:
            found[id(node)] = node
            continue
        waiting.append((node, True))
        waiting += [(arg, False) for arg in reversed(node.args)]
    return list(found.values())
