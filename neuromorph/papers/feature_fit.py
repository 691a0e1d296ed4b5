"""Feature maps fitted to one head: gradient descent on its attention weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from neuromorph.dynamics.features import FeatureMap, Floats
from neuromorph.errors import CalibrationError
from neuromorph.shown import Shown

Example = tuple[NDArray[Any], NDArray[Any]]
"""Queries and keys of one sequence, each (tokens, d); every query sees every key."""


@dataclass(eq=False, repr=False)
class Adam(Shown):
    """Adam on one array: steps of about ``rate``, whatever the gradient's size."""

    value: NDArray[np.floating[Any]]
    rate: float
    slow: float = 0.9
    slower: float = 0.999
    count: int = 0
    mean: NDArray[np.floating[Any]] = field(init=False)
    square: NDArray[np.floating[Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.mean, self.square = np.zeros_like(self.value), np.zeros_like(self.value)

    def descend(self, gradient: NDArray[np.floating[Any]]) -> None:
        """One step."""
        self.count += 1
        self.mean = self.slow * self.mean + (1 - self.slow) * gradient
        self.square = self.slower * self.square + (1 - self.slower) * gradient**2
        mean = self.mean / (1 - self.slow**self.count)
        square = self.square / (1 - self.slower**self.count)
        self.value = self.value - self.rate * mean / (np.sqrt(square) + 1e-12)


def fit_features(
    start: tuple[FeatureMap, FeatureMap], examples: Sequence[Example], scale: float, *,
    passes: int = 10, rate: float = 0.05,
) -> tuple[FeatureMap, FeatureMap]:
    """Least -Σ_ij S_ij log P_ij over W and b of both maps: attention P near softmax S.

    ::

        S = softmax(scale q kᵀ),    P_ij = φ(q_i).φ(k_j) / Σ_l φ(q_i).φ(k_l)

    Queries and keys get maps of their own. What the pair then stands for is attention, no
    longer the kernel: a factor of each query's, which cancels in P, is left free.

    Parameters
    ----------
    start : pair of FeatureMap
        For queries and for keys; A and c stay as they are.
    examples : sequence of Example
        Calibration data of one head, a step each.
    scale : float
        Of the logits.
    passes : int
        How often all examples are seen.
    rate : float
        Size of a step, which falls to nothing along a cosine.

    Raises
    ------
    CalibrationError
        If there are no examples, or the fit leaves the finite numbers.

    Source: the loss is that of Zhang et al., Hedgehog, ICLR 2024 (2402.04347).
    """
    if not examples:
        raise CalibrationError("there is nothing to fit features to", where="fit_features")
    parts = [Adam(array, rate) for one in start for array in (one.weights, one.offset)]
    # A weight that underflows gives a slope that is not finite, and so does all that follows.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        for number in range(passes * len(examples)):
            done = number / (passes * len(examples))
            gradients = _gradients(_maps(start, parts), examples[number % len(examples)], scale)
            for part, gradient in zip(parts, gradients, strict=True):
                part.rate = rate * (1 + np.cos(np.pi * done)) / 2
                part.descend(gradient)
    if not all(np.isfinite(part.value).all() for part in parts):
        raise CalibrationError("the features ran away while they were fitted",
                               where="fit_features", hint="check the data, or take a smaller rate")
    return _maps(start, parts)


def _maps(
    start: tuple[FeatureMap, FeatureMap], parts: Sequence[Adam]
) -> tuple[FeatureMap, FeatureMap]:
    weights_q, offset_q, weights_k, offset_k = (part.value for part in parts)
    return (replace(start[0], weights=weights_q, offset=offset_q),
            replace(start[1], weights=weights_k, offset=offset_k))


def _gradients(
    maps: tuple[FeatureMap, FeatureMap], example: Example, scale: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Of the mean loss of one example by W and b of the queries' map, then of the keys'."""
    queries, keys = example
    target = softmax(scale * (queries @ keys.T), axis=1)
    phi_q, phi_k = maps[0](queries), maps[1](keys)
    weights = phi_q @ phi_k.T
    # d loss / d weight, a row's softmax cross-entropy with log weights for logits
    slope = (1 / weights.sum(axis=1, keepdims=True) - target / weights) / len(queries)
    to_q, to_k = (slope @ phi_k) * phi_q, (slope.T @ phi_q) * phi_k
    return (to_q.T @ maps[0].place(queries), to_q.sum(axis=0),
            to_k.T @ maps[1].place(keys), to_k.sum(axis=0))
