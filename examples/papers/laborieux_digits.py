"""Digits learned at equilibrium: by the adjoint, by two nudges, and with homeostasis."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from neuromorph.models.digits import load_split
from neuromorph.papers.equilibrium import (
    Weights,
    activation,
    contrast,
    draw,
    gradients,
    homeostatic,
    recurrent_backprop,
    relax,
)

SIZES = (64, 32, 32, 10)
SCALE = 0.7
PIXEL_MAX = 16
IMAGES, BATCH, EPOCHS, RATE = 800, 50, 12, 0.002
NUDGE, PHASES, DRAWS = 0.2, 2, 5
FREE_STEPS = 60

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Way:
    """How a network learns.

    Attributes
    ----------
    angle : float
        Radians between weights forward and back at first.
    adjoint : bool
        By recurrent backprop, not by nudges.
    homeostasis : float
        Of the gradient that aligns the weights.
    """

    angle: float
    adjoint: bool = False
    homeostasis: float = 0.0


WAYS = {
    "symmetric, backprop": Way(0.0, adjoint=True),
    "symmetric, nudges": Way(0.0),
    "unrelated, backprop": Way(pi / 2, adjoint=True),
    "unrelated, nudges": Way(pi / 2),
    "unrelated, homeostasis .1": Way(pi / 2, homeostasis=0.1),
    "unrelated, homeostasis 1": Way(pi / 2, homeostasis=1.0),
}


@dataclass(frozen=True)
class Learned:
    """What became of a network.

    Attributes
    ----------
    accuracy : float
        On images it did not learn.
    alignment : float
        Cosine of weights forward and back.
    residual : float
        Largest |F(u) - u| that a free phase ended with.
    """

    accuracy: float
    alignment: float
    residual: float


def learn(way: Way, seed: int) -> Learned:
    """Twelve passes over 800 digits, by Adam."""
    rng = np.random.default_rng(seed)
    split = load_split()
    chosen = rng.permutation(len(split.train.images))[:IMAGES]
    images = split.train.images[chosen].reshape(IMAGES, -1) / PIXEL_MAX
    targets = np.eye(SIZES[-1])[split.train.labels[chosen]]
    weights = draw(SIZES, way.angle, SCALE, rng)
    adam, residual = Adam(weights), 0.0
    for _ in range(EPOCHS):
        for batch in np.split(rng.permutation(IMAGES), IMAGES // BATCH):
            found, left = _gradients(way, weights, images[batch], targets[batch], rng)
            residual = max(residual, left)
            adam.step(weights, found)
    return Learned(_accuracy(weights), _alignment(weights), residual)


def _gradients(
    way: Way, weights: Weights, images: Floats, targets: Floats, rng: np.random.Generator
) -> tuple[Weights, float]:
    free = relax(weights, images, steps=FREE_STEPS)
    deltas = (recurrent_backprop(weights, targets, free, FREE_STEPS) if way.adjoint else
              contrast(weights, images, targets, free, nudge=NUDGE, phases=PHASES))
    found = gradients(images, targets, weights, free, deltas)
    if way.homeostasis:
        units = len(weights.first_bias) + len(weights.second_bias)
        forward, back = homeostatic(weights, DRAWS, rng)
        found.forward = found.forward + 2 * way.homeostasis / units * forward
        found.back = found.back + 2 * way.homeostasis / units * back
    return found, free.residual


def _accuracy(weights: Weights) -> float:
    split = load_split()
    images = split.test.images.reshape(len(split.test.images), -1) / PIXEL_MAX
    scores = activation(relax(weights, images, steps=FREE_STEPS).second) @ weights.readout
    return float((scores.argmax(axis=1) == split.test.labels).mean())


def _alignment(weights: Weights) -> float:
    forward, back = weights.forward.ravel(), weights.back.T.ravel()
    return float(forward @ back / np.linalg.norm(forward) / np.linalg.norm(back))


class Adam:
    """w <- w - rate m / (sqrt(v) + 1e-8), by running means m of the gradient, v of its square."""

    def __init__(self, weights: Weights) -> None:
        self._means = {name: (np.zeros_like(array), np.zeros_like(array))
                       for name, array in weights.named()}
        self._steps = 0

    def step(self, weights: Weights, found: Weights) -> None:
        """Move every array of the weights, in place."""
        self._steps += 1
        for (name, array), (_, slope) in zip(weights.named(), found.named(), strict=True):
            first, second = self._means[name]
            first += 0.1 * (slope - first)
            second += 0.001 * (slope**2 - second)
            scale = np.sqrt(second / (1 - 0.999**self._steps)) + 1e-8
            np.subtract(array, RATE * first / (1 - 0.9**self._steps) / scale, out=array)
