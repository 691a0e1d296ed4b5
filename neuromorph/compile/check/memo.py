"""What was made of arrays before: heads share many, and each is then looked at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

Made = TypeVar("Made")

MOST = 1 << 26
"""Bytes of arrays that are kept; then all are forgotten."""


class Memo:
    """Results of pure functions of arrays and numbers, by which array it was."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[tuple[Any, ...], Any]] = {}
        self._bytes = 0

    def __call__(self, make: Callable[..., Made], *given: Any) -> Made:
        """What ``make`` gives; arguments are kept beside it, so that their ids stay theirs."""
        key = (make, *(one if isinstance(one, int) else id(one) for one in given))
        if key not in self._known:
            if self._bytes > MOST:
                self._known.clear()
                self._bytes = 0
            self._known[key] = given, make(*given)
            self._bytes += sum(one.nbytes for one in (*given, self._known[key][1])
                               if isinstance(one, np.ndarray))
        made: Made = self._known[key][1]
        return made
