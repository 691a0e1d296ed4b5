"""Spike trains as random variables: renewal with a dead time, as times or as steps of 0 and 1.

Times are in ms. Source of the constants: Ellwood 2024, PLoS Comput Biol 20(1): e1011843.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError

RATE = 6.0
"""Mean rate, Hz."""

DEAD_TIME = 50.0
"""Shortest interval between two spikes of a train, ms."""

MATCH_OFFSET = 7.0
"""A matched axon's spikes reach the synapse so much before the soma's, ms."""

SPINE_DELAY = (1.56, 4.75)
"""Shortest and longest time that a somatic spike travels back to a spine, ms."""


def renewal_trains(
    rng: np.random.Generator, shape: tuple[int, ...], window: float, *, rate: float = RATE,
    dead_time: float = DEAD_TIME,
) -> NDArray[np.float64]:
    """t_1 = E_1, t_n = t_(n-1) + dead_time + E_n with E ~ Exp(1 / rate - dead_time).

    The window opens outside of any dead time, as in the paper.

    Parameters
    ----------
    rng : numpy Generator
    shape : tuple of int
        Number of trains; any shape.
    window : float
        Spikes lie between 0 and this, ms.
    rate : float
        Mean rate in the long run, Hz.
    dead_time : float
        ms.

    Returns
    -------
    float64 array, shape (*shape, most spikes of a train)
        Rising times; NaN where a train has ended.

    Raises
    ------
    UsageError
        If the window is not positive, or the rate not below one spike a dead time.
    """
    _check(window, rate, dead_time)
    wait = 1000.0 / rate - dead_time
    most = math.ceil(window * rate / 1000 + 1)
    times = _waits(rng, shape, most, wait, dead_time)
    while times.size and times[..., -1].min() <= window:
        times = np.concatenate([times, times[..., -1:] + dead_time
                                + _waits(rng, shape, most, wait, dead_time)], axis=-1)
    times[times > window] = np.nan
    longest = int(np.isfinite(times).sum(axis=-1).max(initial=0))
    return times[..., :longest]


def matched_train(
    post: NDArray[Any], *, spine_delay: NDArray[Any] | float = 0.0, jitter: float = 0.0,
    rng: np.random.Generator | None = None,
) -> NDArray[np.float64]:
    """t_pre = t_post - 7 ms + spine_delay + Normal(0, jitter).

    The somatic spike needs ``spine_delay`` to the synapse, so both meet there 7 ms apart.
    Early spikes may lie before 0.

    Parameters
    ----------
    post : array, shape (..., spikes)
        The soma's spike times, ms.
    spine_delay : float or array that broadcasts with ``post``
        ms; 0 counts the somatic spike where it meets the synapse.
    jitter : float
        Standard deviation, ms; needs ``rng``.

    Raises
    ------
    UsageError
        If the jitter is negative, or there is nothing to draw it from.
    """
    if jitter < 0 or (jitter and rng is None):
        raise UsageError("jitter needs a generator and must not be negative", found=jitter)
    shaken = rng.normal(0.0, jitter, np.shape(post)) if rng is not None and jitter else 0.0
    times: NDArray[np.float64] = post - MATCH_OFFSET + spine_delay + shaken
    return times


def to_steps(
    times: NDArray[Any], steps: int, *, step: float = 1.0, start: float = 0.0
) -> NDArray[np.uint8]:
    """s[n, a] = 1 where train a has a spike in start + [n, n + 1) step.

    Parameters
    ----------
    times : array, shape (axons, spikes)
        ms; NaN for no spike.
    steps : int
        Length of the result.
    step, start : float
        Length of a step and begin of the first, ms.

    Returns
    -------
    uint8 array, shape (steps, axons)

    Raises
    ------
    UsageError
        If a spike lies outside, or two spikes of an axon in one step.
    """
    axon, _ = np.nonzero(np.isfinite(times))
    index = np.floor((times[np.isfinite(times)] - start) / step).astype(np.int64)
    if index.size and (index.min() < 0 or index.max() >= steps):
        raise UsageError("a spike lies outside of the steps",
                         found=f"steps {index.min()} to {index.max()}",
                         expected=f"0 to {steps - 1}")
    counts = np.zeros((steps, len(times)), np.int64)
    np.add.at(counts, (index, axon), 1)
    if counts.max(initial=0) > 1:
        raise UsageError("two spikes of an axon fall into one step", found=f"step of {step} ms",
                         hint="choose shorter steps, or less jitter")
    return counts.astype(np.uint8)


def _check(window: float, rate: float, dead_time: float) -> None:
    if not 0 < window < math.inf:
        raise UsageError("the window must be positive", found=window)
    if not (dead_time >= 0 and rate > 0 and rate * dead_time < 1000):
        raise UsageError("there is no such train", found=f"{rate} Hz, {dead_time} ms dead time",
                         expected="a positive rate below one spike a dead time")


def _waits(
    rng: np.random.Generator, shape: tuple[int, ...], count: int, wait: float, dead_time: float
) -> NDArray[np.float64]:
    """Spike times from an end of a dead time on, (*shape, count)."""
    gaps = rng.exponential(wait, (*shape, count))
    gaps[..., 1:] += dead_time
    return gaps.cumsum(axis=-1)
