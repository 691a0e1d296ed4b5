"""What a run of a circuit gives: numbers, sentences, and a picture that can be drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuromorph.errors import UsageError
from neuromorph.shown import Shown
from neuromorph.translate import Caution


@dataclass(frozen=True, eq=False, repr=False)
class Outcome(Shown):
    """What one run found.

    Attributes
    ----------
    numbers : dict of str to plain value
        The results, few and short: bool, int, float, str, None, and lists and mappings of them.
        Each says its unit in its name or has none.
    sentences : tuple of str
        What happened, in plain words, in the order in which a person reads it.
    draw : callable
        Writes one PNG to the path that it is given.
    cautions : tuple of Caution
        What worked, but badly.

    Raises
    ------
    UsageError
        If a number is none that JSON knows, such as an array or a scalar of NumPy's integers.
    """

    numbers: dict[str, Any]
    sentences: tuple[str, ...]
    draw: Callable[[Path], None]
    cautions: tuple[Caution, ...] = ()

    def __post_init__(self) -> None:
        for name, value in self.numbers.items():
            strange = _strange(value)
            if strange is not None:
                raise UsageError("an outcome holds a value that is not plain", where=name,
                                 found=type(strange).__name__, expected="what JSON can say")


def _strange(value: Any) -> Any:
    """The first part of a value that JSON has no word for; None if there is none."""
    if value is None or isinstance(value, bool | int | float | str):
        return None
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple):
        return next((part for v in value if (part := _strange(v)) is not None), None)
    return value
