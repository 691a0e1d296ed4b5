"""Digits whose classes exchange labels while they are learned, at several kinds of rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neuromorph.models.digits import load_split
from neuromorph.papers.learning_rate import ErrorTrace, Net, homeostatic, moved, need

SIZES = (64, 80, 60, 10)
RATE = 0.01
"""The set is small: the published .001 does not finish learning."""

BATCH, LAST = 10, 20
PIXEL_MAX = 16

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass
class Seen:
    """What a regulator may look at, before the step of a batch.

    Attributes
    ----------
    net : Net
    images, labels, guesses
        The batch, and what the net makes of it.
    recent : tuple of images and labels
        The `LAST` before it.
    rng : numpy Generator
    """

    net: Net
    images: Floats
    labels: Labels
    guesses: Labels
    recent: tuple[Floats, Labels]
    rng: np.random.Generator

    @property
    def error(self) -> float:
        """Share of the guesses that are wrong."""
        return float((self.guesses != self.labels).mean())


Regulator = Callable[[float, Seen], float]


def fixed(rate: float, _: Seen) -> float:
    """The rate stays."""
    return rate


def at_random(rate: float, seen: Seen) -> float:
    """The control: as the label has it, every other time."""
    return moved(rate, need(int(seen.labels[0]), RATE / 10)) if seen.rng.random() < 0.5 else rate


def by_need(rate: float, seen: Seen) -> float:
    """The published rule: the first image's own step is tried at both rates on the last images."""
    images, labels = seen.recent
    if len(labels) < LAST:
        return rate
    first = slice(0, 1)
    slopes = seen.net.gradients(seen.net.scores(seen.images[first]), seen.labels[first])
    tried = moved(rate, need(int(seen.guesses[0]), RATE / 10))
    leave, take = (float((seen.net.stepped(slopes, one / BATCH).scores(images)[-1].argmax(axis=1)
                          == labels).mean()) for one in (rate, tried))
    return homeostatic(rate, label=int(seen.labels[0]), step=RATE / 10, leave=leave, take=take)


@dataclass
class ByError:
    """Ours: by the running mean of the error."""

    trace: ErrorTrace = field(default_factory=lambda: ErrorTrace(RATE))

    def __call__(self, _: float, seen: Seen) -> float:
        return self.trace.see(seen.error)


WAYS: dict[str, tuple[float, Callable[[], Regulator]]] = {
    "fixed": (RATE, lambda: fixed),
    "random": (RATE, lambda: at_random),
    "need": (RATE, lambda: by_need),
    "error trace": (RATE, ByError),
    "fixed, 10 times": (10 * RATE, lambda: fixed),
    "fixed, 30 times": (30 * RATE, lambda: fixed),
}
"""The first rate, and what regulates it."""


def accuracy(way: str, swaps: int, epochs: int, seed: int) -> float:
    """Share of guesses that were right before they were learned from, over the second half.

    Parameters
    ----------
    way : str
        One of `WAYS`.
    swaps : int
        Pairs of random classes that exchange labels, an epoch.
    epochs, seed : int
    """
    rng = np.random.default_rng(seed)
    images, digits = _all_digits()
    named = np.arange(SIZES[-1])
    net, (rate, regulator) = Net.new(SIZES, rng), WAYS[way]
    regulate = regulator()
    batches = len(images) // BATCH
    swapped = set(np.linspace(0, batches, swaps, endpoint=False).astype(int))
    right: list[float] = []
    for _ in range(epochs):
        order = rng.permutation(len(images))
        for number in range(batches):
            if number in swapped:
                one, other = rng.choice(SIZES[-1], 2, replace=False)
                named[[one, other]] = named[[other, one]]
            chosen = order[number * BATCH : (number + 1) * BATCH]
            before = order[max(0, number * BATCH - LAST) : number * BATCH]
            labels = named[digits[chosen]]
            layers = net.scores(images[chosen])
            seen = Seen(net, images[chosen], labels, layers[-1].argmax(axis=1),
                        (images[before], named[digits[before]]), rng)
            rate = regulate(rate, seen)
            net.step(net.gradients(layers, labels), rate / BATCH)
            right.append(1 - seen.error)
    return float(np.mean(right[len(right) // 2 :]))


def _all_digits() -> tuple[Floats, Labels]:
    """1797 of them: each guess comes before it is learned from, so none need be held out."""
    split = load_split()
    parts = (split.train, split.validation, split.test)
    return (np.concatenate([part.images for part in parts]).reshape(-1, SIZES[0]) / PIXEL_MAX,
            np.concatenate([part.labels for part in parts]))
