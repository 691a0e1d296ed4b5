"""A small convolutional network, trained by backpropagation, and streams of damaged images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.special import softmax

from neuromorph import backends
from neuromorph.circuits.homeostat import Channels, build_channels, channel_trains
from neuromorph.dynamics.homeostasis import Homeostasis
from neuromorph.dynamics.homeostasis_steps import CODE_MAX, HomeostasisSteps
from neuromorph.network import Probe
from neuromorph.papers.nhl import soft_hebb

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHANNELS, HIDDEN, CLASSES = 16, 64, 10
MOMENTUM = 0.9


@dataclass(frozen=True)
class Shape:
    """Of the first layer and its training.

    Attributes
    ----------
    filters, stride, pool : int
        Side of a filter, its stride, side of the squares that are pooled.
    epochs : int
    rate : float
    mean, std : float
        Of the training images: they are standardised.
    """

    filters: int
    stride: int
    pool: int
    epochs: int
    rate: float
    mean: float
    std: float


@dataclass(frozen=True)
class Net:
    """Convolution, rectified, the largest of squares, a hidden layer, classes.

    Attributes
    ----------
    shape : Shape
    weights : list of float array
        Filters (channels, pixels) and their bias, then two dense layers with theirs.
    """

    shape: Shape
    weights: list[Floats]

    def patches(self, images: Floats) -> Floats:
        """What enters the first layer, shape (images, across, across, pixels)."""
        side, stride = self.shape.filters, self.shape.stride
        standard = (images - self.shape.mean) / self.shape.std
        views = sliding_window_view(standard, (side, side), axis=(1, 2))[:, ::stride, ::stride]
        usable = views.shape[1] - views.shape[1] % self.shape.pool
        views = views[:, :usable, :usable]
        return views.reshape(*views.shape[:3], -1)

    def first(self, patches: Floats, filters: Floats | None = None) -> Floats:
        """u of the first layer, shape (images, across, across, channels)."""
        chosen = self.weights[0] if filters is None else filters
        found: Floats = patches.reshape(-1, patches.shape[-1]) @ chosen.T + self.weights[1]
        return found.reshape(*patches.shape[:3], -1)

    def rest(self, z: Floats) -> tuple[Floats, Floats, Floats]:
        """Pooled and hidden activity, and logits, of what the first layer says."""
        flat = np.maximum(self._squares(z).max(axis=(2, 4)), 0).reshape(len(z), -1)
        hidden = np.maximum(flat @ self.weights[2].T + self.weights[3], 0)
        return flat, hidden, hidden @ self.weights[4].T + self.weights[5]

    def _squares(self, z: Floats) -> Floats:
        """By squares that are pooled, shape (images, squares, pool, squares, pool, channels)."""
        squares = z.shape[1] // self.shape.pool
        return z.reshape(len(z), squares, self.shape.pool, squares, self.shape.pool, -1)

    def gradients(self, images: Floats, labels: Ints) -> list[Floats]:
        """Of the mean cross entropy, one a weight."""
        patches = self.patches(images)
        z = self.first(patches)
        flat, hidden, logits = self.rest(z)
        delta = softmax(logits, axis=1)
        delta[np.arange(len(labels)), labels] -= 1
        delta /= len(labels)
        back = (delta @ self.weights[4]) * (hidden > 0)
        pooled = back @ self.weights[2]
        squares = self._squares(z)
        largest = squares.max(axis=(2, 4), keepdims=True)
        below = (squares == largest) * (largest > 0) * pooled.reshape(largest.shape)
        low = below.reshape(-1, z.shape[-1])
        entered = self._squares(patches).reshape(len(low), -1)
        return [low.T @ entered, low.sum(axis=0), back.T @ flat, back.sum(axis=0),
                delta.T @ hidden, delta.sum(axis=0)]


def trained(shape: Shape, images: Floats, labels: Ints, seed: int) -> Net:
    """A network that learned the images, by gradients with momentum."""
    rng = np.random.default_rng(seed)
    pixels = shape.filters**2
    empty = Net(shape, [])
    across = empty.patches(images[:1]).shape[1] // shape.pool
    sizes = [(CHANNELS, pixels), (HIDDEN, across**2 * CHANNELS), (CLASSES, HIDDEN)]
    weights: list[Floats] = []
    for size in sizes:
        weights += [rng.standard_normal(size) * np.sqrt(2 / size[1]), np.zeros(size[0])]
    net, speed = Net(shape, weights), [np.zeros_like(w) for w in weights]
    for epoch in range(shape.epochs):
        rate = shape.rate * (1 - epoch / shape.epochs)
        for chosen in np.array_split(rng.permutation(len(images)), max(1, len(images) // 32)):
            for number, gradient in enumerate(net.gradients(images[chosen], labels[chosen])):
                speed[number] = MOMENTUM * speed[number] - rate * gradient
                weights[number] += speed[number]
    return net


# --- what becomes of images


def damaged(images: Floats, seed: int) -> dict[str, Floats]:
    """The six corruptions, of images in [0, 1]."""
    rng = np.random.default_rng(seed)
    salt = rng.random(images.shape)
    rolled = np.stack([np.roll(image, rng.choice([-2, -1, 1, 2], 2), (0, 1)) for image in images])
    return {
        "noise": np.clip(images + 0.3 * rng.standard_normal(images.shape), 0, 1),
        "blur": uniform_filter(images, (1, 3, 3)),
        "contrast": 0.3 * images,
        "brightness": np.clip(images + 0.4, 0, 1),
        "roll": rolled,
        "salt": np.where(salt < 0.1, 0.0, np.where(salt > 0.9, 1.0, images)),
    }


# --- streams


Follow = Callable[[Net, Floats, Homeostasis, Floats], tuple[Homeostasis, Floats]]


def homeostatic(net: Net, patches: Floats, state: Homeostasis, filters: Floats
                ) -> tuple[Homeostasis, Floats]:
    """Gains and thresholds follow."""
    return state.follow(net.first(patches, filters)), filters


def hebbian(rate: float, source: Floats | float = 0.0) -> Follow:
    """Filters follow by soft Hebb; anchored where the source's own change is taken away."""
    def follow(net: Net, patches: Floats, state: Homeostasis, filters: Floats  # noqa: ARG001
               ) -> tuple[Homeostasis, Floats]:
        rows = patches.reshape(-1, patches.shape[-1])
        return state, filters + rate * (soft_hebb(filters, rows) - source)
    return follow


def both(*steps: Follow) -> Follow:
    """One after the other."""
    def follow(net: Net, patches: Floats, state: Homeostasis, filters: Floats
               ) -> tuple[Homeostasis, Floats]:
        for step in steps:
            state, filters = step(net, patches, state, filters)
        return state, filters
    return follow


def still(net: Net, patches: Floats, state: Homeostasis, filters: Floats  # noqa: ARG001
          ) -> tuple[Homeostasis, Floats]:
    """Nothing follows."""
    return state, filters


def error(net: Net, images: Floats, labels: Ints, start: Homeostasis, follow: Follow, batch: int
          ) -> float:
    """Share of a stream that is named wrong, each batch once, after its own update."""
    state, filters, wrong = start, net.weights[0], 0
    for begin in range(0, len(images), batch):
        patches = net.patches(images[begin : begin + batch])
        state, filters = follow(net, patches, state, filters)
        logits = net.rest(state.apply(net.first(patches, filters)))[2]
        wrong += int((logits.argmax(axis=1) != labels[begin : begin + batch]).sum())
    return wrong / len(images)


def error_in_steps(net: Net, train: Floats, images: Floats, labels: Ints) -> float:
    """The same with gains and thresholds of integers, which move a step an image."""
    unit = float(np.abs(net.first(net.patches(train))).max()) / CODE_MAX
    state, wrong = HomeostasisSteps.of(_codes(net, train, unit)), 0
    for image, label in zip(images, labels, strict=True):
        codes = _codes(net, image[None], unit)
        state = state.follow(codes)
        wrong += int(net.rest(unit * state.apply(codes).astype(np.float64))[2].argmax() != label)
    return wrong / len(images)


def error_in_neurons(net: Net, train: Floats, images: Floats, labels: Ints) -> float:
    """The same by a chip's neurons, which hear place after place and adapt after each image."""
    unit = float(np.abs(net.first(net.patches(train))).max()) / CODE_MAX
    codes, known = (_codes(net, some, unit) for some in (images, train))
    channels = Channels.of(known.reshape(-1, CHANNELS), CODE_MAX)
    inputs, steps = channel_trains(codes.reshape(-1, CHANNELS), codes.shape[1] * codes.shape[2])
    said = backends.get("fast").run(build_channels(channels), inputs, [Probe("channel", "spikes")],
                                    steps).spikes("channel")[1:]
    z = unit * said.reshape(codes.shape).astype(np.float64)
    return float((net.rest(z)[2].argmax(axis=1) != labels).mean())


def _codes(net: Net, images: Floats, unit: float) -> Ints:
    """What the first layer says, in units of which calibration has so many."""
    codes: Ints = np.clip(np.rint(net.first(net.patches(images)) / unit), -CODE_MAX,
                          CODE_MAX).astype(np.int64)
    return codes
