"""How long work tells what it is doing: a callback, so that nobody has to look."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str], None]
"""Called with the name of what begins now."""


def silent(_: str) -> None:
    """No progress."""
