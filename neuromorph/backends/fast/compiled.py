"""Compile with Numba, and keep what was compiled where there is a place to keep it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """``numba.njit`` with a cache on disk; without one where no folder can be written."""
    if function is None:
        return lambda late: compiled(late, **options)
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # numba found nowhere to keep its cache
        return njit(**options)(function)
