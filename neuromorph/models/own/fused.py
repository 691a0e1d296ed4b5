"""The order of rows in one tensor of queries, keys and values; no shape shows it.

::

    blocks: (queries of all heads, keys of all heads, values of all heads)
    heads:  for each key-value head (its queries, its key, its value)

GPT-NeoX, BLOOM and Falcon have the second, most others the first. With a single key-value head
they are one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError
from neuromorph.models.families.base import ROLES
from neuromorph.models.own.naming import ORDERS, Naming
from neuromorph.models.own.torch_order import WEIGHT

Rows = dict[str, NDArray[np.int64]]


def order_of(naming: Naming, template: str, where: object) -> str:
    """The order that was said, or that PyTorch documents.

    Raises
    ------
    UsageError
        If nobody said it and it matters.
    """
    documented = template.rpartition(".")[2] == WEIGHT
    if naming.fused_order == "heads" and documented:
        raise UsageError(f"PyTorch documents {WEIGHT} as blocks: queries, keys, values",
                         where=where, found="fused_order heads",
                         hint="leave --fused-order out, or give the tensor another name if it is "
                         "no torch.nn.MultiheadAttention's")
    if naming.fused_order is not None:
        return naming.fused_order
    if documented or (naming.kv_heads or naming.heads) == 1:
        return ORDERS[0]
    raise UsageError(
        "a fused tensor does not say in which order its rows are", where=f"{where}, "
        f"{naming.where}", found=template,
        expected='fused_order = "blocks" (all queries, all keys, all values) or "heads" (query, '
        "key and value head by head, as GPT-NeoX, BLOOM and Falcon have it)",
        hint="say --fused-order, or fused_order in the map; `neuromorph record` finds it, where "
        "the map names o")


def rows_of(order: str, heads: int, kv_heads: int, size: int) -> Rows:
    """The rows of queries, keys and values in a fused weight, head by head."""
    group = heads // kv_heads
    counts = (heads, kv_heads, kv_heads)
    if order == ORDERS[0]:
        parts = np.split(np.arange(sum(counts) * size), np.cumsum(counts)[:-1] * size)
    else:
        of_group = np.arange(sum(counts) * size).reshape(kv_heads, group + 2, size)
        parts = [part.reshape(-1) for part in np.split(of_group, [group, group + 1], axis=1)]
    return dict(zip(ROLES, parts, strict=True))
