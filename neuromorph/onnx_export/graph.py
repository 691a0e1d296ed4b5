"""Nodes of an ONNX graph, one after the other, with the type of each value."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import MissingExtraError

Kind: TypeAlias = Literal["int32", "int64", "bool", "float64"]

OPSET, IR_VERSION = 18, 9
"""The least in which there are bits of integers, and what goes with it."""

NARROW = np.iinfo(np.int32)


class Value(NamedTuple):
    """What a node gives."""

    name: str
    kind: Kind


class Graph:
    """A graph in the making. Equal nodes are made once; constants are of the graph around it.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
        Of the body of the loop over steps.
    outer : list of onnx.NodeProto
        What is computed once, before it.
    constants : list of onnx.TensorProto
    bytes : int
        Of all weights.
    """

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.outer: list[Any] = []
        self.constants: list[Any] = []
        self.bytes = 0
        self._made: dict[Any, Value] = {}
        self._names: set[str] = set()

    def name(self, wanted: str) -> str:
        """A name that no other value has."""
        found, n = wanted, 1
        while found in self._names:
            n += 1
            found = f"{wanted}~{n}"
        self._names.add(found)
        return found

    def type_of(self, kind: Kind) -> int:
        """ONNX's number of a type."""
        found: int = getattr(self.onnx.TensorProto, {"int32": "INT32", "int64": "INT64",
                                                     "bool": "BOOL", "float64": "DOUBLE"}[kind])
        return found

    def const(self, value: Any, kind: Kind) -> Value:
        """Numbers; equal ones are kept once."""
        array = np.asarray(value, np.dtype(kind))
        key = ("const", kind, array.shape, array.tobytes())
        if key not in self._made:
            name = self.name(f"const{len(self.constants)}")
            self.constants.append(self.onnx.numpy_helper.from_array(array, name))
            self._made[key] = Value(name, kind)
        return self._made[key]

    def weights(self, array: NDArray[Any], kind: Kind) -> Value:
        """Weights, kept in as few bytes as hold them, and widened once, before the first step."""
        small = smallest(array)
        halved = smallest(small // 2) if not (small & 1).any() else small
        twice = halved.dtype != small.dtype  # a synapse keeps a sign in the lowest bit
        small = halved if twice else small
        key = ("weights", kind, twice, small.dtype.str, small.shape, small.tobytes())
        if key not in self._made:
            kept = self.name(f"weights{len(self.constants)}")
            self.bytes += small.nbytes
            self.constants.append(self.onnx.numpy_helper.from_array(small, kept))
            wide = self._outer("Cast", [kept], f"{kept}.{kind}", to=self.type_of(kind))
            if twice:
                wide = self._outer("Add", [wide, wide], f"{kept}.twice")
            self._made[key] = Value(wide, kind)
        return self._made[key]

    def _outer(self, op: str, args: list[str], wanted: str, **attributes: Any) -> str:
        """A node before the first step."""
        name = self.name(wanted)
        self.outer.append(self.onnx.helper.make_node(op, args, [name], **attributes))
        return name

    def zeros(self, shape: tuple[int, ...], kind: Kind) -> Value:
        """Zeros, made before the first step."""
        key = ("zeros", kind, shape)
        if key not in self._made:
            zero = self.onnx.numpy_helper.from_array(np.zeros(1, np.dtype(kind)))
            self._made[key] = Value(self._outer(
                "ConstantOfShape", [self.const(shape, "int64").name], f"zeros{len(self.outer)}",
                value=zero), kind)
        return self._made[key]

    def op(self, op: str, args: tuple[Value, ...], kind: Kind, wanted: str = "",
           **attributes: Any) -> Value:
        """One node with one output."""
        key = (op, args, kind, tuple(sorted((k, str(v)) for k, v in attributes.items())))
        if key not in self._made:
            name = self.name(wanted or f"{op.lower()}{len(self.nodes)}")
            self.nodes.append(self.onnx.helper.make_node(
                op, [arg.name for arg in args], [name], **attributes))
            self._made[key] = Value(name, kind)
        return self._made[key]

    def cast(self, value: Value, kind: Kind) -> Value:
        """The same number in another type, which holds it."""
        if value.kind == kind:
            return value
        return self.op("Cast", (value,), kind, to=self.type_of(kind))

    def rename(self, value: Value, name: str) -> None:
        """Hand a value on under a name that is wanted outside."""
        self.nodes.append(self.onnx.helper.make_node("Identity", [value.name], [name]))

    def split(self, value: Value, sizes: list[int], names: list[str]) -> list[Value]:
        """Parts of a value along its first axis."""
        if len(sizes) == 1:
            return [value]
        found = [Value(self.name(name), value.kind) for name in names]
        self.nodes.append(self.onnx.helper.make_node(
            "Split", [value.name, self.const(sizes, "int64").name], [f.name for f in found],
            axis=0))
        return found

    def concat(self, values: list[Value]) -> Value:
        """Values one after the other, in the widest of their types."""
        kind: Kind = "int64" if any(v.kind == "int64" for v in values) else "int32"
        if len(values) == 1:
            return self.cast(values[0], kind)
        return self.op("Concat", tuple(self.cast(v, kind) for v in values), kind, axis=0)


def smallest(weights: NDArray[Any]) -> NDArray[Any]:
    """Integers in the smallest type that holds them."""
    low, high = int(weights.min(initial=0)), int(weights.max(initial=0))
    for kind in (np.int8, np.int16):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return np.ascontiguousarray(weights, kind)
    return np.ascontiguousarray(weights, np.int32)


def require_onnx() -> Any:
    """The module.

    Raises
    ------
    MissingExtraError
    """
    try:
        import onnx
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise MissingExtraError("an ONNX file needs onnx", found=str(error),
                                hint="run: pip install 'neuromorph[onnx]'") from error
    return onnx
