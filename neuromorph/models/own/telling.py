"""What a file holds, in words short enough for an error."""

from __future__ import annotations

from collections.abc import Iterable

from neuromorph.models.own.templates import LAYER, grouped
from neuromorph.models.source import TensorSource

_MOST = 24
_LIKELY = {
    "q": ("q", "wq", "q_proj", "query", "to_q", "q_lin", "q_linear", "query_proj", "w_q"),
    "k": ("k", "wk", "k_proj", "key", "to_k", "k_lin", "k_linear", "key_proj", "w_k"),
    "v": ("v", "wv", "v_proj", "value", "to_v", "v_lin", "v_linear", "value_proj", "w_v"),
    "qkv": ("qkv", "c_attn", "wqkv", "Wqkv", "qkv_proj", "to_qkv", "in_proj", "in_proj_weight",
            "query_key_value"),
}
"""What people call a projection. Never acted on, only proposed."""


def listed(source: TensorSource) -> str:
    """The tensors of a file, those of all layers as one."""
    groups = grouped(source.names)
    told = [f"{template} {list(source.info(names[0]).shape)}"
            + (f" × {len(names)}" if LAYER in template else "")
            for template, names in list(groups.items())[:_MOST]]
    more = len(groups) - len(told)
    return ", ".join(told) + (f", and {more} more" if more > 0 else "")


def proposed(names: Iterable[str]) -> str:
    """Lines of a map that may be right; empty if nothing looks like a projection."""
    found: dict[str, str] = {}
    for template in grouped(names):
        if template.endswith("bias"):
            continue
        parts = template.removesuffix(".weight").split(".")
        for role, known in _LIKELY.items():
            if parts[-1] in known and LAYER in template:
                found.setdefault(role, template)
    return "; ".join(f'{role} = "{template}"' for role, template in found.items())


def way(source: TensorSource) -> str:
    """What to do with a file whose names are not known, and what is in it."""
    near = proposed(source.names)
    maybe = f" (perhaps: {near})" if near else ""
    return (f"give --map FILE.toml with the names of q, k and v, or of qkv{maybe}, --heads and "
            f"--causal or --not-causal; the file holds {listed(source)}")
