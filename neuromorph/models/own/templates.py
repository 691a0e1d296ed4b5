"""Names of tensors with ``{layer}`` for a layer's number."""

from __future__ import annotations

import re
from collections.abc import Iterable

from neuromorph.errors import FileFormatError

LAYER = "{layer}"
_NUMBER = re.compile(r"(?<![^._])(0|[1-9]\d{0,4})(?![^._])")
"""A number between dots or underscores."""


def check_template(template: str, where: str) -> None:
    """Refuse a template with other braces, or odd characters.

    Raises
    ------
    FileFormatError
    """
    rest = template.replace(LAYER, "")
    if not rest or not template.isprintable() or "{" in rest or "}" in rest:
        raise FileFormatError("this is not the name of a tensor", where=where,
                              found=repr(template[:80]),
                              expected="a name with {layer} for the layer's number")


def layers_of(template: str, names: Iterable[str]) -> list[int]:
    """Numbers of the layers that have a tensor of this name, sorted."""
    before, *after = map(re.escape, template.split(LAYER))
    if not after:
        return [0] if template in set(names) else []
    pattern = re.compile(before + r"(?P<layer>0|[1-9]\d{0,4})" + "(?P=layer)".join(after))
    return sorted(int(match["layer"]) for match in map(pattern.fullmatch, names) if match)


def odd_layers(template: str, names: Iterable[str]) -> list[str]:
    """Names that would be of this template, were their layer's number written as others are."""
    before, *after = map(re.escape, template.split(LAYER))
    pattern = re.compile(before + r"(?P<layer>\d+)" + "(?P=layer)".join(after))
    found = [(name, match["layer"]) for name in names if (match := pattern.fullmatch(name))]
    return [name for name, number in found if not _NUMBER.fullmatch(number)] if after else []


def name_of(template: str, layer: int) -> str:
    """The name in one layer."""
    return template.replace(LAYER, str(layer))


def grouped(names: Iterable[str]) -> dict[str, list[str]]:
    """Names by template: the first number in each is taken for the layer's."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_NUMBER.sub(LAYER, name, count=1), []).append(name)
    return groups
