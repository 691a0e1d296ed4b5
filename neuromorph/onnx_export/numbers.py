"""Straight-line code as ONNX nodes: 32 bits where they hold the number, 64 where they do not.

ONNX's Div of integers truncates, and its BitShift is of unsigned ones::

    x >> k = (x - Mod(x, 2^k)) / 2^k        x << k = x 2^k        x // y alike, where y > 0
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from neuromorph.errors import UnsupportedError
from neuromorph.onnx_export.graph import NARROW, Graph, Kind, Value
from neuromorph.straight import Node

POWERS = 63
"""2^0 to 2^62, of which 64 bits hold each."""

PLAIN: Mapping[str, str] = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "neg": "Neg", "abs": "Abs", "min": "Min",
    "max": "Max", "and": "BitwiseAnd", "or": "BitwiseOr"}
COMPARED: Mapping[str, str] = {"lt": "Less", "le": "LessOrEqual", "eq": "Equal"}
LOGICAL: Mapping[str, str] = {"not": "Not", "both": "And", "either": "Or"}


def kind_of(low: int, high: int) -> Kind:
    """The narrowest type that holds what is within."""
    return "int32" if NARROW.min <= low and high <= NARROW.max else "int64"


SHAPED: Mapping[str, Callable[[Graph, list[Value]], Value]] = {
    "last": lambda graph, args: graph.op(
        "Gather", (args[0], graph.const([-1], "int64")), args[0].kind, axis=0),
    "column": lambda graph, args: graph.op(
        "Unsqueeze", (args[0], graph.const([1], "int64")), args[0].kind),
    "take": lambda graph, args: graph.op("Gather", tuple(args), args[0].kind, axis=0),
    "any": lambda graph, args: graph.op("Cast", (graph.op(
        "ReduceMax", (args[0],), args[0].kind, keepdims=0),), "bool",
        to=graph.type_of("bool")),
}
"""Operations that change shapes."""


class Numbers:
    """Nodes of one group of neurons in a graph.

    Parameters
    ----------
    graph : Graph
    leaves : callable
        The value of a leaf: ``t``, a word, or a port.
    where : str
        Named in errors.
    """

    def __init__(self, graph: Graph, leaves: Callable[[Node], Value], where: str) -> None:
        self.graph, self.leaves, self.where = graph, leaves, where
        self._made: dict[int, Value] = {}

    def __call__(self, node: Node) -> Value:
        """The value of a node, and of those that it needs, which come before it."""
        if id(node) not in self._made:
            self._made[id(node)] = self._emit(node)
        return self._made[id(node)]

    def whole(self, node: Node, kind: Kind, *shape: int) -> Value:
        """A number for each neuron or synapse, of a type that is known to hold it."""
        value = self.graph.cast(self(node), kind)
        if node.wide:
            return value
        return self.graph.op("Expand", (value, self.graph.const(shape, "int64")), kind)

    def _emit(self, node: Node) -> Value:
        if node.op == "const":
            return self.graph.const(node.value, kind_of(node.low, node.high))
        if not node.args:
            return self.leaves(node)
        args = [self(arg) for arg in node.args]
        if node.op in LOGICAL:
            return self.graph.op(LOGICAL[node.op], tuple(self._bool(a) for a in args), "bool")
        if node.op == "where":
            return self._where(node, args)
        args = [self.graph.cast(arg, "int32") if arg.kind == "bool" else arg for arg in args]
        if node.op in SHAPED:
            return SHAPED[node.op](self.graph, args)
        if node.op in COMPARED:
            kind = _widest(*(arg.kind for arg in args))
            return self.graph.op(COMPARED[node.op], self._all(args, kind), "bool")
        own = kind_of(node.low, node.high)
        kind = _widest(own, *(arg.kind for arg in args))
        return self.graph.cast(self._arithmetic(node, args, kind), own)

    def _arithmetic(self, node: Node, args: list[Value], kind: Kind) -> Value:
        if node.op in PLAIN:
            return self.graph.op(PLAIN[node.op], self._all(args, kind), kind)
        first, other = node.args
        if node.op in ("shl", "shr"):
            kind, power = self._power(other, args[1], kind)
            value = self.graph.cast(args[0], kind)
            if node.op == "shl":
                return self.graph.op("Mul", (value, power), kind)
            return self._floor(value, power, kind, positive=first.low >= 0)
        if other.low <= 0:
            raise UnsupportedError("ONNX cannot divide by what may be 0 or less", where=self.where,
                                   found=f"{other.low} to {other.high}")
        value, by = self._all(args, kind)
        if node.op == "mod":
            return self.graph.op("Mod", (value, by), kind)
        return self._floor(value, by, kind, positive=first.low >= 0)

    def _floor(self, value: Value, by: Value, kind: Kind, *, positive: bool) -> Value:
        """Value / by towards minus infinity."""
        if not positive:
            left = self.graph.op("Mod", (value, by), kind)
            value = self.graph.op("Sub", (value, left), kind)
        return self.graph.op("Div", (value, by), kind)

    def _power(self, node: Node, value: Value, kind: Kind) -> tuple[Kind, Value]:
        """2^k, k within 0 and 62, and the type that holds it."""
        high = min(max(node.high, 0), POWERS - 1)
        kind = _widest(kind, kind_of(0, 1 << high))
        if node.op == "const":
            return kind, self.graph.const(
                np.left_shift(np.int64(1), np.clip(node.value, 0, POWERS - 1)), kind)
        if node.low < 0 or node.high >= POWERS:
            zero, most = (self.graph.const(n, value.kind) for n in (0, POWERS - 1))
            value = self.graph.op("Min", (self.graph.op("Max", (value, zero), value.kind), most),
                                  value.kind)
        table = self.graph.const(np.left_shift(np.int64(1), np.arange(high + 1)), kind)
        return kind, self.graph.op("Gather", (table, value), kind, axis=0)

    def _where(self, node: Node, args: list[Value]) -> Value:
        chosen, *both = args
        own = kind_of(node.low, node.high)
        both = [self.graph.cast(one, own) for one in both]
        return self.graph.op("Where", (self._bool(chosen), *both), own)

    def _bool(self, value: Value) -> Value:
        if value.kind == "bool":
            return value
        return self.graph.op("Cast", (value,), "bool", to=self.graph.type_of("bool"))

    def _all(self, args: list[Value], kind: Kind) -> tuple[Value, ...]:
        return tuple(self.graph.cast(arg, kind) for arg in args)


def _widest(*kinds: Kind) -> Kind:
    return "int64" if "int64" in kinds else "int32"
