"""Text to evaluate on: documents, and the windows of tokens that they are cut into."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import CalibrationError, UsageError
from neuromorph.shown import Shown

LENGTH = 512
"""Tokens of a window, if nobody says how many and heads remember as many."""

SHORTEST = 2
"""Tokens of a window in which there is something to foretell."""


class Window(NamedTuple):
    """Some tokens of one document, which is counted from 0; or an image, with its class."""

    document: int
    ids: NDArray[np.int64]
    label: int | None = None


@dataclass(frozen=True, repr=False)
class Bounds(Shown):
    """How much of a text is evaluated.

    Attributes
    ----------
    windows, tokens : int, optional
        At most so many; the rest of the text is left out. The last window is not cut.
    length : int, optional
        Tokens of a window, at least 2.
    """

    windows: int | None = None
    length: int | None = None
    tokens: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("windows", 1), ("length", SHORTEST), ("tokens", 1)):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, Integral)
                                      or value < least):
                raise UsageError(f"{name} must be a whole number of at least {least}",
                                 found=repr(value))

    def length_for(self, slots: int, positions: int | None) -> int:
        """Tokens of a window for a model.

        Raises
        ------
        UsageError
            If that many were asked for as the model has no positions for.
        """
        most = min(slots, LENGTH, positions or LENGTH)
        if self.length is None:
            return most
        if positions is not None and self.length > positions:
            raise UsageError("windows are longer than the model's positions", found=self.length,
                             expected=f"at most {positions}")
        return self.length


def cut(
    passages: Sequence[Any], encode: Callable[[Any], Sequence[int]], bounds: Bounds, length: int,
    *, only_first: bool = False,
) -> list[Window]:
    """Windows of a text, one document after the other.

    Parameters
    ----------
    passages : sequence
        Documents.
    encode : callable
        Tokens of one.
    bounds : Bounds
    length : int
    only_first : bool
        Whether a document has one window, and the rest of it is left out: of an encoder.

    Raises
    ------
    CalibrationError
        If no window is left.
    """
    found: list[Window] = []
    held = 0
    for window in _all(passages, encode, length, only_first=only_first):
        if len(found) == bounds.windows or (bounds.tokens is not None and held >= bounds.tokens):
            break
        found.append(window)
        held += len(window.ids)
    if not found:
        raise CalibrationError("the text is too short to evaluate on",
                               expected=f"a passage of at least {SHORTEST} tokens")
    return found


def _all(
    passages: Sequence[Any], encode: Callable[[Any], Sequence[int]], length: int, *,
    only_first: bool,
) -> Iterator[Window]:
    for document, passage in enumerate(passages):
        ids = np.array(encode(passage), np.int64)
        for start in range(0, 1 if only_first else len(ids), length):
            part = ids[start : start + length]
            if len(part) >= SHORTEST:
                yield Window(document, part)
