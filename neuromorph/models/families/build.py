"""Located tensors and a plan to a layer: shapes are checked before a byte is read."""

from __future__ import annotations

import numpy as np

from neuromorph.errors import ModelStructureError, TensorError
from neuromorph.files.dtypes import DTYPES
from neuromorph.files.tensor_names import shown
from neuromorph.models.families.base import ROLES, LayerPlan
from neuromorph.models.families.locate import Located
from neuromorph.models.head_checks import check_bias_shape, check_weight_shape
from neuromorph.models.heads import AttentionLayer
from neuromorph.models.rotary import FloatArray
from neuromorph.models.source import TensorSource

_Arrays = dict[tuple[str, str], FloatArray]


def build_layer(source: TensorSource, located: Located, plan: LayerPlan) -> AttentionLayer:
    """Check the tensors of one layer against its plan, and read them."""
    for name in located.tensors.values():
        check_float(source, name)
    if ("fused", "weight") in located.tensors:
        value_size = plan.head_size
        arrays = _read_fused(source, located, plan)
    else:
        value_size = _check_separate(source, located, plan)
        arrays = {key: source.read(name) for key, name in located.tensors.items()}
    return AttentionLayer(
        name=located.module,
        heads=plan.heads,
        kv_heads=plan.kv_heads,
        head_size=plan.head_size,
        value_size=value_size,
        query_weight=arrays["query", "weight"],
        key_weight=arrays["key", "weight"],
        value_weight=arrays["value", "weight"],
        query_bias=arrays.get(("query", "bias")),
        key_bias=arrays.get(("key", "bias")),
        value_bias=arrays.get(("value", "bias")),
        rotary=plan.rotary,
        scale=plan.scale,
        window=plan.window,
    )


def bias_note(located: Located, promised: bool | None) -> str | None:
    """A remark when only some of the projections have a bias, or none though all should."""
    have = [role for role in ROLES if (role, "bias") in located.tensors]
    if ("fused", "bias") in located.tensors or len(have) == len(ROLES):
        return None
    if not have and not promised:
        return None
    if not have:
        return f"{located.module}: no projection has a bias, though the configuration says so"
    return f"{located.module}: only {' and '.join(have)} have a bias; the others have none"


def check_float(source: TensorSource, name: str) -> None:
    """A weight holds real numbers, not the codes of some."""
    info = source.info(name)
    if not DTYPES[info.dtype].is_float:
        raise TensorError(f"tensor {shown(name)} cannot be a weight: its dtype is {info.dtype}",
                          where=source.path, expected="a float dtype",
                          hint="quantised weights need their scales; export from float weights")


def _check_separate(source: TensorSource, located: Located, plan: LayerPlan) -> int:
    """Hold all shapes against the plan; the value size that the value weight has."""
    value_size = _value_size(source, located, plan)
    rows = {"query": plan.heads * plan.head_size, "key": plan.kv_heads * plan.head_size,
            "value": plan.kv_heads * value_size}
    for (role, leaf), name in located.tensors.items():
        shape, where = source.info(name).shape, f"{source.path}: {shown(name)}"
        if leaf == "weight":
            check_weight_shape(role, shape, rows[role], plan.width, where)
        else:
            check_bias_shape(shape, rows[role], where)
    return value_size


def _value_size(source: TensorSource, located: Located, plan: LayerPlan) -> int:
    """Values may be of another size than keys, when the heads still divide them."""
    shape = source.info(located.tensors["value", "weight"]).shape
    if len(shape) == 2 and shape[1] == plan.width and shape[0] and not shape[0] % plan.kv_heads:
        return shape[0] // plan.kv_heads
    return plan.head_size


def _read_fused(source: TensorSource, located: Located, plan: LayerPlan) -> _Arrays:
    """Split (width, 3 * width) and (3 * width,) in three, and turn them to (out, in)."""
    name = located.tensors["fused", "weight"]
    expected = (plan.width, 3 * plan.width)
    shape = source.info(name).shape
    if shape != expected:
        hint = "this looks transposed: the fused weight is (in, out)"
        raise ModelStructureError("the fused weight has the wrong shape",
                                  where=f"{source.path}: {shown(name)}", found=list(shape),
                                  expected=f"{list(expected)}, which is [in, 3 × out]",
                                  hint=hint if shape == expected[::-1] else None)
    arrays = {(role, "weight"): np.ascontiguousarray(part.T)
              for role, part in zip(ROLES, np.split(source.read(name), 3, axis=1), strict=True)}
    bias = located.tensors.get(("fused", "bias"))
    if bias is not None:
        check_bias_shape(source.info(bias).shape, 3 * plan.width,
                         f"{source.path}: {shown(bias)}")
        parts = np.split(source.read(bias), 3)
        arrays |= {(role, "bias"): part for role, part in zip(ROLES, parts, strict=True)}
    return arrays
