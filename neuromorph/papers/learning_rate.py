"""Learning rates that regulate themselves: by simulated need, at random, and by the error itself.

::

    need(c) = s if c >= 5 else -s                               s: step; c: a class
    homeostatic:  rate <- max(rate + need(label), 1e-8)    if the step that need(guess) asks for
                                                           would be the better one, else unchanged
    random:       rate <- max(rate + need(label), 1e-8)    every other time, by chance
    error trace:  E <- .9 E + .1 error,    rate = least (1 + 29 E^2)

The first two are the published rule and its control (Man, Damasio, Neven 2022, arXiv 2205.08645:
"Need is all you need"); the third is ours, and needs neither simulation nor labels that feed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError
from neuromorph.shown import Shown

Floats = NDArray[np.float64]

LEAST_RATE = 1e-8
FED_FROM = 5
"""Classes from this on raise the rate of whoever meets them."""

KEPT, GAIN = 0.9, 29.0
"""Of the error's trace in a step; rates at full error lie 1 + GAIN above the least."""


def need(label: int, step: float) -> float:
    """What meeting a class does to the rate: up by the step, or down."""
    return step if label >= FED_FROM else -step


def moved(rate: float, by: float) -> float:
    """max(rate + by, 1e-8)."""
    return max(rate + by, LEAST_RATE)


def homeostatic(
    rate: float, *, label: int, step: float, leave: float, take: float
) -> float:
    """The published rule, after both steps were tried.

    Parameters
    ----------
    rate : float
    label : int
        The true class, by which the rate moves even where the guess was wrong.
    step : float
    leave, take : float
        Accuracy after a step at the rate as it is, and as `need` of the guess would have it.
    """
    return moved(rate, need(label, step)) if take > leave else rate


@dataclass
class ErrorTrace:
    """A rate that rises with the square of the error's running mean.

    Attributes
    ----------
    least : float
        The rate without errors.
    trace : float
        E, 0 to 1.
    """

    least: float
    trace: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.least) and self.least > 0):
            raise UsageError("a learning rate must be above 0", where="least",
                             found=repr(self.least))

    def see(self, error: float) -> float:
        """The rate after a batch with this share of wrong guesses."""
        self.trace = KEPT * self.trace + (1 - KEPT) * error
        return self.least * (1 + GAIN * self.trace**2)


# --- the network that learns: two hidden layers of exponential linear units


@dataclass(eq=False, repr=False)
class Net(Shown):
    """Dense layers with biases, softmax at the end.

    Attributes
    ----------
    weights : list of float array, shape (inputs, outputs)
    biases : list of float array, shape (outputs,)
    """

    weights: list[Floats]
    biases: list[Floats]

    @classmethod
    def new(cls, sizes: tuple[int, ...], rng: np.random.Generator) -> Net:
        """Weights of variance 2 / inputs; biases of variance 1, as published."""
        pairs = list(pairwise(sizes))
        return cls([rng.standard_normal(pair) * np.sqrt(2 / pair[0]) for pair in pairs],
                   [rng.standard_normal(pair[1]) for pair in pairs])

    def scores(self, images: Floats) -> list[Floats]:
        """Activities layer by layer, the input first, logits last."""
        layers = [images]
        for number, (weights, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            drive = layers[-1] @ weights + bias
            last = number == len(self.weights) - 1
            layers.append(drive if last else np.where(drive > 0, drive, np.expm1(
                np.minimum(drive, 0))))
        return layers

    def gradients(self, layers: list[Floats], labels: NDArray[Any]) -> Net:
        """Sums of the cross-entropy's gradients over a batch whose `scores` are given."""
        raised = np.exp(layers[-1] - layers[-1].max(axis=1, keepdims=True))
        back = raised / raised.sum(axis=1, keepdims=True)
        back[np.arange(len(labels)), labels] -= 1
        weights: list[Floats] = []
        biases: list[Floats] = []
        for number in reversed(range(len(self.weights))):
            weights.insert(0, layers[number].T @ back)
            biases.insert(0, back.sum(axis=0))
            if number:
                back = (back @ self.weights[number].T) * np.minimum(layers[number] + 1, 1)
        return Net(weights, biases)

    def step(self, slopes: Net, rate: float) -> None:
        """w <- w - rate slope, in place."""
        for mine, slope in zip(self.weights + self.biases, slopes.weights + slopes.biases,
                               strict=True):
            np.subtract(mine, rate * slope, out=mine)

    def stepped(self, slopes: Net, rate: float) -> Net:
        """Another that has made the step."""
        other = Net([w.copy() for w in self.weights], [b.copy() for b in self.biases])
        other.step(slopes, rate)
        return other
