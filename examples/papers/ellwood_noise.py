"""What is random in a match score: errors of single coincidences, or of axons and branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BRANCHES, BRANCH = 6, 25
"""Branches, and axons on each: 250 spines of 1500, 10 an axon, in the published parameters."""


class Drawn(NamedTuple):
    """What a window brings to the synapses, which are numbered trial * axons + axon.

    Attributes
    ----------
    factor : float array, shape (trials * axons,)
        A of each synapse.
    synapse, size, time : array, shape (events,)
        What adds to a score by itself, and when (ms).
    """

    factor: Floats
    synapse: Ints
    size: Floats
    time: Floats


class Noise(Protocol):
    """g_a = A_a sum of K xi + events."""

    def of_coincidences(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """xi, of mean 1."""
        ...

    def of_synapses(
        self, rng: np.random.Generator, trials: int, axons: int, window: float
    ) -> Drawn:
        """A and the events of a window (ms)."""
        ...


@dataclass(frozen=True)
class Independent:
    """Each coincidence times LogNormal of mean 1; and coincidences out of nothing.

    Attributes
    ----------
    spread : float
        Standard deviation of ln xi.
    outliers : float
        Mean number an axon and second.
    size : float
        Mean size of one, exponential; in units of the threshold at 1 s.
    """

    spread: float = 0.43
    outliers: float = 0.02
    size: float = 0.2

    def of_coincidences(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        return _lognormal(rng, self.spread, shape)

    def of_synapses(
        self, rng: np.random.Generator, trials: int, axons: int, window: float
    ) -> Drawn:
        """At most one event a synapse."""
        chance = self.outliers * window / 1000
        synapse = np.flatnonzero(rng.random(trials * axons) < chance)
        return Drawn(np.ones(trials * axons), synapse, rng.exponential(self.size, len(synapse)),
                     rng.uniform(0.0, window, len(synapse)))


@dataclass(frozen=True)
class Branched:
    """Errors that an axon keeps and neighbours share, and events that strike a patch of a branch.

    ::

        ln xi ~ N(0, spread)     ln A ~ N(0, axon_spread),  corr(ln A, ln A') = shared e^(-d/reach)
        an event adds (base + Exp(size)) e^(-d/width)      d axons away, on its branch

    The defaults were measured on the published scores of axons that match nothing (2 x 100 trials
    x 150 axons, 1 s); no rate of an ROC curve had a say. What they do not hold: of 200 trials,
    scores exceed the expected by .5 in 113 axons (here 80) of 31 trials (36); next to such an axon
    28 to 38 % exceed it by .2 (here nearly all), of all axons 2.3 % (1.6). Events that strike a
    third of a branch and single axons hold all of that, and come no nearer to the paper's rates.

    Attributes
    ----------
    spread, axon_spread : float
        Standard deviations. The variance of ln(score / expected) is .066 for one coincidence and
        .040 for 2.8, their mean number. For five it is .020, where these give .036.
    shared, reach : float
        Ratios of neighbours correlate by .18, .13 and .09 at 1, 5 and 10 axons, and A has .44 of
        their variance on average. Reach in axons.
    rate : float
        Events a branch and second.
    base, size : float
        Height of an event, in units of the threshold at 1 s.
    width : float
        In axons.
    """

    spread: float = 0.19
    axon_spread: float = 0.17
    shared: float = 0.44
    reach: float = 13.0
    rate: float = 0.067
    base: float = 0.3
    size: float = 0.27
    width: float = 2.3

    def of_coincidences(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        return _lognormal(rng, self.spread, shape)

    def of_synapses(
        self, rng: np.random.Generator, trials: int, axons: int, window: float
    ) -> Drawn:
        """The first axon lies anywhere on the branches, the others follow it."""
        place = (rng.integers(0, BRANCHES * BRANCH, (trials, 1)) + np.arange(axons)) % (
            BRANCHES * BRANCH)
        factor = np.take_along_axis(self._factors(rng, trials), place, axis=1)
        trial, centre, time = self._strikes(rng, trials, window)
        height = self.base + rng.exponential(self.size, len(trial))
        away = np.abs(place[trial] - centre[:, None])
        same = place[trial] // BRANCH == centre[:, None] // BRANCH
        size = height[:, None] * np.exp(-away / self.width) * same
        event, axon = np.nonzero(size)
        return Drawn(factor.ravel(), trial[event] * axons + axon, size[event, axon], time[event])

    def _factors(self, rng: np.random.Generator, trials: int) -> Floats:
        """A by place, shape (trials, places); of mean 1."""
        away = np.abs(np.subtract.outer(np.arange(BRANCH), np.arange(BRANCH)))
        common = np.linalg.cholesky(np.exp(-away / self.reach))
        along, alone = rng.standard_normal((2, trials, BRANCHES, BRANCH))
        mixed = np.sqrt(self.shared) * along @ common.T + np.sqrt(1 - self.shared) * alone
        logs = self.axon_spread * mixed.reshape(trials, -1)
        factors: Floats = np.exp(logs - self.axon_spread**2 / 2)
        return factors

    def _strikes(
        self, rng: np.random.Generator, trials: int, window: float
    ) -> tuple[Ints, Ints, Floats]:
        """Trial, place and time of each event."""
        number = rng.poisson(BRANCHES * self.rate * window / 1000, trials)
        trial = np.repeat(np.arange(trials), number)
        return (trial, rng.integers(0, BRANCHES * BRANCH, len(trial)),
                rng.uniform(0.0, window, len(trial)))


def _lognormal(rng: np.random.Generator, spread: float, shape: tuple[int, ...]) -> Floats:
    """LogNormal of mean 1; all 1, and nothing drawn, without a spread."""
    if not spread:
        return np.ones(shape)
    return rng.lognormal(-(spread**2) / 2, spread, shape)


CALIBRATED = Independent()
"""Chosen against the ROC numbers."""

MEASURED = Branched()
"""From axons that match nothing."""

DIGITAL = Independent(0.0, 0.0, 0.0)
