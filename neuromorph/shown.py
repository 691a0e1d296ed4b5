"""Short texts for objects that hold much: a line in the shell, a table in a notebook."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from itertools import accumulate
from pathlib import PurePath
from typing import Any

from neuromorph.errors import printable

LONGEST = 60
"""Characters of one value."""

LINE = 300
"""Characters of all values in a line of text."""

FEW = 4
"""Items that a list of plain values may have to be shown whole."""

ROWS = 12
"""Rows of a table within a table; the rest are counted."""

class Shown:
    """A dataclass (with ``repr=False``) that shows a line of facts, however much it holds.

    The facts are what ``as_dict`` or ``report`` says, if the class has one of them, else its
    public fields. What comes from files is escaped.
    """

    def __repr__(self) -> str:
        facts = [f"{printable(name)}={brief(value)}" for name, value in _facts(self).items()
                 if value is not None]
        shown = [fact for fact, end in zip(facts, accumulate(map(len, facts)), strict=True)
                 if end <= LINE]
        return f"{type(self).__name__}({', '.join([*shown, *['…'] * (shown != facts)])})"

    def _repr_html_(self) -> str:
        """For Jupyter: the facts as a table, lists of facts as tables within it.

        A class with a ``glance`` chooses what a reader wants to see first.
        """
        told = _told(self, "glance")
        rows = "".join(f"{_ROW}<th {_WORDS}>{_label(name)}</th>"
                       f"<td {_WORDS}>{_cell(value)}</td></tr>"
                       for name, value in (_facts(self) if told is None else told).items()
                       if value is not None)
        return f"{_TABLE}<caption {_WORDS}>{_safe(type(self).__name__)}</caption>{rows}</table>"


# Colours are the notebook's own, be it light or dark; lines are half seen on either.
_TABLE = '<table style="border-collapse:collapse">'
_ROW = '<tr style="border-bottom:1px solid #8886">'
_WORDS = 'style="text-align:left"'
_NUMBERS = 'style="text-align:right"'


def sentences(lines: Iterable[object]) -> str | None:
    """One text of several; None of none, which is not shown."""
    return "; ".join(map(str, lines)) or None


def brief(value: object) -> str:
    """One value in at most a few words: a number, a text, a path, or what it is and how much."""
    if value is None or isinstance(value, bool | int | float):
        return printable(repr(value), LONGEST)
    if isinstance(value, str | PurePath):
        return printable(repr(str(value)), LONGEST)
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        size = ", ".join(str(n) for n in value.shape)
        return printable(f"{value.dtype}[{size}]", LONGEST)
    if isinstance(value, Mapping | frozenset | set | list | tuple):
        return _brief_collection(value)
    return f"{type(value).__name__}(…)" if is_dataclass(value) else printable(
        type(value).__name__, LONGEST)


def _brief_collection(value: Collection[object]) -> str:
    ordered = isinstance(value, list | tuple)
    if ordered and len(value) <= FEW and all(map(_is_plain, value)):
        return printable(repr(value), LONGEST)
    kind = f"× {type(next(iter(value))).__name__}" if ordered and value else \
        "entry" if len(value) == 1 else "entries"
    return f"<{len(value)} {kind}>"


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _facts(shown: Any) -> Mapping[str, Any]:
    for name in ("as_dict", "report"):
        told = _told(shown, name)
        if told is not None:
            return told
    return {f.name: getattr(shown, f.name) for f in fields(shown) if not f.name.startswith("_")}


def _told(shown: Any, name: str) -> Mapping[str, Any] | None:
    """What a method says, if there is one and the object holds something yet."""
    tell = getattr(shown, name, None)
    if callable(tell):
        with suppress(ValueError, ArithmeticError, LookupError):
            told: Mapping[str, Any] = tell()
            return told
    return None


def _td(value: object) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"<td {_NUMBERS if number else _WORDS}>{_cell(value)}</td>"


def _cell(value: object) -> str:
    if isinstance(value, list | tuple) and value and all(isinstance(v, Mapping) for v in value):
        return _rows(value)
    if isinstance(value, Mapping) and len(value) <= ROWS and all(map(_is_plain, value.values())):
        return "<br>".join(f"{_label(name)}: {_cell(item)}" for name, item in value.items())
    if isinstance(value, str | PurePath):
        return _safe(str(value))
    if isinstance(value, float):
        return _safe(f"{value:.5g}")
    if isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value):
        return _safe(", ".join(value[:ROWS])) + (f" and {len(value) - ROWS} more"
                                                 if len(value) > ROWS else "")
    return _safe(brief(value))


def _rows(rows: Sequence[Mapping[str, object]]) -> str:
    head = "".join(f"<th {_WORDS}>{_label(name)}</th>" for name in rows[0])
    body = "".join(_ROW + "".join(_td(row.get(name)) for name in rows[0]) + "</tr>"
                   for row in rows[:ROWS])
    more = f"<p>and {len(rows) - ROWS} more</p>" if len(rows) > ROWS else ""
    return f"{_TABLE}{_ROW}{head}</tr>{body}</table>{more}"


def _label(name: object) -> str:
    return _safe(str(name).replace("_", " "))


def _safe(text: str) -> str:
    return html.escape(printable(text))
