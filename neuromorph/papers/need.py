"""Learning rates that regulate themselves: the published rule, its control, and an error trace.

::

    LRH, once a minibatch, with one of its samples (gradient G, guess c, label y):
        dir(c) = +s if c >= 5 else -s
        leave = accuracy(W - rate/m G),  take = accuracy(W - max(rate + dir(c), 1e-8)/m G)
        if take > leave: rate <- max(rate + dir(y), 1e-8)           the true label moves it
    LRR:  with probability 1/2, rate <- max(rate + dir(y), 1e-8)
    error trace (ours):  E <- .9 E + .1 (batch error),  rate = rate_0 (1 + 29 E^2)

Source: Man, Damasio and Neven 2022 (arXiv 2205.08645), facts of their code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LEAST = 1e-8
"""No rate falls below it."""

FOOD = 5
"""Labels from here on raise the rate."""

KEEP, GAIN = 0.9, 29.0
"""Of the error trace: what stays of it a batch, and how far it raises the rate."""


def moved(rate: float, label: int, step: float) -> float:
    """max(rate + dir(label), 1e-8)."""
    return max(rate + (step if label >= FOOD else -step), LEAST)


def homeostatic(
    rate: float, guess: int, label: int, step: float, accuracy: Callable[[float], float]
) -> float:
    """LRH: the rate after a batch.

    Parameters
    ----------
    rate, step : float
    guess, label : int
        Of the sample that is looked at.
    accuracy : callable
        Of the last samples, after a step of that sample's gradient at a rate.
    """
    if accuracy(moved(rate, guess, step)) > accuracy(rate):
        return moved(rate, label, step)
    return rate


def random_walk(rate: float, label: int, step: float, draw: float) -> float:
    """LRR: the same move for a draw below 1/2, whatever it would do."""
    return moved(rate, label, step) if draw < 0.5 else rate


@dataclass
class ErrorTrace:
    """Our regulator: a leaky trace of errors, which raises the rate.

    Attributes
    ----------
    base : float
        Rate without errors.
    trace : float
        0 to 1.
    """

    base: float
    trace: float = 0.0

    def after(self, error: float) -> float:
        """The rate after a batch with that share of errors."""
        self.trace = KEEP * self.trace + (1 - KEEP) * error
        return max(self.base * (1 + GAIN * self.trace**2), LEAST)
