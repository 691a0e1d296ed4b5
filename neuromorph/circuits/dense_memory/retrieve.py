"""Cues in, spins out: what a host sends, how it reads, and the closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.dense_memory.build import DenseMemory
from neuromorph.circuits.dense_memory.store import fields
from neuromorph.circuits.dense_memory.sweeps import cue_and_go

Spins = NDArray[np.int64]


def trains(numbers: DenseMemory, cues: NDArray[Any]) -> tuple[dict[str, Spins], int]:
    """What the sources say for one cue after the other, and how many steps that takes.

    Parameters
    ----------
    numbers : DenseMemory
    cues : array of -1, 0 and 1, shape (cues, size)
    """
    cue, go = cue_and_go(numbers, cues)
    return {"cue": cue, "go": go}, len(cue)


def recalled(numbers: DenseMemory, spins: NDArray[Any], count: int) -> Spins:
    """A recording of ``spin``, as the cue and the spins after each sweep.

    Returns
    -------
    int64 array, shape (cues, sweeps + 1, size)
    """
    at = np.arange(count)[:, None] * numbers.period + np.array(numbers.go_steps) + 1
    said: Spins = spins[at].astype(np.int64)
    return said


def settled(patterns: NDArray[Any], cues: NDArray[Any], sweeps: int) -> Spins:
    """sigma <- sign(sum_mu xi_mu ((xi_mu . sigma)^2 >> shift)), as often: what the circuit says.

    Returns
    -------
    int64 array, shape (cues, sweeps + 1, size)
        The cues first; 0 where a field is 0.
    """
    shift = DenseMemory(patterns.shape[1], len(patterns), sweeps).shift
    path = [np.asarray(cues, np.int64)]
    for _ in range(sweeps):
        path.append(np.sign(fields(patterns, path[-1], shift)))
    return np.stack(path, axis=1)
