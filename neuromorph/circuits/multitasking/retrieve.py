"""Cues in, spins out: what a host sends, how it reads, and the closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.dense_memory.sweeps import cue_and_go
from neuromorph.circuits.multitasking.build import Multitasking

Spins = NDArray[np.int64]


def trains(numbers: Multitasking, cues: NDArray[Any]) -> tuple[dict[str, Spins], int]:
    """What the sources say for one cue after the other, and how many steps that takes.

    Parameters
    ----------
    numbers : Multitasking
    cues : array of -1, 0 and 1, shape (cues, size)
    """
    cue, go = cue_and_go(numbers, cues)
    return {"cue_on": (cue > 0).astype(np.int64), "cue_off": (cue < 0).astype(np.int64),
            "go": go}, len(cue)


def retrieved(
    numbers: Multitasking, plus: NDArray[Any], minus: NDArray[Any], count: int
) -> Spins:
    """Recordings of ``plus`` and ``minus``, as the cue and the spins after each sweep.

    Returns
    -------
    int64 array of -1, 0 and 1, shape (cues, sweeps + 1, size)
    """
    own = np.array((*numbers.go_steps, numbers.period))
    at = np.arange(count)[:, None] * numbers.period + own
    said: Spins = plus[at].astype(np.int64) - minus[at].astype(np.int64)
    return said


def at_rest(
    patterns: NDArray[Any], cues: NDArray[Any], threshold: int, sweeps: int
) -> Spins:
    """sigma <- sign(h) where |h| > threshold, else 0, h = xi^T xi sigma: what the circuit says.

    Returns
    -------
    int64 array of -1, 0 and 1, shape (cues, sweeps + 1, size)
        The cues first.
    """
    held = np.asarray(patterns, np.float64)  # exact: sums stay below 2^53
    path = [np.asarray(cues, np.int64)]
    for _ in range(sweeps):
        field = path[-1] @ held.T @ held
        path.append((np.sign(field) * (np.abs(field) > threshold)).astype(np.int64))
    return np.stack(path, axis=1)


def together(
    patterns: NDArray[Any], asked: NDArray[Any], known: float, rng: np.random.Generator
) -> Spins:
    """Cues that ask for several patterns at once: where their parts differ a cue says nothing.

    Parameters
    ----------
    patterns : array of -1, 0 and 1, shape (patterns, size)
    asked : int array, shape (cues, at once)
    known : float
        Share of each pattern's places that are shown.
    rng : numpy.random.Generator
        Which places.

    Returns
    -------
    int64 array of -1, 0 and 1, shape (cues, size)
    """
    parts = np.asarray(patterns)[asked]
    shown = np.where(rng.random(parts.shape) < known, parts, 0)
    cues: Spins = np.sign(shown.sum(axis=1)).astype(np.int64)
    return cues
