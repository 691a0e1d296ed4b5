"""What is added to scores hides keys, or changes them; only the first is who-sees-whom."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.errors import ModelStructureError
from neuromorph.files.tensor_names import shown
from neuromorph.models.onnx_graph.graph import Graph, attributes, operands

HIDDEN = -1e4
"""A logit this far down is not seen."""

_ANCESTORS = 10_000


def hides(graph: Graph, name: str) -> bool:
    """Whether a value is one constant so low that it hides what it stands for."""
    value = graph.value(name)
    return value is not None and bool(np.all(value <= HIDDEN))


def check_mask(graph: Graph, name: str) -> None:
    """Refuse a term that comes from weights, or from constants that are neither 0, 1 nor hidden.

    Raises
    ------
    ModelStructureError
    """
    waiting = [name]
    seen: set[str] = set()
    while waiting and len(seen) < _ANCESTORS:
        part = waiting.pop()
        if part in seen or not part:
            continue
        seen.add(part)
        _check(graph, part)
        node = graph.maker(part)
        if node is not None and node.op_type != "Shape":  # sizes come from anywhere
            waiting += operands(node)


def _check(graph: Graph, name: str) -> None:
    origin = graph.origin(name)
    tensor = graph.file.initialisers.get(origin)
    node = graph.maker(name)
    if node is not None and node.op_type == "Constant":
        tensor = attributes(node).get("value")
    if not hasattr(tensor, "dims"):
        return
    values = graph.file.array(tensor)
    if values.size > 1 and not _plain(values):
        raise ModelStructureError("a bias is added to the scores, which is not translated here",
                                  where=graph.where, found=shown(origin),
                                  expected="a mask of 0 and of numbers below -10 000")


def _plain(values: Any) -> bool:
    if values.dtype.kind in "iub":
        return True
    numbers = values.astype(np.float64)
    return bool(np.all((numbers == 0) | (numbers == 1) | (numbers <= HIDDEN)))
