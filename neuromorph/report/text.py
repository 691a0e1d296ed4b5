"""Values as text: JSON for programs, short and rounded for people."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from neuromorph.errors import printable
from neuromorph.memory import bytes_text

__all__ = ["LONGEST", "bytes_text", "label", "readable", "to_json"]

LONGEST = 1000
"""Characters of a cell; paths may be long."""


def to_json(value: object) -> str:
    """Indented JSON with a line break at its end; what is not a finite number becomes null."""
    return json.dumps(_plain(value), indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value if isinstance(value, bool | int | str) or value is None else str(value)


def readable(value: object) -> str:
    """A value as a person reads it: ``yes``, ``1,234``, ``0.693``, ``28 to 36``, ``a, b``."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{label(name)} {readable(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return _list(list(value))
    return printable(value, LONGEST)


def label(name: object) -> str:
    """A field's name as words: ``spikes per query``."""
    return printable(str(name).replace("_", " "))


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    if value == int(value) and abs(value) < 1e15:
        return readable(int(value))
    return f"{value:.4g}"


def _list(values: list[Any]) -> str:
    if values and all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        low, high = min(values), max(values)
        return readable(low) if low == high else f"{readable(low)} to {readable(high)}"
    return ", ".join(readable(value) for value in values) or "-"
