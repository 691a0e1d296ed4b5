"""The fixed threshold against a pooled one, which turns match and control into softmax."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import softmax

from examples.papers import ellwood_published as published
from examples.papers.common import Row, bound, row
from examples.papers.ellwood_measure import Effort
from examples.papers.ellwood_model import Setup, match
from neuromorph.dynamics.coincidence import (
    GATE_SLOPE,
    THRESHOLDS,
    pooled_gate,
    potentiation_gate,
)


def pooled_rows(effort: Effort) -> Iterator[Row]:
    """How far pooled gates are from softmax, and how much of all gates the match gets."""
    head = f"{published.PAPER}, pooled threshold (derived), difference of two traces"
    for window, threshold in THRESHOLDS.items():
        scores = match(Setup(1000 * window), effort.trials, np.random.default_rng(0)).scores
        beta = GATE_SLOPE / threshold
        pooled, fixed = pooled_gate(scores, beta), potentiation_gate(scores, threshold)
        yield bound(head, f"{window} s: largest difference from softmax", 1e-12,
                    np.abs(pooled - softmax(beta * scores, axis=1)).max())
        yield row(head, f"{window} s: matched axon's gate, pooled", None, pooled[:, 0].mean(),
                  None)
        yield row(head, f"{window} s: matched axon's gate, fixed", None, fixed[:, 0].mean(), None)
        yield row(head, f"{window} s: all other gates together, pooled", None,
                  pooled[:, 1:].sum(axis=1).mean(), None)
        yield row(head, f"{window} s: all other gates together, fixed", None,
                  fixed[:, 1:].sum(axis=1).mean(), None)
