"""Digits sampled by denoisers, in log space by multiplying and in pixel space by adding.

One net, schedule and training for both: a denoiser of four layers, asked for E[start | now, time].
Distances are of Frechet's kind in 32 features of a small classifier, which is drawn anew in each
run: figures of one run can be compared with each other only, and bounds are in distances of the
test images. The first time, the rate and the even grid were chosen on seed 10.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvals
from scipy.special import softmax, xlogy

from neuromorph.models.digits import load_split
from neuromorph.papers.dale_langevin import GeometricMotion

PIXELS, CLASSES, FEATURES, WIDTH = 64, 10, 32, 128
PIXEL_MAX, SHIFT = 16, 0.1
"""Data must be above 0: x + .1."""

FIRST, LAST = 0.02, 4.0
"""Times between which a denoiser learns and samples."""

TIMES = 3
"""Numbers that tell the net the time."""

STEPS, BATCH, RATE = 2000, 96, 2e-3
SAMPLES = 1000

Floats = NDArray[np.float64]
MOTION = GeometricMotion()


@dataclass
class Net:
    """Dense layers, rectified between, learned by Adam.

    Attributes
    ----------
    sizes : tuple of int
    rng : Generator
        Of the first weights.
    """

    sizes: tuple[int, ...]
    rng: np.random.Generator
    parameters: list[Floats] = field(init=False)

    def __post_init__(self) -> None:
        self.parameters = []
        for before, after in pairwise(self.sizes):
            self.parameters += [math.sqrt(2 / before) * self.rng.standard_normal((after, before)),
                                np.zeros(after)]
        self._moments = [(np.zeros_like(p), np.zeros_like(p)) for p in self.parameters]
        self._count = 0

    def forward(self, inputs: Floats) -> list[Floats]:
        """What enters each layer, and what leaves the last."""
        found = [inputs]
        for n in range(0, len(self.parameters), 2):
            out = found[-1] @ self.parameters[n].T + self.parameters[n + 1]
            found.append(out if n + 2 == len(self.parameters) else np.maximum(out, 0))
        return found

    def learn(self, activity: list[Floats], delta: Floats) -> None:
        """A step of Adam, given the slope of the loss by the last layer's outputs."""
        slopes: list[Floats] = []
        for n in range(len(self.parameters) - 2, -1, -2):
            entered = activity[n // 2]
            slopes = [delta.T @ entered, delta.sum(axis=0), *slopes]
            delta = (delta @ self.parameters[n]) * (entered > 0)
        self._count += 1
        for n, slope in enumerate(slopes):
            first, second = self._moments[n]
            np.add(0.9 * first, 0.1 * slope, out=first)
            np.add(0.999 * second, 0.001 * slope**2, out=second)
            self.parameters[n] -= RATE * (first / (1 - 0.9**self._count)) / (
                np.sqrt(second / (1 - 0.999**self._count)) + 1e-8)


@dataclass(frozen=True)
class Sampled:
    """What became of samples.

    Attributes
    ----------
    distance : float
        Of Frechet's kind, to the training images.
    entropy : float
        Of the classes that the classifier sees, in nats: ln 10 = 2.30 where all are as many.
    flipped : float
        Share of factors that were negative.
    """

    distance: float
    entropy: float
    flipped: float = 0.0


class Judge:
    """A small classifier's features of images, shape (images, 64), pixels 0 to 1."""

    def __init__(self, rng: np.random.Generator) -> None:
        split = load_split()
        self.train = split.train.images.reshape(-1, PIXELS) / PIXEL_MAX
        self.test = split.held_out.images.reshape(-1, PIXELS) / PIXEL_MAX
        self._net = Net((PIXELS, FEATURES, CLASSES), rng)
        for _ in range(STEPS):
            chosen = rng.integers(0, len(self.train), BATCH)
            activity = self._net.forward(self.train[chosen])
            delta = softmax(activity[-1], axis=1)
            delta[np.arange(BATCH), split.train.labels[chosen]] -= 1
            self._net.learn(activity, delta / BATCH)

    def of(self, images: Floats, flipped: float = 0.0) -> Sampled:
        """Distance to the training images, and how many of each class there are."""
        _, features, logits = self._net.forward(np.clip(images, 0, 1))
        own = self._net.forward(self.train)[1]
        share = np.bincount(logits.argmax(axis=1), minlength=CLASSES) / len(images)
        return Sampled(_frechet(features, own), -float(xlogy(share, share).sum()), flipped)


def _frechet(one: Floats, other: Floats) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^1/2)."""
    c1, c2 = np.cov(one.T), np.cov(other.T)
    root = np.sqrt(np.clip(np.real(eigvals(c1 @ c2)), 0, None)).sum()
    return float(((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum() + np.trace(c1 + c2)
                 - 2 * root)


class Denoiser:
    """E[start | now, time], learned in the space that the noise is added in."""

    def __init__(self, data: Floats, drift: float, rng: np.random.Generator) -> None:
        """``drift`` is the mean's change in a unit of time."""
        self._mean, self._spread, self._drift = data.mean(), data.std(), drift
        self._net = Net((PIXELS + TIMES, WIDTH, WIDTH, WIDTH, PIXELS), rng)
        for _ in range(STEPS):
            start = data[rng.integers(0, len(data), BATCH)]
            time = np.exp(rng.uniform(math.log(FIRST), math.log(LAST), (BATCH, 1)))
            now = start + drift * time + np.sqrt(time) * rng.standard_normal(start.shape)
            activity = self._net.forward(self._entered(now, time))
            error = activity[-1] - (start - self._mean) / self._spread
            self._net.learn(activity, 2 * error / BATCH)

    def __call__(self, now: Floats, time: float) -> Floats:
        """E[start | now], shape of ``now``."""
        found = self._net.forward(self._entered(now, np.full((len(now), 1), time)))[-1]
        return self._mean + self._spread * found

    def _entered(self, now: Floats, time: Floats) -> Floats:
        scaled = (now - self._mean - self._drift * time) / np.sqrt(self._spread**2 + time)
        tone = np.log(time)
        return np.concatenate([scaled, tone, np.sin(tone), np.cos(tone)], axis=1)


def sample_all(seed: int) -> dict[str, Sampled]:
    """The floor (test images), a fitted Gaussian, and both ways of sampling in 30 steps."""
    rng = np.random.default_rng(seed)
    judge = Judge(rng)
    data = judge.train
    gaussian = rng.multivariate_normal(data.mean(axis=0), np.cov(data.T), SAMPLES)
    found = {"test images": judge.of(judge.test), "fitted Gaussian": judge.of(gaussian)}
    logs = Denoiser(np.log(data + SHIFT), MOTION.drift(1.0), rng)
    adding = Denoiser(data + SHIFT, 0.0, rng)
    found["DLS, 30 steps"] = judge.of(*_multiplied(logs, np.log(data + SHIFT), 30, "dls", rng))
    found["UMS, 300 steps"] = judge.of(*_multiplied(logs, np.log(data + SHIFT), 300, "ums", rng))
    found["additive, 30 steps"] = judge.of(_added(adding, data + SHIFT, 30, rng))
    return found


def _grid(steps: int) -> list[tuple[float, float]]:
    times = np.linspace(LAST, FIRST, steps + 1)
    return [(float(now), float(now - after)) for now, after in pairwise(times)]


def _multiplied(
    denoiser: Denoiser, data: Floats, steps: int, kind: str, rng: np.random.Generator
) -> tuple[Floats, float]:
    """Samples by DLS or UMS and a denoiser's last word; the share of factors below 0."""
    start = data.mean(axis=0) + MOTION.drift(LAST)
    now = np.exp(start + math.sqrt(LAST) * rng.standard_normal((SAMPLES, PIXELS)))
    step = MOTION.dls_step if kind == "dls" else MOTION.ums_step
    flipped = 0
    for time, length in _grid(steps):
        score = MOTION.score_of(denoiser(np.log(now), time), now, time)
        after = step(now, score, length, rng.standard_normal(now.shape))
        flipped += int(np.count_nonzero(after <= 0))
        now = np.maximum(np.abs(after), 1e-12)
    return np.exp(denoiser(np.log(now), FIRST)) - SHIFT, flipped / (steps * now.size)


def _added(denoiser: Denoiser, data: Floats, steps: int, rng: np.random.Generator) -> Floats:
    now = data.mean(axis=0) + math.sqrt(LAST) * rng.standard_normal((SAMPLES, PIXELS))
    for time, length in _grid(steps):
        back = length * (denoiser(now, time) - now) / time
        now = now + back + math.sqrt(length) * rng.standard_normal(now.shape)
    return denoiser(now, FIRST) - SHIFT
