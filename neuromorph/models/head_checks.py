"""What the numbers and arrays of an attention layer must agree on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import ModelStructureError, TensorError


def check_heads(heads: int, kv_heads: int, where: object) -> None:
    """Heads come in equal groups, one group a key-value head."""
    if heads < 1 or kv_heads < 1:
        raise ModelStructureError("there must be at least one head", where=where,
                                  found=f"{heads} heads, {kv_heads} key-value heads")
    if heads % kv_heads:
        raise ModelStructureError("the key-value heads do not divide the heads", where=where,
                                  found=f"{heads} heads, {kv_heads} key-value heads")


def size_of_heads(width: int, heads: int, where: object) -> int:
    """width / heads, which must be whole."""
    if heads < 1 or width % heads:
        raise ModelStructureError("the heads do not divide the width", where=where,
                                  found=f"width {width}, {heads} heads")
    return width // heads


def check_weight_shape(role: str, shape: tuple[int, ...], rows: int, width: int,
                       where: object) -> None:
    """A projection's weight is (rows, width); say so when it looks transposed."""
    if shape == (rows, width):
        return
    what, hint = f"the {role} weight has the wrong shape", None
    if shape == (width, rows):
        hint = "this looks transposed: weights are (out, in), as in torch.nn.Linear"
    elif role == "key" and len(shape) == 2 and shape[1] == width:
        what = "queries and keys differ in head size, or the number of key-value heads is wrong"
    raise ModelStructureError(what, where=where, found=list(shape),
                              expected=f"{[rows, width]}, which is [out, in]", hint=hint)


def check_bias_shape(shape: tuple[int, ...], rows: int, where: object) -> None:
    """A bias has one element a row of its weight."""
    if shape != (rows,):
        raise ModelStructureError("the bias has the wrong shape", where=where, found=list(shape),
                                  expected=[rows])


def check_array(array: NDArray[Any], where: str) -> None:
    """Finite float32."""
    if array.dtype != np.float32:
        raise TensorError("weights must be float32 here", where=where, found=array.dtype)
    if not np.isfinite(array).all():
        raise TensorError("weights must be finite", where=where,
                          found=f"{int((~np.isfinite(array)).sum())} that are not")
