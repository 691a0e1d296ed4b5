"""A cue, then sweeps of all spins: the clock of every memory that settles in this way."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuromorph.network import Phase


class Swept(Protocol):
    """The numbers of such a memory."""

    @property
    def size(self) -> int:
        """Spins."""

    @property
    def period(self) -> int:
        """Steps from a cue to the next."""

    @property
    def go_steps(self) -> tuple[int, ...]:
        """When a memory is told to answer."""


def cue_and_go(
    numbers: Swept, cues: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cues, one a period, and when to answer, shapes (steps, size) and (steps, 1).

    Parameters
    ----------
    numbers : Swept
    cues : array of -1, 0 and 1, shape (cues, size)
    """
    steps = len(cues) * numbers.period + 1
    cue, go = np.zeros((steps, numbers.size), np.int64), np.zeros((steps, 1), np.int64)
    begins = numbers.period * np.arange(len(cues))
    cue[begins] = cues
    go[begins[:, None] + np.array(numbers.go_steps)] = 1
    return cue, go


def sweep_phases(sweeps: int) -> tuple[Phase, ...]:
    """The cue's phase, and one of two steps for each sweep."""
    return tuple(Phase(f"sweep {n}" if n else "cue", max(0, 2 * n - 1), 2 * n + 1)
                 for n in range(sweeps + 1))
