"""How well a score tells matched axons from the best of the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def auc(positive: Floats, negative: Floats) -> float:
    """P(positive > negative) + P(equal) / 2, over all pairs."""
    ranked = np.sort(negative)
    below = np.searchsorted(ranked, positive, "left")
    up_to = np.searchsorted(ranked, positive, "right")
    return float((below + up_to).mean() / 2 / len(negative))


def threshold_at(negative: Floats, false_positives: float) -> float:
    """The score that this share of the negatives passes."""
    return float(np.quantile(negative, 1 - false_positives))


def true_positives(positive: Floats, negative: Floats, false_positives: float) -> float:
    """Share of positives above the threshold that lets this share of negatives pass."""
    return float((positive > threshold_at(negative, false_positives)).mean())


def curve(positive: Floats, negative: Floats) -> tuple[Floats, Floats]:
    """False- and true-positive rates for every threshold, both rising from 0 to 1."""
    rates = np.linspace(0, 1, 401)
    passed = [1.0 if rate == 1 else true_positives(positive, negative, rate) for rate in rates]
    return rates, np.array(passed)
