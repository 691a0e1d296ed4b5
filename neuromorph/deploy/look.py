"""A search for a better program, as a command asks for it and a report tells of it."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from neuromorph.compile import Compiled
from neuromorph.compile.search import Found, search
from neuromorph.errors import UsageError
from neuromorph.progress import Progress

LONGEST = 7 * 24 * 3600.0
"""Seconds of a search at most: a week."""


def check_seconds(seconds: float) -> float:
    """How long to search.

    Raises
    ------
    UsageError
        If it is no number of seconds from 0 to a week.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not (
            math.isfinite(seconds) and 0 <= seconds <= LONGEST):
        raise UsageError("no time to search for", where="search", found=seconds,
                         expected=f"seconds, from 0 to {LONGEST:g}")
    return float(seconds)


def look(compiled: Compiled, seconds: float, seed: int, progress: Progress) -> Found:
    """Search for a better program."""
    progress("searching for a better program")
    return search(compiled, seconds, seed=seed,
                  told=lambda what: progress(f"searching for a better program, {what}"))


def search_values(found: Found | None, seed: int) -> dict[str, Any]:
    """What it came to, as plain values; nothing without a search."""
    if found is None:
        return {}
    return {"search": {"tries": found.tries, "ended": found.ended, "seed": seed,
                       "before": asdict(found.before), "after": asdict(found.after)}}
