"""One layer of a person's own model: shapes against heads, fused ones split, turned if asked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neuromorph.errors import ModelStructureError
from neuromorph.files.tensor_names import shown
from neuromorph.models.families.base import ROLES
from neuromorph.models.families.build import check_float
from neuromorph.models.families.locate import Located
from neuromorph.models.head_checks import check_bias_shape, check_heads
from neuromorph.models.heads import AttentionLayer
from neuromorph.models.own.fused import order_of, rows_of
from neuromorph.models.own.naming import Naming
from neuromorph.models.rotary import FloatArray, Rotary
from neuromorph.models.source import TensorSource

_TURNED = "this looks transposed: give --transposed, if weights are (in, out) as in x @ W"
_NOT_TURNED = "this looks transposed: leave --transposed out, if weights are (out, in) as torch's"


class _Sizes(NamedTuple):
    heads: int
    kv_heads: int
    width: int
    head_size: int
    value_size: int

    def rows(self, role: str) -> int:
        """Rows of a projection, (out, in)."""
        return {"query": self.heads * self.head_size, "key": self.kv_heads * self.head_size,
                "value": self.kv_heads * self.value_size}[role]


def own_layer(source: TensorSource, located: Located, naming: Naming) -> AttentionLayer:
    """Check and read one layer.

    Raises
    ------
    ModelStructureError, TensorError
    """
    heads = naming.heads or 0
    kv_heads = naming.kv_heads or heads
    check_heads(heads, kv_heads, naming.where)
    for name in located.tensors.values():
        check_float(source, name)
    fused = ("fused", "weight") in located.tensors
    sizes = (_fused_sizes if fused else _sizes)(source, located, naming, heads, kv_heads)
    _check_output(source, located, naming, sizes)
    _check_biases(source, located, sizes)
    arrays = _read_fused(source, located, naming, sizes) if fused else {
        key: _turned(source.read(name), naming) for key, name in located.tensors.items()
        if key[0] in ROLES}
    return AttentionLayer(
        name=located.module, heads=heads, kv_heads=kv_heads,
        head_size=sizes.head_size, value_size=sizes.value_size,
        query_weight=arrays["query", "weight"],
        key_weight=arrays["key", "weight"],
        value_weight=arrays["value", "weight"],
        query_bias=arrays.get(("query", "bias")),
        key_bias=arrays.get(("key", "bias")),
        value_bias=arrays.get(("value", "bias")),
        rotary=None if naming.rope_theta is None else Rotary(naming.rope_theta),
        scale=naming.scale)


def _shape(source: TensorSource, name: str, naming: Naming) -> tuple[int, int]:
    """(out, in) of a weight."""
    shape = source.info(name).shape
    if len(shape) != 2 or 0 in shape:
        raise ModelStructureError("a projection is not a matrix", where=_at(source, name),
                                  found=list(shape))
    return shape[::-1] if naming.transposed else shape


def _sizes(source: TensorSource, located: Located, naming: Naming, heads: int,
           kv_heads: int) -> _Sizes:
    shapes = {role: _shape(source, located.tensors[role, "weight"], naming) for role in ROLES}
    width = shapes["query"][1]
    for role, (_, own) in shapes.items():
        if own != width:
            flipped = len({rows for rows, _ in shapes.values()}) == 1
            raise ModelStructureError(
                f"the {role} weight takes another width than the query weight",
                where=_at(source, located.tensors[role, "weight"]), found=own, expected=width,
                hint=_hint(naming) if flipped else None)
    counts = {"query": heads, "key": kv_heads, "value": kv_heads}
    for role, (rows, _) in shapes.items():
        if rows % counts[role]:
            raise ModelStructureError(
                f"the heads do not divide the rows of the {role} weight",
                where=_at(source, located.tensors[role, "weight"]),
                found=f"{rows} rows, {counts[role]} heads",
                hint=_hint(naming) if not width % counts[role] and rows != width else None)
    size = shapes["query"][0] // heads
    if shapes["key"][0] != kv_heads * size:
        raise ModelStructureError(
            "queries and keys differ in head size, or the number of key-value heads is wrong",
            where=_at(source, located.tensors["key", "weight"]),
            found=f"{shapes['key'][0]} rows", expected=f"{kv_heads} heads of {size}",
            hint="give --heads and --kv-heads as the model was built with")
    return _Sizes(heads, kv_heads, width, size, shapes["value"][0] // kv_heads)


def _fused_sizes(source: TensorSource, located: Located, naming: Naming, heads: int,
                 kv_heads: int) -> _Sizes:
    name = located.tensors["fused", "weight"]
    rows, width = _shape(source, name, naming)
    groups = heads + 2 * kv_heads
    if rows % groups or (kv_heads == heads and rows < width):
        other = width % groups == 0 and width > rows
        raise ModelStructureError(
            "the fused weight does not hold whole queries, keys and values",
            where=_at(source, name), found=f"{rows} rows",
            expected=f"a multiple of {groups}: {heads} queries, {kv_heads} keys and values",
            hint=_hint(naming) if other else None)
    return _Sizes(heads, kv_heads, width, rows // groups, rows // groups)


def _check_output(source: TensorSource, located: Located, naming: Naming, sizes: _Sizes) -> None:
    name = located.tensors.get(("output", "weight"))
    if name is None:
        return
    found, expected = _shape(source, name, naming), sizes.heads * sizes.value_size
    if found[1] != expected:
        raise ModelStructureError("the output weight does not take what the heads give",
                                  where=_at(source, name), found=found[1], expected=expected,
                                  hint=_hint(naming) if found[0] == expected else None)


def _check_biases(source: TensorSource, located: Located, sizes: _Sizes) -> None:
    for (role, leaf), name in located.tensors.items():
        if leaf == "bias" and role != "output":
            rows = sum(map(sizes.rows, ROLES)) if role == "fused" else sizes.rows(role)
            check_bias_shape(source.info(name).shape, rows, _at(source, name))


def _read_fused(source: TensorSource, located: Located, naming: Naming,
                sizes: _Sizes) -> dict[tuple[str, str], FloatArray]:
    """Queries, keys and values, each head by head."""
    order = order_of(naming, located.tensors["fused", "weight"], source.path)
    rows = rows_of(order, sizes.heads, sizes.kv_heads, sizes.head_size)
    found: dict[tuple[str, str], FloatArray] = {}
    for leaf in ("weight", "bias"):
        name = located.tensors.get(("fused", leaf))
        if name is not None:
            fused = _turned(source.read(name), naming)
            found |= {(role, leaf): fused[rows[role]] for role in ROLES}
    return found


def _turned(array: FloatArray, naming: Naming) -> FloatArray:
    return np.ascontiguousarray(array.T) if naming.transposed and array.ndim == 2 else array


def _hint(naming: Naming) -> str:
    return _NOT_TURNED if naming.transposed else _TURNED


def _at(source: TensorSource, name: str) -> str:
    return f"{source.path}: {shown(name)}"
