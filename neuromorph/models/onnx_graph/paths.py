"""From the scores back to the projections: which weight, which factor, and which rows are where.

What a row of the weight becomes is followed by its number: an array of row numbers goes through
the very nodes that the projection's output goes through, so that heads, splits of fused weights
and groups of key-value heads are read from the graph and never assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import ModelStructureError
from neuromorph.files.tensor_names import shown
from neuromorph.models.onnx_graph.graph import PASSING, Graph, attributes
from neuromorph.shown import Shown

Rows = NDArray[np.int64]
_LONGEST = 64
_MOVES = ("Reshape", "Transpose", "Split", "Slice", "Gather", "Squeeze", "Unsqueeze", "Expand",
          "Tile", "SequenceAt", *PASSING)


@dataclass(frozen=True, repr=False)
class Projection(Shown):
    """Where queries, keys or values of one attention come from.

    Attributes
    ----------
    weight, bias : str
        Names of values; no bias is empty.
    by_column : bool
        Whether the weight is (in, out).
    factor : float
        What the projected values are multiplied by.
    rows : int array
        The row of the weight behind each element of the operand, in the operand's shape.
    """

    weight: str
    bias: str
    by_column: bool
    factor: float
    rows: Rows


def traced(graph: Graph, name: str, role: str) -> Projection:
    """The projection behind an operand.

    Raises
    ------
    ModelStructureError
        If anything but a shape, a constant factor or a bias stands between them.
    """
    steps: list[tuple[Any, str]] = []
    for _ in range(_LONGEST):
        node = graph.maker(name)
        if node is None:
            break
        source = graph.origin(name)
        found = _projection(graph, node)
        if found is not None:
            return _followed(graph, found, source, steps, role)
        steps.append((node, source))
        name = _behind(graph, node, role)
    raise ModelStructureError(f"no projection stands behind the {role}", where=graph.where,
                              found=shown(name))


def _behind(graph: Graph, node: Any, role: str) -> str:
    """The operand of a node that does not depend on constants alone."""
    if node.op_type == "SequenceAt":
        return str(_split_to(graph, node).input[0])
    if node.op_type in _MOVES:
        return str(node.input[0])
    if node.op_type in ("Mul", "Div"):
        open_ones = [name for name in node.input if not graph.fixed(name)]
        if len(open_ones) == 1 and (node.op_type == "Mul" or open_ones[0] == node.input[0]):
            return str(open_ones[0])
    raise _unknown(graph, node, role)


def _followed(graph: Graph, found: tuple[str, str, bool], source: str,
              steps: list[tuple[Any, str]], role: str) -> Projection:
    """Row numbers and factor, from the projection on."""
    weight, bias, by_column = found
    factor, rows = 1.0, _rows_of(graph, source, weight, by_column)
    for node, output in reversed(steps):
        if node.op_type in _MOVES:
            rows = _moved(graph, node, output, rows)
        else:
            scale = scaled(graph, node)
            if scale is None:
                raise _unknown(graph, node, role)
            factor *= scale[0]
        graph.learn(output, rows.shape)
    return Projection(weight, bias, by_column, factor, rows)


def scaled(graph: Graph, node: Any) -> tuple[float, str] | None:
    """Factor and the other operand of a product with one constant number; None of another."""
    numbers = [graph.value(name) for name in node.input]
    for place, number in enumerate(numbers):
        if number is not None and number.size == 1 and (place == 1 or node.op_type == "Mul"):
            value = float(number.reshape(-1)[0])
            if value and np.isfinite(value):
                return (1 / value if node.op_type == "Div" else value), node.input[1 - place]
    return None


def _unknown(graph: Graph, node: Any, role: str) -> ModelStructureError:
    return ModelStructureError(
        f"between a projection and the {role} stands an operation that is not translated",
        where=graph.where, found=f"{node.op_type} {shown(node.name)}",
        expected="shapes, constant factors and biases alone",
        hint="rotary positions and norms of queries are not traced through ONNX: export from the "
        "PyTorch model or its weights")


def _projection(graph: Graph, node: Any) -> tuple[str, str, bool] | None:
    """Weight, bias and layout, where a node is the end of a projection."""
    if node.op_type == "Gemm":
        said = attributes(node)
        weight = _weight(graph, node.input[1])
        plain = said.get("alpha", 1.0) == said.get("beta", 1.0) == 1.0 and not said.get("transA")
        if weight and plain:
            bias = graph.origin(node.input[2]) if len(node.input) > 2 else ""
            return weight[0], bias, weight[1] == bool(said.get("transB"))
        return None
    if node.op_type == "MatMul":
        weight = _weight(graph, node.input[1])
        return weight and (weight[0], "", not weight[1])
    if node.op_type == "Add":
        for one, other in (node.input, tuple(node.input)[::-1]):
            bias, inner = graph.origin(one), graph.maker(other)
            if bias in graph.file.initialisers and inner is not None and (
                    inner.op_type == "MatMul") and len(graph.file.initialisers[bias].dims) == 1:
                weight = _weight(graph, inner.input[1])
                return weight and (weight[0], bias, not weight[1])
    return None


def _weight(graph: Graph, name: str) -> tuple[str, bool] | None:
    """An initialiser, and whether it is turned on its way."""
    origin, turned = graph.origin(name), False
    node = graph.maker(name)
    if node is not None and node.op_type == "Transpose":
        origin, turned = graph.origin(node.input[0]), True
    node = graph.maker(origin)
    if node is not None and node.op_type.startswith("Dequantize"):
        raise ModelStructureError("the weights are quantised", where=graph.where,
                                  found=shown(origin), hint="export from the model's float weights")
    return (origin, turned) if origin in graph.file.initialisers else None


def _rows_of(graph: Graph, output: str, weight: str, by_column: bool) -> Rows:
    dims = tuple(graph.file.initialisers[weight].dims)
    if len(dims) != 2:
        raise ModelStructureError("a projection is not a matrix", where=graph.where,
                                  found=f"{shown(weight)} {list(dims)}")
    shape, rows = graph.shape(output), dims[1] if by_column else dims[0]
    if shape[-1] != rows:
        raise ModelStructureError("a projection gives another size than its weight has",
                                  where=graph.where, found=shape[-1], expected=rows)
    return np.broadcast_to(np.arange(rows), shape)


def _moved(graph: Graph, node: Any, output: str, rows: Rows) -> Rows:
    """Row numbers behind one node."""
    move = _move if node.op_type != "SequenceAt" else _taken
    try:
        return move(graph, node, output, rows)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise ModelStructureError("a node between projection and attention cannot be followed",
                                  where=graph.where, found=f"{node.op_type} {shown(node.name)}: "
                                  f"{error}") from error


def _move(graph: Graph, node: Any, output: str, rows: Rows) -> Rows:
    said = attributes(node)
    kind = node.op_type
    if kind == "Reshape":
        return rows.reshape(_target(graph, node, output, rows))
    if kind == "Squeeze":
        return rows.squeeze(_axes(graph, node, said))
    if kind == "Unsqueeze":
        return np.expand_dims(rows, _axes(graph, node, said))
    if kind == "Transpose":
        return rows.transpose(said.get("perm", tuple(range(rows.ndim))[::-1]))
    if kind == "Expand":
        return np.broadcast_to(rows, np.broadcast_shapes(rows.shape, graph.shape(output)))
    if kind == "Gather":
        return np.take(rows, _known(graph, node.input[1]), axis=said.get("axis", 0))
    if kind == "Slice":
        return _sliced(graph, node, rows)
    if kind == "Split":
        sizes = [graph.shape(name)[said.get("axis", 0)] for name in node.output]
        parts = np.split(rows, np.cumsum(sizes)[:-1], axis=said.get("axis", 0))
        return parts[list(node.output).index(output)]
    if kind == "Tile":
        return np.tile(rows, tuple(map(int, _known(graph, node.input[1]))))
    return rows


def _split_to(graph: Graph, node: Any) -> Any:
    """The node that made the sequence which another takes a part of."""
    split = graph.maker(node.input[0])
    if split is None or split.op_type != "SplitToSequence":
        raise _unknown(graph, node, "attention")
    return split


def _taken(graph: Graph, node: Any, output: str, rows: Rows) -> Rows:  # noqa: ARG001
    """One part of a split; as before opset 18, the last may be smaller."""
    split = _split_to(graph, node)
    said, place = attributes(split), int(_known(graph, node.input[1]).reshape(-1)[0])
    axis = said.get("axis", 0)
    if len(split.input) < 2 or not split.input[1]:
        part = np.take(rows, [place], axis=axis)
        return part if said.get("keepdims", 1) else part.squeeze(axis)
    sizes = _known(graph, split.input[1])
    cuts = np.cumsum(sizes)[:-1] if sizes.ndim else np.arange(sizes, rows.shape[axis], sizes)
    return np.split(rows, cuts, axis=axis)[place]


def _axes(graph: Graph, node: Any, said: dict[str, Any]) -> tuple[int, ...]:
    """Of an attribute, as old opsets have it, or an input."""
    given = said["axes"] if len(node.input) < 2 else _known(graph, node.input[1]).reshape(-1)
    return tuple(map(int, given))


def _target(graph: Graph, node: Any, output: str, rows: Rows) -> tuple[int, ...]:
    target = graph.value(node.input[1])
    if target is None:
        return graph.shape(output)
    return tuple(int(size) if size else rows.shape[place] for place, size in enumerate(target))


def _sliced(graph: Graph, node: Any, rows: Rows) -> Rows:
    starts, ends = (_known(graph, name).reshape(-1) for name in node.input[1:3])
    axes = (_known(graph, node.input[3]).reshape(-1) if len(node.input) > 3 and node.input[3]
            else np.arange(len(starts)))
    steps = (_known(graph, node.input[4]).reshape(-1) if len(node.input) > 4
             else np.ones(len(starts), int))
    cut = [slice(None)] * rows.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        cut[int(axis)] = slice(int(start), int(end), int(step))
    return rows[tuple(cut)]


def _known(graph: Graph, name: str) -> NDArray[Any]:
    value = graph.value(name)
    if value is None:
        raise ModelStructureError("where a weight is split is not known", where=graph.where,
                                  found=shown(name), hint="export the model with fixed shapes")
    return value
