"""What positive features make of trained heads: the normaliser, and the attention's output."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from neuromorph.dynamics.features import FeatureMap, align_features, random_features
from neuromorph.papers.astrocyte import linear_attention
from neuromorph.papers.feature_fit import fit_features
from neuromorph.translate import Sample

Floats = NDArray[np.float64]
Heads = dict[tuple[int, int], list["HeadData"]]
Maps = tuple[FeatureMap, FeatureMap]

BLOCK = 10_000
"""Features that are held at a time."""

KINDS = ("random", "orthogonal random", "aligned random", "learned")


class HeadData(NamedTuple):
    """One head on one text: queries, keys (tokens, d), not scaled, and values."""

    queries: Floats
    keys: Floats
    values: Floats

    @property
    def scale(self) -> float:
        """1 / √d."""
        return 1 / math.sqrt(self.queries.shape[1])

    def logits(self) -> Floats:
        """q.k / √d."""
        result: Floats = self.scale * (self.queries @ self.keys.T)
        return result

    def squared_norm(self) -> float:
        """Median over queries and keys of ‖q + k‖², each scaled by d^(-1/4)."""
        total = self.queries[:, None] + self.keys
        return float(np.median(self.scale * (total**2).sum(axis=-1)))


class Curve(NamedTuple):
    """C_t of each token: exact, and out of m features, by m."""

    exact: Floats
    estimates: Mapping[int, Floats]

    def error(self, count: int) -> float:
        """Median over tokens of |estimate / exact - 1|."""
        return float(np.median(np.abs(self.estimates[count] / self.exact - 1)))

    def correlation(self, count: int) -> float:
        """Pearson's, of the logarithms: C_t spans decades, and one token would decide."""
        pair = np.log(self.estimates[count]), np.log(self.exact)
        return float(np.corrcoef(*pair)[0, 1])

    def plain_correlation(self, count: int) -> float:
        """Pearson's, of C_t itself."""
        return float(np.corrcoef(self.estimates[count], self.exact)[0, 1])


def by_head(texts: Sequence[Sequence[Sample]]) -> Heads:
    """Each head's data on all texts, from [text][layer]."""
    found: Heads = {}
    for text in texts:
        for layer, sample in enumerate(text):
            root = math.sqrt(sample.queries.shape[2])  # samples hold scaled queries
            for head, arrays in enumerate(zip(sample.queries * root, sample.keys, sample.values,
                                              strict=True)):
                data = HeadData(*(a.astype(np.float64) for a in arrays))
                found.setdefault((layer, head), []).append(data)
    return found


def normaliser_curve(
    head: HeadData, counts: Sequence[int], rng: np.random.Generator
) -> Curve:
    """Σ_i exp(q_t.k_i / √d), exact and by the astrocyte; each m has features of its own."""
    estimates = {count: _normaliser(head, count, rng) for count in counts}
    return Curve(np.exp(head.logits()).sum(axis=1), estimates)


def _normaliser(head: HeadData, count: int, rng: np.random.Generator) -> Floats:
    total = np.zeros(len(head.queries))
    for done in range(0, count, BLOCK):
        block = min(BLOCK, count - done)
        phi = random_features(head.queries.shape[1], block, rng)
        total += block * linear_attention(phi(head.queries), phi(head.keys), head.values)[1]
    return total / count


def output_error(texts: Sequence[HeadData], maps: Maps) -> float:
    """Mean over texts of ‖o - softmax's‖ / ‖softmax's‖."""
    return float(np.mean([_distance(t, linear_attention(maps[0](t.queries), maps[1](t.keys),
                                                        t.values)[0]) for t in texts]))


def uniform_error(texts: Sequence[HeadData]) -> float:
    """The same for a head that looks everywhere alike: what no attention at all would lose."""
    return float(np.mean([_distance(t, t.values.mean(axis=0)) for t in texts]))


def _distance(text: HeadData, output: Floats) -> float:
    target = softmax(text.logits(), axis=1) @ text.values
    return float(np.linalg.norm(output - target) / np.linalg.norm(target))


def make_maps(
    calibration: Sequence[HeadData], count: int, rng: np.random.Generator
) -> dict[str, Maps]:
    """m features of each of the `KINDS`; the last two look at the calibration texts."""
    size = calibration[0].queries.shape[1]
    plain = random_features(size, count, rng)
    orthogonal = random_features(size, count, rng, orthogonal=True)
    queries, keys = (np.concatenate(arrays) for arrays in
                     zip(*((t.queries, t.keys) for t in calibration), strict=True))
    aligned = align_features(orthogonal, queries, keys)
    learned = fit_features(aligned, [(t.queries, t.keys) for t in calibration],
                           calibration[0].scale)
    made: tuple[Maps, ...] = ((plain, plain), (orthogonal, orthogonal), aligned, learned)
    return dict(zip(KINDS, made, strict=True))
