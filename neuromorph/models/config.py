"""A model's ``config.json``: named numbers, each checked when it is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from neuromorph.errors import FileFormatError, ModelStructureError, did_you_mean
from neuromorph.files.opening import StrPath
from neuromorph.files.strict_json import parse_json, read_json
from neuromorph.shown import Shown

T = TypeVar("T")

_COUNT_LIMIT = 2**31 - 1


@dataclass(frozen=True, repr=False)
class Config(Shown):
    """The fields of a configuration, and the file they stand in.

    ``None`` and a missing field are the same: a getter then returns its default, or raises
    when it has none. Where null means something else, ask ``gives`` first; a flag is never null.
    """

    fields: Mapping[str, object]
    where: str

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.fields.get(name) is not None

    def gives(self, name: str) -> bool:
        """Whether the field is there, be it null."""
        return name in self.fields

    def count(self, *names: str, default: int | None = None, low: int = 1) -> int:
        """A whole number ≥ ``low``, under any of ``names``, which must not disagree."""
        name, value = self._find(names, default)
        if type(value) is not int or not low <= value <= _COUNT_LIMIT:
            raise self._wrong(name, value, f"a whole number from {low} to 2^31 - 1")
        for other in names:
            if self.has(other) and self.fields[other] != value:
                raise ModelStructureError(f"{name} and {other} disagree", where=self.where,
                                          found=f"{value} and {self.fields[other]!r}"[:100])
        return value

    def number(self, name: str, default: float | None = None, low: float = 0.0,
               high: float = 1e15) -> float:
        """A finite number from ``low`` to ``high``."""
        _, value = self._find((name,), default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._wrong(name, value, "a number")
        if not (math.isfinite(value) and low <= value <= high):
            raise self._wrong(name, value, f"a number from {low:g} to {high:g}")
        return float(value)

    def flag(self, name: str, default: bool) -> bool:
        """True or false; null is neither."""
        value = self.fields.get(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def text(self, *names: str, default: str | None = None) -> str:
        """A text, under the first of ``names`` that is there."""
        name, value = self._find(names, default)
        if not isinstance(value, str):
            raise self._wrong(name, value, "a text")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        _, value = self._find((name,), None)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(name, value, "a list of texts")
        return tuple(value)

    def section(self, *names: str) -> Config:
        """An object inside the configuration; empty when it is not there."""
        name, value = self._find(names, {})
        if not isinstance(value, dict):
            raise self._wrong(name, value, "an object")
        return Config(value, f"{self.where}: {name}")

    def _find(self, names: tuple[str, ...], default: T | None) -> tuple[str, object]:
        for name in names:
            if self.has(name):
                return name, self.fields[name]
        if default is None:
            known = [key[:80] for key in list(self.fields)[:200] if self.has(key)]
            near = did_you_mean(names[0], known)
            raise ModelStructureError(f"the configuration has no {' or '.join(names)}",
                                      where=self.where,
                                      hint=near if near.startswith("did") else None)
        return names[0], default

    def _wrong(self, name: str, value: object, expected: str) -> ModelStructureError:
        return ModelStructureError(f"{name} is not usable", where=self.where,
                                   found=repr(value)[:100], expected=expected)


def read_config(path: StrPath) -> Config:
    """The configuration in a JSON file."""
    return _config(read_json(path), str(path))


def parse_config(text: str, where: str) -> Config:
    """The configuration in a JSON text."""
    data = text.encode("utf-8", "surrogatepass")
    return _config(parse_json(data, where, "the configuration"), where)


def _config(fields: object, where: str) -> Config:
    if not isinstance(fields, dict):
        raise FileFormatError("the configuration is not a JSON object", where=where)
    return Config(fields, where)
