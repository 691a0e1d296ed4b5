"""Attention in one operation, as ONNX has it from opset 23 on.

::

    Attention(Q, K, V, mask; scale, is_causal)

with Q, K and V of shape (sequences, heads, tokens, size), or (sequences, tokens, heads · size) with
q_num_heads and kv_num_heads.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neuromorph.errors import ModelStructureError
from neuromorph.files.tensor_names import shown
from neuromorph.models.onnx_graph.graph import Graph, attributes
from neuromorph.models.onnx_graph.masks import check_mask
from neuromorph.models.onnx_graph.paths import Projection, traced

_MASK = 3
_Parts = tuple[Projection, Projection, Projection, float]


def is_one_node(node: Any) -> bool:
    """Whether it is ONNX's own operation, and none of a runtime's."""
    return node.op_type == "Attention" and node.domain in ("", "ai.onnx")


def parts_of(graph: Graph, node: Any, causal: bool | None) -> _Parts:
    """Projections of queries, keys and values, and the factor of the scores.

    Raises
    ------
    ModelStructureError
        If the operation does more than softmax attention, or is causal where it was denied.
    """
    said = attributes(node)
    if said.get("softcap", 0.0):
        raise _more(graph, node, f"a soft cap of {said['softcap']:g}")
    if any(node.input[_MASK + 1:]):
        raise _more(graph, node, "keys and values of the past")
    if bool(said.get("is_causal", 0)) and not causal:
        raise _more(graph, node, "is_causal = 1, and --not-causal was said")
    if len(node.input) > _MASK and node.input[_MASK]:
        check_mask(graph, node.input[_MASK])
    query = _by_head(traced(graph, node.input[0], "queries"), said.get("q_num_heads"))
    key, value = (_by_head(traced(graph, name, role), said.get("kv_num_heads"))
                  for name, role in zip(node.input[1:3], ("keys", "values"), strict=True))
    _check(graph, node, query, key, value)
    group = query.rows.shape[1] // key.rows.shape[1]
    key, value = (replace(one, rows=np.repeat(one.rows, group, axis=1)) for one in (key, value))
    size = query.rows.shape[-1]
    return (query, replace(key, rows=np.swapaxes(key.rows, -1, -2)), value,
            float(said.get("scale") or size**-0.5))


def _by_head(one: Projection, heads: int | None) -> Projection:
    """Row numbers as (sequences, heads, tokens, size)."""
    rows = one.rows
    if rows.ndim == 3 and heads and heads > 0 and rows.shape[-1] % heads == 0:
        rows = rows.reshape(*rows.shape[:2], heads, -1).swapaxes(1, 2)
    return replace(one, rows=rows)


def _check(graph: Graph, node: Any, query: Projection, *others: Projection) -> None:
    counts = [one.rows.shape[1] if one.rows.ndim == 4 else 0 for one in (query, *others)]
    if not all(counts) or counts[1] != counts[2] or counts[0] % counts[1]:
        raise _more(graph, node, f"heads {counts}")


def _more(graph: Graph, node: Any, what: str) -> ModelStructureError:
    return ModelStructureError("an operation of attention is not translated as it is",
                               where=graph.where, found=f"Attention {shown(node.name)}: {what}")
