"""Circuits that can be run by name, each a module here that is imported when it is asked for.

Such a module says in its first line what the circuit does, and has

- ``Settings``, a frozen dataclass of int, float, bool and str with defaults, each explained under
  ``Attributes`` of its docstring;
- ``why_not(backend)``, None where the circuit runs on the backend, else the reason why it does
  not: as a rule what the backend says of a small network of the circuit's;
- ``run(settings, *, backend, seed, progress)``, which returns an `Outcome`.
"""

from __future__ import annotations

import inspect
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias, get_type_hints

from neuromorph.api.circuits.outcome import Outcome
from neuromorph.backends import Backend
from neuromorph.errors import UsageError, did_you_mean
from neuromorph.shown import Shown

Value: TypeAlias = int | float | bool | str

MODULES = {
    name: f"neuromorph.api.circuits.{name}"
    for name in ("match_and_control", "hebbian_attention", "astrocyte_attention", "hopfield",
                 "naam")
}
"""Where each circuit is at home."""


@dataclass(frozen=True)
class Setting:
    """One thing about a circuit that a person may choose.

    Attributes
    ----------
    name : str
    kind : {"int", "float", "bool", "str"}
    default : int, float, bool or str
    meaning : str
        One sentence.
    """

    name: str
    kind: str
    default: Value
    meaning: str

    def read(self, given: object) -> Value:
        """A value of this setting's kind, from a value or from what somebody typed.

        Raises
        ------
        UsageError
        """
        try:
            return _READERS[self.kind](given)
        except (LookupError, OverflowError, TypeError, ValueError) as error:
            raise UsageError("the setting does not take this value", where=self.name,
                             found=repr(given), expected=_EXPECTED[self.kind]) from error


@dataclass(frozen=True, eq=False, repr=False)
class Circuit(Shown):
    """A circuit as a person meets it.

    Attributes
    ----------
    name : str
    summary : str
        One line: what it does.
    settings : tuple of Setting
    module : module
        Where it is at home.
    """

    name: str
    summary: str
    settings: tuple[Setting, ...]
    module: ModuleType

    def why_not(self, backend: Backend) -> str | None:
        """The reason why the circuit does not run on a backend, or None if it does."""
        reason: str | None = self.module.why_not(backend)
        return reason

    def choose(self, given: Mapping[str, object]) -> Any:
        """The circuit's own ``Settings``, with what was given in place of its defaults.

        Raises
        ------
        UsageError
            If there is no such setting, or it does not take the value.
        """
        known = {setting.name: setting for setting in self.settings}
        for name in given:
            if name not in known:
                raise UsageError("the circuit has no such setting", where=self.name, found=name,
                                 hint=did_you_mean(name, known) or "it has none")
        return self.module.Settings(**{n: known[n].read(value) for n, value in given.items()})


def names() -> tuple[str, ...]:
    """Names of all circuits."""
    return tuple(MODULES)


def get(name: str) -> Circuit:
    """The circuit of that name.

    Raises
    ------
    UsageError
        If there is none, with the nearest name.
    """
    if name not in MODULES:
        raise UsageError("unknown circuit", found=name, hint=did_you_mean(name, MODULES))
    module = import_module(MODULES[name])
    summary = (module.__doc__ or "").strip().partition("\n")[0]
    return Circuit(name, summary, _settings(module.Settings), module)


def _settings(owner: Any) -> tuple[Setting, ...]:
    """What can be set, from the fields of a dataclass and its docstring."""
    kinds, meanings = get_type_hints(owner), _meanings(inspect.getdoc(owner) or "")
    return tuple(Setting(field.name, kinds[field.name].__name__, getattr(owner, field.name),
                         meanings.get(field.name, "")) for field in fields(owner))


def _meanings(docstring: str) -> dict[str, str]:
    """What a class says of each name under ``Attributes``, every text as one line."""
    _, _, section = docstring.partition("Attributes\n----------\n")
    section = re.split(r"\n\S.*\n-+(?:\n|$)", section)[0]
    meanings: dict[str, str] = {}
    described: list[str] = []
    for line in section.splitlines():
        if line[:1].strip():  # not indented: names and their type
            described = [name.strip() for name in line.partition(" :")[0].split(",")]
        elif line.strip():
            meanings |= {n: f"{meanings.get(n, '')} {line.strip()}".strip() for n in described}
    return meanings


def _int(given: object) -> int:
    if isinstance(given, bool):
        raise TypeError
    return int(given) if isinstance(given, str) else operator.index(given)  # type: ignore[arg-type]


def _float(given: object) -> float:
    if isinstance(given, bool):
        raise TypeError
    value = float(given)  # type: ignore[arg-type]
    if not math.isfinite(value):
        raise ValueError
    return value


def _bool(given: object) -> bool:
    return {"true": True, "false": False}[str(given).lower()]  # NumPy's True is another type


def _str(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError
    return given


_READERS: dict[str, Callable[[object], Value]] = {
    "int": _int, "float": _float, "bool": _bool, "str": _str,
}
_EXPECTED = {
    "int": "a whole number", "float": "a finite number", "bool": "true or false", "str": "text",
}

__all__ = ["MODULES", "Circuit", "Outcome", "Setting", "Value", "get", "names"]
