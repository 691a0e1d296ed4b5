"""Rows of a projection's weight by head, from the operands of the products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromorph.errors import ModelStructureError
from neuromorph.models.onnx_graph.graph import Graph
from neuromorph.models.onnx_graph.paths import Projection, Rows
from neuromorph.shown import Shown


@dataclass(frozen=True, repr=False)
class HeadRows(Shown):
    """Rows (heads, head size) of the weight, head by head."""

    rows: Rows


def head_rows(graph: Graph, one: Projection, role: str) -> HeadRows:
    """The same rows for every token, or it is no attention that is known.

    Raises
    ------
    ModelStructureError
    """
    rows = one.rows
    if role == "keys":  # (…, size, tokens)
        rows = np.swapaxes(rows, -1, -2) if rows.ndim > 1 else rows
    if rows.ndim == 4 and len(rows):
        rows = rows[0]
    if rows.ndim == 2:  # a single head
        rows = rows[None]
    if rows.ndim != 3 or not rows.size or (rows != rows[:, :1]).any():
        raise ModelStructureError(f"how the {role} are shaped to heads is not known",
                                  where=graph.where, found=list(one.rows.shape),
                                  expected="(sequences, heads, tokens, size)")
    return HeadRows(np.ascontiguousarray(rows[:, 0]))
