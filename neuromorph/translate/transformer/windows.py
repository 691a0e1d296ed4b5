"""Passages of text, joined so that calibration hears tokens that have many before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.shapes import Num

WINDOW = 512
"""Tokens of a window."""

MOST = 5 * WINDOW
"""Tokens of all windows together: the last one is compared on, and more text changes little."""


def windows_of(
    passages: Iterable[Annotated[Num, "_ ..."]], length: int = WINDOW, most: int = MOST
) -> tuple[list[Annotated[Num, "_ ..."]], int]:
    """Windows, each of whole passages from its beginning on; and how many passages are in them.

    A passage that reaches over a window's end is cut there, and goes on nowhere: each window
    begins as a text does.

    Parameters
    ----------
    passages : iterable of int array, shape (tokens,)
    length : int
        Tokens of a window; a longer first passage is left whole.
    most : int
        Tokens of all windows; at least one is made.
    """
    found: list[NDArray[Any]] = []
    used = 0
    for window, count in _full(passages, length):
        if found and len(window) + sum(map(len, found)) > most:
            break
        found.append(window)
        used += count
    return found, used


def _full(
    passages: Iterable[NDArray[Any]], length: int
) -> Iterator[tuple[NDArray[Any], int]]:
    """Windows and their passages; the last window may be shorter."""
    some: list[NDArray[Any]] = []
    for passage in passages:
        some.append(passage)
        if sum(map(len, some)) >= length:
            yield np.concatenate(some)[: max(length, len(some[0]))], len(some)
            some = []
    if some:
        yield np.concatenate(some), len(some)
