"""The match window of many trials at once: its coincidences, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from examples.papers.ellwood_noise import CALIBRATED, Floats, Ints, Noise
from neuromorph.dynamics.coincidence import ELLWOOD_KERNEL, FORGETTING
from neuromorph.papers.trains import matched_train, renewal_trains

TABLE = Path(__file__).parent / "data" / "ellwood_kernel_refit.csv"
REACH = 100.0
"""Lags (ms) beyond this are left out: there the kernel has fallen below 1e-4 of its peak."""

CHUNK = 100
"""Trials whose pairs of spikes are in memory at once."""

Kernel = Callable[[NDArray[Any]], NDArray[np.float64]]


@cache
def tabulated_kernel() -> tuple[Floats, Floats]:
    """Lags (ms) and K, refitted to the published model's responses in 200 trials."""
    lags, values = np.loadtxt(TABLE, delimiter=",", skiprows=2, unpack=True)
    return lags, values


def interpolated(lag: NDArray[Any]) -> Floats:
    """K by straight lines between the table's rows, 0 outside."""
    lags, values = tabulated_kernel()
    return np.interp(lag, lags, values, left=0.0, right=0.0)


@dataclass(frozen=True)
class Setup:
    """One experiment.

    Attributes
    ----------
    window : float
        Match window, ms.
    noise : Noise
    kernel : callable
        K of an array of lags (ms).
    jitter : float
        Of the matched axons' spikes, ms.
    axons, matches : int
        The first ``matches`` axons carry the query's own train.
    """

    window: float
    noise: Noise = CALIBRATED
    kernel: Kernel = ELLWOOD_KERNEL
    jitter: float = 0.0
    axons: int = 150
    matches: int = 1


@dataclass(frozen=True, eq=False)
class Matching:
    """What the match windows of some trials left: a list of coincidences.

    Attributes
    ----------
    setup : Setup
    counts : int array, shape (trials,)
        Spikes of each trial's query.
    synapse : int array, shape (coincidences,)
        trial * axons + axon.
    weight, time : float array, shape (coincidences,)
        What each added to the score, and when (ms from the window's begin).
    factor : float array, shape (trials * axons,)
        What the noise multiplies each synapse's coincidences with, later ones too.
    """

    setup: Setup
    counts: Ints
    synapse: Ints
    weight: Floats
    time: Floats
    factor: Floats

    @property
    def scores(self) -> Floats:
        """Match scores at the end of the window, shape (trials, axons)."""
        kept = self.weight * np.exp(-(self.setup.window - self.time) / FORGETTING)
        size = len(self.counts) * self.setup.axons
        total = np.bincount(self.synapse, kept, size).astype(np.float64)
        return total.reshape(-1, self.setup.axons)

    @property
    def matched(self) -> Floats:
        """Scores of the first matched axon, shape (trials,)."""
        return self.scores[:, 0]

    @property
    def best_other(self) -> Floats:
        """The largest score among axons that do not match, shape (trials,)."""
        best: Floats = self.scores[:, self.setup.matches :].max(axis=1)
        return best


def match(setup: Setup, trials: int, rng: np.random.Generator) -> Matching:
    """Draw trains for so many trials and find their coincidences."""
    parts = [_chunk(setup, first, min(CHUNK, trials - first), rng)
             for first in range(0, trials, CHUNK)]
    columns = ("counts", "synapse", "weight", "time", "factor")
    return Matching(setup, *(np.concatenate([getattr(part, name) for part in parts])
                             for name in columns))


def _chunk(setup: Setup, first: int, size: int, rng: np.random.Generator) -> Matching:
    """Some trials; ``first`` is the number of the first."""
    post = renewal_trains(rng, (size,), setup.window)
    pre = _keys(setup, post, rng)
    synapse, lag, time = coincidences(pre, post)
    error = setup.noise.of_coincidences(rng, synapse.shape)
    drawn = setup.noise.of_synapses(rng, size, setup.axons, setup.window)
    return Matching(
        setup, np.isfinite(post).sum(axis=1),
        np.concatenate([synapse, drawn.synapse]) + first * setup.axons,
        np.concatenate([setup.kernel(lag) * drawn.factor[synapse] * error, drawn.size]),
        np.concatenate([time, drawn.time]), drawn.factor)


def _keys(setup: Setup, post: Floats, rng: np.random.Generator) -> Floats:
    """Trains of all axons, (trials, axons, spikes).

    A spine's delay moves the axon's train and the somatic spike alike: it is left out of both.
    """
    others = renewal_trains(rng, (len(post), setup.axons - setup.matches), setup.window)
    own = np.stack([matched_train(post, jitter=setup.jitter, rng=rng)
                    for _ in range(setup.matches)], axis=1)
    longest = max(own.shape[-1], others.shape[-1])
    return np.concatenate([_padded(own, longest), _padded(others, longest)], axis=1)


def _padded(times: Floats, length: int) -> Floats:
    missing = length - times.shape[-1]
    return np.pad(times, [(0, 0)] * (times.ndim - 1) + [(0, missing)], constant_values=np.nan)


def coincidences(pre: Floats, post: Floats) -> tuple[Ints, Floats, Floats]:
    """Synapse, lag and time of every pair of spikes that is near enough to count.

    Parameters
    ----------
    pre : float array, shape (trials, axons, spikes)
    post : float array, shape (trials, spikes)
    """
    lags = post[:, None, None, :] - pre[..., None]
    trial, axon, before, after = np.nonzero((lags > 0) & (lags < REACH))
    return (trial * pre.shape[1] + axon, lags[trial, axon, before, after], post[trial, after])
