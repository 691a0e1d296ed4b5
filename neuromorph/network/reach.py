"""What can be reached along arrows."""

from __future__ import annotations

from collections.abc import Iterable


def reached(start: Iterable[str], arrows: Iterable[tuple[str, str]]) -> set[str]:
    """The names at which one arrives from some names, these included."""
    onwards: dict[str, list[str]] = {}
    for tail, head in arrows:
        onwards.setdefault(tail, []).append(head)
    found = set(start)
    waiting = list(found)
    while waiting:
        new = set(onwards.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found
