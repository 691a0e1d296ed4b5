"""Which tensor names a file may use, and how messages show them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from neuromorph.errors import FileFormatError

NAME_LIMIT = 512
"""Longest tensor name, in characters."""


def shown(name: str) -> str:
    """A name as messages show it: quoted, escaped and not too long."""
    return repr(name if len(name) <= 80 else name[:79] + "…")


def check_names(names: Iterable[str], where: object) -> None:
    """Refuse names that are empty, endless, invisible, paths, or the same to a reader.

    Raises
    ------
    FileFormatError
        For the first such name.
    """
    seen: dict[str, str] = {}
    for name in names:
        problem = _problem(name)
        if problem:
            raise FileFormatError(f"tensor name {shown(name)} {problem}", where=where)
        normal = unicodedata.normalize("NFKC", name)
        if normal in seen:
            raise FileFormatError("two tensor names are equal after Unicode normalisation",
                                  where=where,
                                  found=f"{ascii(seen[normal])[:80]} and {ascii(name)[:80]}")
        seen[normal] = name


def _problem(name: str) -> str:
    if not name:
        return "is empty"
    if len(name) > NAME_LIMIT:
        return f"is too long: {len(name)} characters, at most {NAME_LIMIT}"
    if not name.isprintable():
        return "holds control characters"
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
        return "is a path"
    return ""
