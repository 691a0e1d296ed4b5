"""Find a family's attention tensors among the names in a file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from neuromorph.errors import ModelStructureError
from neuromorph.files.tensor_names import shown
from neuromorph.models.families.base import ROLES, Family
from neuromorph.shown import Shown

FUSED_PARTS = frozenset({"W_pack", "Wqkv", "c_attn", "in_proj", "in_proj_bias", "in_proj_weight",
                         "qkv", "qkv_proj", "query_key_value", "wqkv"})
"""What people call a projection that holds queries, keys and values at once."""

_LEAVES = ("weight", "bias")


@dataclass(frozen=True, repr=False)
class Located(Shown):
    """Full tensor names of one layer's projections.

    Attributes
    ----------
    module : str
        The layer's attention module, with its prefix.
    tensors : dict
        (role, ``"weight"`` or ``"bias"``) → name; the role is query, key, value or fused.
    """

    module: str
    tensors: dict[tuple[str, str], str]


def pattern_of(family: Family) -> re.Pattern[str]:
    """``[prefix.]module.part[.leaf]`` as a regular expression."""
    before, after = family.module.split("{layer}")
    return re.compile(r"(?P<prefix>(?:[^.]+\.)?)" + re.escape(before)
                      + r"(?P<layer>0|[1-9]\d{0,4})" + re.escape(after) + r"\.(?P<rest>.+)")


def has_attention(family: Family, names: Iterable[str]) -> bool:
    """Whether any name is a projection of this family, fused or not."""
    pattern = pattern_of(family)
    wanted = set(family.parts.values()) | FUSED_PARTS
    found = (pattern.fullmatch(name) for name in names)
    return any(match and match["rest"].split(".")[0] in wanted for match in found)


def locate(family: Family, names: Iterable[str], where: object) -> list[Located]:
    """The projections of every layer, first to last, complete or refused.

    Raises
    ------
    ModelStructureError
        When there are two models in the file, a layer or a projection is missing, a fused
        projection stands beside separate ones, or a tensor has a meaning we don't know.
    """
    matches = [match for match in map(pattern_of(family).fullmatch, names) if match]
    prefixes = sorted({match["prefix"] for match in matches})
    if len(prefixes) > 1:
        raise ModelStructureError("the file holds several models", where=where,
                                  found="tensor names that begin with "
                                  + " and ".join(shown(prefix) for prefix in prefixes[:4]),
                                  expected="one")
    layers: dict[int, list[str]] = {}
    for match in matches:
        layers.setdefault(int(match["layer"]), []).append(match["rest"])
    for number in range(len(layers)):
        if number not in layers:
            raise ModelStructureError(f"attention layer {number} is missing", where=where,
                                      found=f"layers up to {max(layers)}")
    prefix = prefixes[0] if prefixes else ""
    return [_layer(family, prefix + family.module.format(layer=number), layers[number], where)
            for number in range(len(layers))]


def _layer(family: Family, module: str, rests: list[str], where: object) -> Located:
    parts = {rest.split(".")[0] for rest in rests}
    _check_one_way(family, module, parts, where)
    role_of = _role_of(family)
    tensors: dict[tuple[str, str], str] = {}
    for rest in rests:
        part, _, leaf = rest.partition(".")
        if part in role_of and leaf in _LEAVES:
            tensors[role_of[part], leaf] = f"{module}.{rest}"
        elif part not in family.beside:
            raise ModelStructureError("this attention has a tensor with a meaning that is not "
                                      "known here", where=where, found=shown(f"{module}.{rest}"))
    for role in role_of.values():
        if (role, "weight") not in tensors:
            part = family.fused or family.parts[role]
            raise ModelStructureError(f"the {role} projection is missing", where=where,
                                      expected=shown(f"{module}.{part}.weight"))
    return Located(module, tensors)


def _role_of(family: Family) -> dict[str, str]:
    if family.fused:
        return {family.fused: "fused"}
    return {family.parts[role]: role for role in ROLES}


def _check_one_way(family: Family, module: str, parts: set[str], where: object) -> None:
    """Fused, or separate, as the family has it; never both, since they could disagree."""
    fused = sorted(parts & FUSED_PARTS)
    separate = sorted(parts & set(family.parts.values()))
    if fused and separate:
        raise ModelStructureError("there are fused and separate query, key and value projections",
                                  where=where,
                                  found=f"{', '.join(fused + separate)} in {shown(module)}",
                                  expected="one or the other")
    if fused and fused != [family.fused]:
        raise ModelStructureError("query, key and value are fused in one tensor, in an order that "
                                  "is not known", where=where,
                                  found=shown(f"{module}.{fused[0]}"),
                                  expected=family.example,
                                  hint="split the tensor in three")
