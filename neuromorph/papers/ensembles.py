"""Layers of rectified neurons whose weights are masked: dense, at random, or group to group.

::

    x' = max(0, (W * M) x + b)        logits = V x + c, dense

Trained by Adam with a cosine rate on cross-entropy. Between passes blocks may be rewired
(`network.regrow`). Konstantaropoulos et al. 2025 (arXiv 2508.14140): abstract and figures read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from neuromorph.papers.feature_fit import Adam
from neuromorph.shown import Shown

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

BATCH = 32
RATE = 2e-3


@dataclass(eq=False, repr=False)
class Layers(Shown):
    """Weights, thresholds and masks of rectified layers and a dense read-out, in single precision.

    Attributes
    ----------
    weights : list of float array, shape (outputs, inputs) each
    biases : list of float array, shape (outputs,) each
    masks : list of bool array
        Of all layers but the last, of the shape of their weights.
    """

    weights: list[Floats]
    biases: list[Floats]
    masks: list[Mask]

    @classmethod
    def drawn(cls, sizes: Sequence[int], masks: Sequence[Mask], rng: np.random.Generator) -> Layers:
        """He's: variance 2 / fan-in, of the inputs that the mask leaves."""
        weights = []
        for n, (inputs, outputs) in enumerate(pairwise(sizes)):
            drawn = rng.standard_normal((outputs, inputs), np.float32)
            if n < len(masks):
                fans = np.maximum(masks[n].sum(axis=1, keepdims=True), 1)
                weights.append(drawn * masks[n] * np.sqrt(2 / fans).astype(np.float32))
            else:
                weights.append(drawn / np.float32(np.sqrt(inputs)))
        return cls(weights, [np.zeros(size, np.float32) for size in sizes[1:]], list(masks))

    def activities(self, images: NDArray[Any]) -> list[Floats]:
        """The images, what each hidden layer says of them, and logits; rows are images."""
        found: list[Floats] = [np.asarray(images, np.float32)]
        last = len(self.weights) - 1
        for n, (weights, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            sums = found[-1] @ weights.T + bias
            found.append(sums if n == last else np.maximum(sums, 0))
        return found

    def gradients(self, images: NDArray[Any], labels: NDArray[Any]) -> list[tuple[Floats, Floats]]:
        """Of the mean cross-entropy, by layer: of weights and biases."""
        said = self.activities(images)
        error = softmax(said[-1], axis=1)
        error[np.arange(len(labels)), labels] -= 1
        error /= len(labels)
        found = list[tuple[Floats, Floats]]()
        for n in reversed(range(len(self.weights))):
            own = error.T @ said[n]
            found.append((own * self.masks[n] if n < len(self.masks) else own, error.sum(axis=0)))
            error = (error @ self.weights[n]) * (said[n] > 0)
        return found[::-1]

    def accuracy(self, images: NDArray[Any], labels: NDArray[Any]) -> float:
        """Share of images whose largest logit is their label's."""
        return float((self.activities(images)[-1].argmax(axis=1) == labels).mean())


Between = Callable[[Layers, float], None]
"""What is done after a pass, given the layers and the share of all passes that are over."""


def train(
    layers: Layers, images: NDArray[Any], labels: NDArray[Any], epochs: int,
    rng: np.random.Generator, between: Between | None = None,
) -> Layers:
    """Passes over the images in batches of 32; the layers themselves are changed.

    Parameters
    ----------
    layers : Layers
    images : float array, shape (images, inputs)
    labels : int array, shape (images,)
    epochs : int
    rng : numpy.random.Generator
        Order of the images.
    between : callable, optional
        May change masks, and weights with them.
    """
    parts = [(Adam(w, RATE), Adam(b, RATE))
             for w, b in zip(layers.weights, layers.biases, strict=True)]
    batches = max(1, len(images) // BATCH)
    for epoch in range(epochs):
        for number, batch in enumerate(np.array_split(rng.permutation(len(images)), batches)):
            done = (epoch + number / batches) / epochs
            found = layers.gradients(images[batch], labels[batch])
            for n, (own, gradients) in enumerate(zip(parts, found, strict=True)):
                for adam, gradient in zip(own, gradients, strict=True):
                    adam.rate = RATE * (1 + math.cos(math.pi * done)) / 2
                    adam.descend(gradient)
                layers.weights[n], layers.biases[n] = own[0].value, own[1].value
        if between is not None:
            between(layers, (epoch + 1) / epochs)
            for n, mask in enumerate(layers.masks):
                layers.weights[n] = layers.weights[n] * mask
                parts[n][0].value = layers.weights[n]
                parts[n][0].mean *= mask
    return layers
