"""Who makes a value and who takes it; shapes, and values that do not depend on the input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import FileFormatError, ModelStructureError
from neuromorph.files.tensor_names import shown
from neuromorph.models.onnx_graph.file import OnnxFile

Array = NDArray[Any]

_UNKNOWN = 5
"""What a dimension counts that the graph leaves open, behind the first one, which counts 1."""

PASSING = ("Identity", "Cast", "CastLike", "Dropout")
"""Operations that only pass their first operand on."""

_OPERANDS = {"MatMul": (2, 2), "Add": (2, 2), "Mul": (2, 2), "Div": (2, 2), "Where": (3, 3),
             "Gemm": (2, 3), "Gather": (2, 2), "Expand": (2, 2), "Tile": (2, 2),
             "SequenceAt": (2, 2), "Attention": (3, 6), "Softmax": (1, 1), "Transpose": (1, 1)}
"""How many operands have those operations that are followed; others have at least one."""

_ALONE = ("Constant", "RandomNormal", "RandomUniform")

_SMALL = 1 << 12
_DEPTH = 64

_ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Sqrt": np.sqrt,
    "Pow": np.power, "Mod": np.mod, "Neg": np.negative, "Reciprocal": np.reciprocal}


class Graph:
    """The graph of a file, as the tracing asks for it."""

    def __init__(self, file: OnnxFile) -> None:
        self.file, self.where = file, file.path
        self.nodes = list(file.graph.node)
        self._makers: dict[str, Any] = {}
        self.takers: dict[str, list[Any]] = {}
        for node in self.nodes:
            _check_operands(node, self.where)
            for output in filter(None, node.output):
                if output in self._makers or output in file.initialisers:
                    raise FileFormatError("two nodes make one value", where=self.where,
                                          found=shown(output))
                self._makers[output] = node
            for name in node.input:
                self.takers.setdefault(name, []).append(node)
        self._shapes = _shapes(file)
        self._known: dict[str, Array | None] = {}

    def maker(self, name: str) -> Any:
        """The node that makes a value, behind nodes that only pass it on; None of inputs."""
        for _ in range(_DEPTH):
            node = self._makers.get(name)
            if node is None or node.op_type not in PASSING:
                return node
            name = node.input[0]
        raise FileFormatError("the graph runs in a circle", where=self.where, found=shown(name))

    def origin(self, name: str) -> str:
        """The name of a value where it was made, behind nodes that only pass it on."""
        node = self._makers.get(name)
        for _ in range(_DEPTH):
            if node is None or node.op_type not in PASSING:
                return name
            name = node.input[0]
            node = self._makers.get(name)
        raise FileFormatError("the graph runs in a circle", where=self.where, found=shown(name))

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a value, where open dimensions are 1 (the first) and 5.

        Raises
        ------
        ModelStructureError
            If it cannot be found.
        """
        found = self._shapes.get(name)
        if found is None:
            raise ModelStructureError("the shape of a value cannot be found", where=self.where,
                                      found=shown(name),
                                      hint="export the model with fixed shapes")
        return found

    def learn(self, name: str, shape: tuple[int, ...]) -> None:
        """A shape that was found by following a value, where inference did not find it."""
        if name not in self._shapes:
            self._shapes[name] = shape
            self._known = {known: value for known, value in self._known.items()
                           if value is not None}

    def fixed(self, name: str) -> bool:
        """Whether a value depends on shapes and constants alone."""
        waiting = [name]
        seen: set[str] = set()
        while waiting:
            part = waiting.pop()
            if part in seen or part in self.file.initialisers:
                continue
            seen.add(part)
            node = self._makers.get(part)
            if node is None or len(seen) > _SMALL:
                return False
            if node.op_type != "Shape":
                waiting += filter(None, operands(node))
        return True

    def value(self, name: str, depth: int = _DEPTH) -> Array | None:
        """A value that does not depend on the input, if it is small enough to matter; else None."""
        if name not in self._known:
            self._known[name] = None  # what asks for itself is none
            self._known[name] = self._value(name, depth)
        return self._known[name]

    def _value(self, name: str, depth: int) -> Array | None:
        tensor = self.file.initialisers.get(name)
        if tensor is not None:
            return self.file.array(tensor) if _count(tensor.dims) <= _SMALL else None
        node = self._makers.get(name)
        if node is None or not depth:
            return None
        if node.op_type == "Constant":
            return self._constant(node)
        if node.op_type == "Shape":
            shape = self._shapes.get(node.input[0])
            said = attributes(node)
            return None if shape is None else np.array(
                shape[slice(said.get("start"), said.get("end"))], np.int64)
        given = [self.value(part, depth - 1) for part in operands(node) if part]
        return None if not given or any(part is None for part in given) else _computed(
            node, [part for part in given if part is not None])

    def _constant(self, node: Any) -> Array | None:
        said = attributes(node)
        tensor = said.get("value")
        if tensor is not None and hasattr(tensor, "dims"):
            return self.file.array(tensor) if _count(tensor.dims) <= _SMALL else None
        for name in ("value_float", "value_int", "value_floats", "value_ints"):
            if name in said:
                return np.asarray(said[name])
        return None


def operands(node: Any) -> list[str]:
    """What a node computes with; of one that only passes a value on, that."""
    return list(node.input[:1] if node.op_type in PASSING else node.input)


def _check_operands(node: Any, where: str) -> None:
    low, high = _OPERANDS.get(node.op_type, (0 if node.op_type in _ALONE else 1, 1 << 16))
    if not low <= len(node.input) <= high or not node.output or not all(node.input[:low]):
        raise FileFormatError("a node has too few operands, or too many", where=where,
                              found=f"{shown(node.op_type)} {shown(node.name)}: "
                              f"{len(node.input)}", expected=f"{low} to {high}")


def attributes(node: Any) -> dict[str, Any]:
    """Attributes by name; those of a kind that is not known are left out."""
    from onnx import AttributeProto, helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute
            if attribute.type in (AttributeProto.INT, AttributeProto.INTS, AttributeProto.FLOAT,
                                  AttributeProto.FLOATS, AttributeProto.TENSOR)}


def _count(dims: Any) -> int:
    count = 1
    for size in dims:
        count *= max(int(size), 0)
    return count


def _computed(node: Any, given: list[Array]) -> Array | None:
    """The result of a node on constants; None of one that is not computed here."""
    try:
        with np.errstate(all="ignore"):
            if node.op_type == "Div" and all(part.dtype.kind in "iu" for part in given):
                return np.asarray(given[0] // given[1])
            if node.op_type in _ELEMENTWISE:
                return np.asarray(_ELEMENTWISE[node.op_type](*given))
            return _moved(node, given)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _moved(node: Any, given: list[Array]) -> Array | None:
    kind = node.op_type
    if kind in ("Identity", "Squeeze"):
        return np.asarray(given[0].squeeze() if kind == "Squeeze" else given[0])
    if kind in ("Cast", "CastLike"):  # as what it is made like, factors are
        floats = attributes(node).get("to", 1) in (1, 10, 11, 16)
        return np.asarray(given[0], np.float64 if floats else np.int64)
    if kind == "Reshape":
        return np.asarray(given[0].reshape(given[1]))
    if kind == "Unsqueeze":
        return np.atleast_1d(given[0])
    if kind == "Concat":
        return np.asarray(np.concatenate([np.atleast_1d(part) for part in given]))
    if kind == "Gather":
        return np.asarray(given[0][given[1]])
    if kind == "Slice" and given[0].ndim == 1:
        step = int(given[4].item()) if len(given) > 4 else 1
        return np.asarray(given[0][int(given[1].item()):int(given[2].item()):step])
    return None


def _shapes(file: OnnxFile) -> dict[str, tuple[int, ...]]:
    """Shapes of all values, inferred with a fixed input and without the large tensors."""
    import onnx

    small = onnx.ModelProto()
    small.ir_version = file.model.ir_version
    small.opset_import.extend(file.model.opset_import)
    graph = small.graph
    graph.name = "shapes"
    graph.node.extend(file.graph.node)
    graph.output.extend(file.graph.output)
    for value in file.graph.input:
        if value.name not in file.initialisers:
            graph.input.add().CopyFrom(value)
            for place, size in enumerate(graph.input[-1].type.tensor_type.shape.dim):
                if not size.dim_value:
                    size.dim_value = _UNKNOWN if place else 1
    for name, tensor in file.initialisers.items():
        file.check_claim(tensor)
        if _count(tensor.dims) <= _SMALL:
            graph.initializer.add().CopyFrom(
                tensor if tensor.data_location != tensor.EXTERNAL else
                onnx.numpy_helper.from_array(file.array(tensor), name))
        else:
            graph.input.append(onnx.helper.make_tensor_value_info(
                name, tensor.data_type, list(tensor.dims)))
    try:
        found = onnx.shape_inference.infer_shapes(small, data_prop=True).graph
    except Exception as error:
        raise FileFormatError("the shapes of the graph cannot be worked out", where=file.path,
                              found=error) from error
    shapes = {value.name: tuple(size.dim_value for size in value.type.tensor_type.shape.dim)
              for value in (*found.value_info, *found.input, *found.output)
              if value.type.tensor_type.HasField("shape")}
    known = {name: shape for name, shape in shapes.items() if all(shape)}
    return known | {name: tuple(tensor.dims) for name, tensor in file.initialisers.items()}
