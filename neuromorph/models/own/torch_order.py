"""The names that ``torch.nn.MultiheadAttention`` documents, found without a map.

``in_proj_weight`` is (3 · width, width): queries, keys, values, each (out, in).
"""

from __future__ import annotations

from collections.abc import Iterable

from neuromorph.errors import ModelStructureError
from neuromorph.models.own.templates import grouped

WEIGHT = "in_proj_weight"
_EXTRA = ("bias_k", "bias_v")


def documented(names: Iterable[str], where: object) -> dict[str, str]:
    """Roles to names where one `MultiheadAttention` a layer is all the attention; else nothing.

    Raises
    ------
    ModelStructureError
        If there are several a layer, as in a decoder, or one has a learned key and value.
    """
    groups = grouped(names)
    befores = sorted(template.removesuffix(WEIGHT) for template in groups
                     if template.rpartition(".")[2] == WEIGHT)
    if not befores:
        return {}
    if len(befores) > 1:
        raise ModelStructureError(
            "the file has several attentions of torch's", where=where,
            found=", ".join(f"{before}{WEIGHT}" for before in befores), expected="one a layer",
            hint=f'say which with --map FILE.toml, for instance qkv = "{befores[0]}{WEIGHT}"')
    before = befores[0]
    for extra in _EXTRA:
        if f"{before}{extra}" in groups:
            raise ModelStructureError("attention with a learned key and value (add_bias_kv) is "
                                      "not supported", where=where, found=f"{before}{extra}")
    roles = {"qkv": f"{before}{WEIGHT}"}
    output = f"{before}out_proj.weight"
    return roles | ({"o": output} if output in groups else {})


def bias_beside(name: str) -> str:
    """What torch would call the bias of a weight; empty if it has no such name."""
    for weight, bias in ((WEIGHT, "in_proj_bias"), (".weight", ".bias")):
        if name.endswith(weight):
            return name.removesuffix(weight) + bias
    return ""
