"""Softmax by softmax: the scores before it and the values behind it make an attention.

::

    Softmax(factor · q kᵀ + mask) v,      q, k, v = x W + b, shaped to heads
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import ModelStructureError, UsageError
from neuromorph.files.opening import StrPath
from neuromorph.files.tensor_names import shown
from neuromorph.models.heads import AttentionLayer, AttentionModel
from neuromorph.models.onnx_graph.file import OnnxFile
from neuromorph.models.onnx_graph.graph import PASSING, Graph, attributes
from neuromorph.models.onnx_graph.heads import HeadRows, head_rows
from neuromorph.models.onnx_graph.masks import check_mask, hides
from neuromorph.models.onnx_graph.one_node import is_one_node, parts_of
from neuromorph.models.onnx_graph.paths import Projection, scaled, traced
from neuromorph.models.onnx_graph.scopes import names_of
from neuromorph.models.own.naming import Naming
from neuromorph.models.source import digests

FAMILY = "onnx"
_FUSED = ("Attention", "MultiHeadAttention", "GroupQueryAttention", "QAttention",
          "DecoderMaskedMultiHeadAttention", "PackedAttention")
_PASSED = (*PASSING, "Reshape")
_LONGEST = 32


def onnx_model(path: StrPath, naming: Naming | None) -> AttentionModel:
    """The attention heads of an ONNX file.

    Parameters
    ----------
    path : path
    naming : Naming
        Must say ``causal``, which a graph shows in a mask at best; ``heads`` and ``scale``, if
        said, must be what the graph has.

    Raises
    ------
    MissingExtraError, InputError
        If there is no attention, or what stands between projections and scores is not known.
    """
    with closing(OnnxFile(path)) as file:
        said = _checked(naming, file.path)
        graph = Graph(file)
        _check_operations(graph)
        found = list(_attentions(graph, said.causal))
        if not found:
            raise ModelStructureError("no attention was found in the graph: a softmax between two "
                                      "products", where=file.path,
                                      found=f"{len(graph.nodes)} nodes",
                                      hint="export the model without fusing its attention")
        names = names_of([softmax for softmax, _, _, _, _ in found])
        layers = tuple(_layer(graph, name, *parts[1:], said)
                       for name, parts in zip(names, found, strict=True))
        used = sorted({name for _, *projections, _ in found for one in projections
                       for name in (one.weight, one.bias) if name})
        tensors = {name: file.initialisers[name] for name in used}
        provenance = {
            "files": digests((*file.files, *file.files_beside)),
            "tensors": {name: {"dtype": _dtype(tensor), "shape": list(tensor.dims)}
                        for name, tensor in tensors.items()}}
        return AttentionModel(FAMILY, layers, bool(said.causal), provenance)


def _checked(naming: Naming | None, where: str) -> Naming:
    said = naming or Naming()
    if (said.tensors or said.ignore or said.fused_order or said.transposed is not None
            or said.rope_theta is not None):
        raise UsageError("in an ONNX file the graph says what each tensor is", where=where,
                         hint="leave out --map, --fused-order, --transposed and --rope-theta")
    if said.causal is None:
        raise UsageError("an ONNX file does not say who sees whom", where=where,
                         expected="--causal or --not-causal")
    return said


def _check_operations(graph: Graph) -> None:
    if graph.file.model.functions:
        raise ModelStructureError("the graph calls functions of its own", where=graph.where,
                                  found=shown(graph.file.model.functions[0].name),
                                  hint="export it optimized, or inline them: "
                                  "onnx.inliner.inline_local_functions")
    for node in graph.nodes:
        if node.op_type in _FUSED and not is_one_node(node):
            raise ModelStructureError("attention in one operation is not taken apart",
                                      where=graph.where, found=f"{node.op_type} "
                                      f"{shown(node.name)}",
                                      hint="export the model without fusing its attention")


_Parts = tuple[Any, Projection, Projection, Projection, float]


def _attentions(graph: Graph, causal: bool | None) -> Iterator[_Parts]:
    """Softmax node, projections of queries, keys and values, and the factor of the scores."""
    for node in graph.nodes:
        if is_one_node(node):
            yield (node, *parts_of(graph, node, causal))
        if node.op_type != "Softmax":
            continue
        product = _values_product(graph, node.output[0])
        scores = _scores(graph, node.input[0])
        if product is None or scores is None:  # a softmax over classes
            continue
        factor, (asked, kept) = scores
        query = traced(graph, asked, "queries")
        _check_axis(graph, node, query.rows.ndim)
        yield (node, query, traced(graph, kept, "keys"), traced(graph, product, "values"), factor)


def _scores(graph: Graph, name: str) -> tuple[float, tuple[str, str]] | None:
    """The factor before a softmax, and the operands of the product; None if there is none."""
    factor = 1.0
    masks: list[str] = []
    for _ in range(_LONGEST):
        node = graph.maker(name)
        if node is None:
            return None
        if node.op_type == "MatMul":
            if any(graph.origin(part) in graph.file.initialisers for part in node.input):
                return None
            for mask in masks:
                check_mask(graph, mask)
            return factor, (node.input[0], node.input[1])
        step = _before(graph, node)
        if step is None:
            return None
        name, scale, mask = step
        factor *= scale
        masks += [mask] if mask else []
    return None


def _before(graph: Graph, node: Any) -> tuple[str, float, str] | None:
    """What is behind one node between product and softmax: value, factor, mask."""
    if node.op_type in _PASSED:
        return node.input[0], 1.0, ""
    if node.op_type in ("Mul", "Div"):
        found = scaled(graph, node)
        return found and (found[1], found[0], "")
    if node.op_type in ("Add", "Where"):
        operands = list(node.input)[-2:]
        inner = [part for part in operands if _leads_to_product(graph, part)]
        if len(inner) != 1:
            return None
        other = operands[1 - operands.index(inner[0])]
        if node.op_type == "Where":
            return (inner[0], 1.0, "") if hides(graph, other) else None
        return inner[0], 1.0, other
    if _leads_to_product(graph, node.input[0]):
        raise ModelStructureError("between scores and softmax stands an operation that is not "
                                  "translated", where=graph.where,
                                  found=f"{node.op_type} {shown(node.name)}")
    return None


def _leads_to_product(graph: Graph, name: str) -> bool:
    """Whether a value comes from a product of two values, behind what is known alone."""
    for _ in range(_LONGEST):
        node = graph.maker(name)
        if node is None:
            return False
        if node.op_type == "MatMul":
            return not any(graph.origin(part) in graph.file.initialisers for part in node.input)
        if node.op_type in ("Add", "Where"):
            return any(_leads_to_product(graph, part) for part in list(node.input)[-2:])
        if node.op_type not in (*_PASSED, "Mul", "Div", "Tanh"):
            return False
        constant = graph.value(node.input[0]) is not None
        name = node.input[1 if constant and len(node.input) > 1 else 0]
    return False


def _values_product(graph: Graph, name: str) -> str | None:
    """The other operand of the product that takes the weights; None if none does."""
    for _ in range(_LONGEST):
        takers = [node for node in graph.takers.get(name, []) if node.op_type != "Shape"]
        products = [node for node in takers if node.op_type == "MatMul"]
        if products and products[0].input[0] == name:
            return str(products[0].input[1])
        onward = [node for node in takers if node.op_type in (*_PASSED, "Where")]
        if not onward:
            return None
        name = onward[0].output[0]
    return None


def _check_axis(graph: Graph, node: Any, rank: int) -> None:
    axis = attributes(node).get("axis", -1)
    if axis not in (-1, rank - 1):
        raise ModelStructureError("a softmax is not over the keys", where=graph.where,
                                  found=f"axis {axis} of {rank}")


def _layer(graph: Graph, name: str, query: Projection, key: Projection, value: Projection,
           factor: float, said: Naming) -> AttentionLayer:
    queries = head_rows(graph, query, "queries")
    keys = head_rows(graph, key, "keys")
    values = head_rows(graph, value, "values")
    heads = len(queries.rows)
    kv_heads = _shared(graph, keys, values, heads)
    size = queries.rows.shape[1]
    scale = factor * query.factor * key.factor
    _check_said(said, heads, kv_heads, scale, graph.where)
    arrays = {role: _arrays(graph, one, rows.rows[::heads // count], one.factor if role == "value"
                            else 1.0)
              for role, one, rows, count in (("query", query, queries, heads),
                                             ("key", key, keys, kv_heads),
                                             ("value", value, values, kv_heads))}
    return AttentionLayer(
        name=name, heads=heads, kv_heads=kv_heads, head_size=size,
        value_size=values.rows.shape[1],
        query_weight=arrays["query"][0], key_weight=arrays["key"][0],
        value_weight=arrays["value"][0], query_bias=arrays["query"][1],
        key_bias=arrays["key"][1], value_bias=arrays["value"][1], scale=scale)


def _shared(graph: Graph, keys: HeadRows, values: HeadRows, heads: int) -> int:
    """Key-value heads: as many as differ, each of a group of query heads that follow each other."""
    for found in (keys, values):
        if len(found.rows) != heads:
            raise ModelStructureError("queries and keys differ in their number of heads",
                                      where=graph.where, found=f"{heads} and {len(found.rows)}")
    both = [keys.rows[head].tobytes() + values.rows[head].tobytes() for head in range(heads)]
    kv_heads = len(set(both))
    group = heads // kv_heads
    if heads % kv_heads or any(both[head] != both[head // group * group] for head in range(heads)):
        raise ModelStructureError("key-value heads are shared in an order that is not translated",
                                  where=graph.where, found=f"{kv_heads} among {heads} heads")
    return kv_heads


def _check_said(said: Naming, heads: int, kv_heads: int, scale: float, where: str) -> None:
    for name, given, found in (("heads", said.heads, heads), ("kv_heads", said.kv_heads, kv_heads)):
        if given not in (None, found):
            raise UsageError(f"the graph has another number of {name}", where=where, found=given,
                             expected=found)
    if said.scale is not None and abs(said.scale / scale - 1) > 1e-5:
        raise UsageError("the graph has another scale", where=where, found=said.scale,
                         expected=scale)


_Floats = NDArray[np.float32]


def _arrays(graph: Graph, one: Projection, rows: NDArray[np.int64],
            factor: float) -> tuple[_Floats, _Floats | None]:
    """Weight (out, in) and bias, rows in the heads' order."""
    weight = graph.file.array(graph.file.initialisers[one.weight])
    if weight.dtype.kind != "f" and weight.dtype.name != "bfloat16":
        raise ModelStructureError("a weight does not hold real numbers", where=graph.where,
                                  found=f"{shown(one.weight)}: {weight.dtype}")
    order = rows.reshape(-1)
    turned = weight.T if one.by_column else weight
    bias = graph.file.array(graph.file.initialisers[one.bias]) if one.bias else None
    if bias is not None and bias.shape != (len(turned),):
        raise ModelStructureError("the bias has the wrong shape", where=graph.where,
                                  found=f"{shown(one.bias)} {list(bias.shape)}",
                                  expected=[len(turned)])
    return _picked(turned, order, factor), None if bias is None else _picked(bias, order, factor)


def _picked(array: NDArray[Any], order: NDArray[np.int64], factor: float) -> _Floats:
    """Rows in order, as float32; what float32 cannot hold becomes infinite, and is refused."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array[order].astype(np.float32) * np.float32(factor))


def _dtype(tensor: Any) -> str:
    from onnx import TensorProto

    return str(TensorProto.DataType.Name(tensor.data_type))
