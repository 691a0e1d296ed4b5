"""The vector that all keys lose, against its ridge regression written as least squares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_samples import gaussian

from neuromorph.translate import Sample
from neuromorph.translate.centre import centre_of
from neuromorph.translate.matches import best_matches


def by_least_squares(sample: Sample, head: int, ridge: float) -> np.ndarray:
    """min |X w - y|^2 + r |w|^2, as rows √r I below X; r in mean variances of a query's element."""
    mean = sample.keys[head].mean(axis=0)
    best = sample.logits(head, mean).max(axis=1)
    queries = sample.queries[head] - sample.queries[head].mean(axis=0)
    size = len(mean)
    strength = ridge * (queries**2).sum(axis=0).mean()
    rows = np.vstack([queries, np.sqrt(strength) * np.eye(size)])
    aims = np.concatenate([best - best.mean(), np.zeros(size)])
    shift: np.ndarray = np.linalg.lstsq(rows, aims, rcond=None)[0]
    return mean + shift


def centres(sample: Sample) -> list[np.ndarray]:
    return [centre_of([head]) for head in best_matches([sample])]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_ridge_is_a_tenth_of_the_mean_variance(seed: int) -> None:
    sample = gaussian(seed, tokens=24, size=6)
    for head, centre in enumerate(centres(sample)):
        np.testing.assert_allclose(centre, by_least_squares(sample, head, 0.1), rtol=1e-9)
        for other in (0.05, 0.2):
            assert np.abs(centre - by_least_squares(sample, head, other)).max() > 1e-3


def test_what_no_query_looks_along_stays_at_the_mean() -> None:
    """Without a ridge nothing would say how far to go there."""
    sample = gaussian(2)
    queries = sample.queries * (np.arange(16) < 1)
    for head, centre in enumerate(centres(replace(sample, queries=queries))):
        np.testing.assert_allclose(centre[1:], sample.keys[head].mean(axis=0)[1:], atol=1e-12)
