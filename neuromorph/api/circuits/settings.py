"""Settings of a circuit: what each means, the values it takes, and how a typed one is read.

A field says it all beside its type and default::

    side: Annotated[int, Meaning("Pixels along an image's side.", low=2, high=32)] = 10
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, TypeAlias, get_args, get_type_hints

from neuromorph.errors import UsageError

Value: TypeAlias = int | float | bool | str


@dataclass(frozen=True)
class Meaning:
    """What a setting's annotation says of it.

    Attributes
    ----------
    text : str
        One sentence.
    low, high : float, optional
        Smallest and largest value.
    above : float, optional
        What every value is larger than.
    """

    text: str
    low: float | None = None
    high: float | None = None
    above: float | None = None

    @property
    def limits(self) -> str:
        """In words: ``2 to 32``, ``at least 1``, ``above 0``; empty if there are none."""
        if self.low is not None and self.high is not None:
            return f"{self.low} to {self.high}"
        named = (("at least", self.low), ("above", self.above), ("at most", self.high))
        return " and ".join(f"{word} {limit}" for word, limit in named if limit is not None)

    def allows(self, value: float) -> bool:
        """Whether a value is within the limits; NaN is within none."""
        return ((self.low is None or value >= self.low)
                and (self.high is None or value <= self.high)
                and (self.above is None or value > self.above))


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
    limits : str
        In words; empty if there are none, or if they depend on the model.
    """

    name: str
    kind: str
    default: Value
    meaning: str
    limits: str

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


def settings_of(owner: Any) -> tuple[Setting, ...]:
    """What can be set, from the fields of a dataclass and their annotations.

    Raises
    ------
    TypeError
        If a field has no `Meaning`, or is of no kind that can be typed.
    """
    return tuple(Setting(name, kind, getattr(owner, name), meaning.text, meaning.limits)
                 for name, kind, meaning in _annotated(owner))


def check_limits(settings: Any) -> None:
    """Refuse a value that its field's `Meaning` does not allow.

    Raises
    ------
    UsageError
    """
    for name, _, meaning in _annotated(type(settings)):
        value = getattr(settings, name)
        if not meaning.allows(value):
            raise UsageError("the setting is out of range", where=name, found=value,
                             expected=meaning.limits)


def _annotated(owner: type) -> Iterator[tuple[str, str, Meaning]]:
    """Name, kind and meaning of every field."""
    hints = get_type_hints(owner, include_extras=True)
    for field in fields(owner):
        kind, *said = get_args(hints[field.name]) or (hints[field.name],)
        meanings = [one for one in said if isinstance(one, Meaning)]
        if len(meanings) != 1 or kind.__name__ not in _READERS:
            raise TypeError(f"{owner.__name__}.{field.name} must be Annotated: one of "
                            f"{', '.join(_READERS)}, and its Meaning")
        yield field.name, kind.__name__, meanings[0]


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
