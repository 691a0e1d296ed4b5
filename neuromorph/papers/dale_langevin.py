"""Dale's law and geometric Brownian motion: learning and sampling that multiply.

::

    EGD:      w <- w exp(-rate sign(w) dL/dw)                  the sign of w never changes
    forward:  dX = mu X dt + sigma X dW,   ln X_t | X_0 ~ N(ln X_0 + (mu - sigma^2/2) t, sigma^2 t)
    score:    H(x) = x d/dx ln p_t(x);     of ln X it is 1 + H
    DLS:      x <- x exp(d (-mu + 3 sigma^2/2 + sigma^2 H) + sigma sqrt(d) z)
    UMS:      x <- x (1 + d (-mu + 2 sigma^2 + sigma^2 H) + sigma sqrt(d) z)

Floats and a reference: nothing here is for a chip, whose weights are linear; there `log8` weights
are rebuilt by a host (`neuromorph.network.consolidate`). Source: Shetty, Prasath and Seelamantula,
arXiv 2510.02730 (v2, 2026); by Ito's formula the drift of ln X agrees in both samplers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError
from neuromorph.numerics.log8 import OCTAVE, LogWeights

Floats = NDArray[np.float64]


def egd_step(weights: NDArray[Any], slope: NDArray[Any], rate: float) -> Floats:
    """w exp(-rate sign(w) dL/dw), elementwise: 0 stays 0, and no sign flips.

    Parameters
    ----------
    weights, slope : float array, of one shape
    rate : float
    """
    found: Floats = weights * np.exp(-rate * np.sign(weights) * slope)
    return found


def egd_log8_step(
    weights: LogWeights, slope: NDArray[Any], rate: float, rng: np.random.Generator
) -> LogWeights:
    """The same on 8-bit logarithms, where it adds; codes round at random, with the right mean.

    ::

        code <- code - 16 rate sign(w) dL/dw / ln 2
    """
    change = -OCTAVE * rate / math.log(2) * weights.signs * slope
    return weights.learned(np.floor(change + rng.random(change.shape)))


@dataclass(frozen=True)
class GeometricMotion:
    """dX = mu X dt + sigma X dW.

    Attributes
    ----------
    mu : float
    sigma : float
        Above 0.

    Raises
    ------
    UsageError
    """

    mu: float = 0.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mu) and math.isfinite(self.sigma) and self.sigma > 0):
            raise UsageError("no such geometric motion", where="mu, sigma",
                             found=f"{self.mu}, {self.sigma}", expected="finite, sigma above 0")

    def drift(self, time: float) -> float:
        """(mu - sigma^2 / 2) t: how far the mean of ln X has gone."""
        return (self.mu - self.sigma**2 / 2) * time

    def diffused(self, start: NDArray[Any], time: float, noise: NDArray[Any]) -> Floats:
        """X_t from X_0, both above 0, by standard normal noise."""
        found: Floats = start * np.exp(self.drift(time) + self.sigma * math.sqrt(time) * noise)
        return found

    def m_dsm_target(self, now: NDArray[Any], start: NDArray[Any], time: float) -> Floats:
        """H(x_t | x_0) = -1 - (ln x_t - ln x_0 - drift) / (sigma^2 t): regress on it to learn H."""
        found: Floats = -1 - (np.log(now) - np.log(start) - self.drift(time)) / (
            self.sigma**2 * time)
        return found

    def score_of(self, log_start: NDArray[Any], now: NDArray[Any], time: float) -> Floats:
        """H from a denoiser's E[ln X_0 | X_t]: 1 + H = (E + drift - ln x) / (sigma^2 t)."""
        found: Floats = (log_start + self.drift(time) - np.log(now)) / (self.sigma**2 * time) - 1
        return found

    def lognormal_score(
        self, now: NDArray[Any], mean: float, spread: float, time: float
    ) -> Floats:
        """-1 - (ln x - mean - drift) / (spread^2 + sigma^2 t), where ln X_0 ~ N(mean, spread^2)."""
        found: Floats = -1 - (np.log(now) - mean - self.drift(time)) / (
            spread**2 + self.sigma**2 * time)
        return found

    def dls_step(
        self, now: NDArray[Any], score: NDArray[Any], step: float, noise: NDArray[Any]
    ) -> Floats:
        """One reverse step in log space, which keeps all signs."""
        back = step * (-self.mu + 1.5 * self.sigma**2 + self.sigma**2 * score)
        found: Floats = now * np.exp(back + self.sigma * math.sqrt(step) * noise)
        return found

    def ums_step(
        self, now: NDArray[Any], score: NDArray[Any], step: float, noise: NDArray[Any]
    ) -> Floats:
        """One reverse step of Euler's in ambient space: a factor may be negative."""
        back = step * (-self.mu + 2 * self.sigma**2 + self.sigma**2 * score)
        factor: Floats = np.asarray(1 + back + self.sigma * math.sqrt(step) * noise)
        found: Floats = factor * now
        return found
