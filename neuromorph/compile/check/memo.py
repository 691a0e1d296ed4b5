"""What was made of arrays before: heads share many, and each is then looked at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Made = TypeVar("Made")

MOST = 64
"""Results that are kept; then all are forgotten."""


class Memo:
    """Results of pure functions of arrays and numbers, by which array it was."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[tuple[Any, ...], Any]] = {}

    def __call__(self, make: Callable[..., Made], *given: Any) -> Made:
        """What ``make`` gives; arguments are kept beside it, so that their ids stay theirs."""
        key = (make, *(one if isinstance(one, int) else id(one) for one in given))
        if key not in self._known:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[key] = given, make(*given)
        made: Made = self._known[key][1]
        return made
