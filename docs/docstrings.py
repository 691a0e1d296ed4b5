"""Docstrings for Sphinx: a bar in an equation is a bar, not the beginning of a substitution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def with_bars(lines: Iterable[str]) -> Iterator[str]:
    """The lines, bars escaped where they are neither code nor in a literal block."""
    literal: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if literal is not None and line.strip() and indent <= literal:
            literal = None
        yield line if literal is not None else _escaped(line)
        if literal is None and line.rstrip().endswith("::"):
            literal = indent


def _escaped(line: str) -> str:
    """Bars of a line, where they are outside of double backquotes."""
    parts = line.split("``")
    return "``".join(part if n % 2 else part.replace("|", r"\|") for n, part in enumerate(parts))


def setup(app: Any) -> dict[str, bool]:
    """Before napoleon reads them."""
    def read(_: Any, __: str, ___: str, ____: Any, _____: Any, lines: list[str]) -> None:
        lines[:] = with_bars(lines)

    app.connect("autodoc-process-docstring", read, priority=100)
    return {"parallel_read_safe": True}
