"""Patterns with gaps at the door, and how selective a memory of them is, measured on them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuromorph.circuits.dense_memory.store import check_spins
from neuromorph.errors import TensorError, UsageError

WHERE = "multitasking memory"

RAISED = 0.5
"""Overlap at which a pattern that nobody asked for counts as raised."""


@dataclass(frozen=True)
class Selectivity:
    """What comes of queries: how much of what was asked, and of what was not.

    Attributes
    ----------
    asked : float
        Mean overlap with the patterns that were asked for, |xi.sigma| by places that are no gaps.
    least_asked : float
        The smallest of them.
    unasked : float
        Mean over queries of the largest overlap of either sign with any other pattern.
    most_unasked : float
        The largest of them.
    """

    asked: float
    least_asked: float
    unasked: float
    most_unasked: float

    def as_dict(self) -> dict[str, float]:
        """Plain values, for JSON."""
        return asdict(self)


def selectivity(patterns: NDArray[Any], asked: NDArray[Any], spins: NDArray[Any]) -> Selectivity:
    """How much of each pattern the spins hold.

    Parameters
    ----------
    patterns : array of -1, 0 and 1, shape (patterns, size)
    asked : int array, shape (queries, at once)
        Which patterns each query asked for.
    spins : array of -1, 0 and 1, shape (queries, size)
        Where each came to rest.
    """
    overlaps = spins @ patterns.T / np.abs(patterns).sum(axis=1)
    meant = np.take_along_axis(overlaps, asked, axis=1)
    rest = np.abs(overlaps)
    np.put_along_axis(rest, asked, 0, axis=1)
    others = rest.max(axis=1)
    return Selectivity(float(meant.mean()), float(meant.min()), float(others.mean()),
                       float(others.max()))


def alike(patterns: NDArray[Any]) -> int:
    """Patterns that are equal to an earlier one, or to one with all signs turned."""
    held = np.asarray(patterns)
    first = held[np.arange(len(held)), np.argmax(held != 0, axis=1)]
    return len(held) - len(np.unique(held * first[:, None], axis=0))


def warnings_of(patterns: NDArray[Any], found: Selectivity) -> tuple[str, ...]:
    """What is wrong with a memory, a sentence each."""
    said = []
    twice = alike(patterns)
    if twice:
        said.append(f"{twice} patterns are equal to an earlier one or its negative: no query tells "
                    "them apart")
    if found.most_unasked > RAISED:
        said.append(f"a pattern that nobody asked for was raised to an overlap of "
                    f"{found.most_unasked:.2f}: fewer patterns, more gaps, or a higher threshold")
    return tuple(said)


def check_patterns(name: str, values: ArrayLike) -> NDArray[np.int32]:
    """Rows of -1, 0 and 1, none of which is all 0.

    Raises
    ------
    TensorError
        If they are no such array.
    """
    held = check_spins(name, values, unknown=True, where=WHERE)
    empty = np.flatnonzero(~held.any(axis=1))
    if len(empty):
        raise TensorError(f"one of the {name} is all gaps", where=WHERE,
                          found=f"row {empty[0]}", expected="a -1 or 1 in each")
    return held


def check_whole(name: str, value: object, least: int) -> None:
    """Refuse what is no whole number of at least so much.

    Raises
    ------
    UsageError
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError("a multitasking memory has no such number", where=name,
                         found=repr(value), expected=f"a whole number of at least {least}")
