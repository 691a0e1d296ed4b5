"""Astrocyte attention in floats: two phases, the noise of random features, learned ones."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from neuromorph.dynamics.features import (
    FeatureMap,
    align_features,
    kernel_deviation,
    random_features,
)
from neuromorph.errors import CalibrationError, InputError, NeuromorphError, TensorError
from neuromorph.models.digits import DigitsViT, load_split, softmax_attention
from neuromorph.papers import feature_fit
from neuromorph.papers.astrocyte import (
    linear_attention,
    read_token,
    tripartite_at_rest,
    write_token,
)
from neuromorph.papers.feature_fit import fit_features

SIZE = 8
Floats = NDArray[np.float64]


def tokens(count: int = 20, size: int = SIZE, spread: float = 1.0, seed: int = 0) -> Any:
    """Queries, keys and values."""
    return np.random.default_rng(seed).normal(0, spread, (3, count, size))


def features(count: int, seed: int = 1, **options: Any) -> FeatureMap:
    return random_features(SIZE, count, np.random.default_rng(seed), **options)


# --- write and read


def test_the_two_phases_are_the_closed_form() -> None:
    queries, keys, values = tokens()
    phi = features(64)
    state = tripartite_at_rest(SIZE, 64)
    for key, value in zip(phi(keys), values, strict=True):
        state = write_token(state, key, value)
    output, normaliser = linear_attention(phi(queries), phi(keys), values)
    for t, query in enumerate(phi(queries)):
        read, total = read_token(state, query)
        np.testing.assert_allclose(read, output[t], rtol=1e-12, atol=1e-13)
        assert total == pytest.approx(normaliser[t], rel=1e-12)


def test_writing_leaves_the_state_before_as_it_was() -> None:
    rest = tripartite_at_rest(2, 3)
    write_token(rest, np.ones(3), np.ones(2))
    assert not rest.synapses.any()
    assert not rest.calcium.any()


def test_one_token_is_read_back_whatever_the_query() -> None:
    _, keys, values = tokens()
    phi = features(16)
    state = write_token(tripartite_at_rest(SIZE, 16), phi(keys)[0], values[0])
    for query in phi(keys)[1:4]:
        np.testing.assert_allclose(read_token(state, query)[0], values[0], rtol=1e-12)


def test_many_features_tend_to_softmax_attention() -> None:
    queries, keys, values = tokens(spread=0.5)
    logits = queries @ keys.T / math.sqrt(SIZE)
    phi = features(100_000)
    output, normaliser = linear_attention(phi(queries), phi(keys), values)
    np.testing.assert_allclose(normaliser, np.exp(logits).sum(axis=1), rtol=0.02)
    np.testing.assert_allclose(output, softmax(logits, axis=1) @ values, atol=0.01)


@pytest.mark.parametrize(("make", "kind", "text"), [
    (lambda: read_token(tripartite_at_rest(2, 3), np.ones(3)), InputError,
     "read_token: the astrocyte has nothing to divide by; found 0.0; .* Write a token first"),
    (lambda: read_token(tripartite_at_rest(2, 3), np.ones(4)), TensorError, "does not fit"),
    (lambda: write_token(tripartite_at_rest(2, 3), np.ones(3), np.ones(3)), TensorError,
     r"do not fit the synapses; found \(3, 3\); expected \(2, 3\)"),
    (lambda: random_features(0, 4, np.random.default_rng(0)), InputError, "positive sizes"),
    (lambda: features(4)(np.ones((2, 5))), TensorError, r"expected \(\.\.\., 8\)"),
    (lambda: replace(features(4), offset=np.zeros(5)), TensorError, "do not go together"),
    (lambda: fit_features((features(4), features(4)), [], 1.0), CalibrationError,
     "nothing to fit"),
    (lambda: fit_features((features(4), features(4)), [(np.full((2, SIZE), 1e3),) * 2], 1.0),
     CalibrationError, "ran away while they were fitted"),
])
def test_what_does_not_fit_is_refused(make: Any, kind: type[NeuromorphError], text: str) -> None:
    with pytest.raises(kind, match=text):
        make()


# --- random features


def estimates(squared: float, count: int, trials: int, **options: Any) -> Floats:
    """Kernel estimates over their true value, for q = k with ‖q + k‖² as given."""
    query = np.full(SIZE, math.sqrt(squared / (4 * math.sqrt(SIZE))))
    maps = [features(count, seed, **options)(query) for seed in range(trials)]
    exact = math.exp(query @ query / math.sqrt(SIZE))
    return np.array([(phi * phi).mean() / exact for phi in maps])


@pytest.mark.parametrize(("squared", "count"), [(0.5, 100), (2.0, 500)])
def test_the_noise_of_one_kernel_is_as_predicted(squared: float, count: int) -> None:
    found = estimates(squared, count, 1500)
    assert found.mean() == pytest.approx(1, abs=0.01)
    assert found.std() == pytest.approx(kernel_deviation(squared, count), rel=0.08)


def test_the_published_deviations() -> None:
    assert kernel_deviation(2, 1_000) == pytest.approx(0.080, abs=5e-4)
    assert kernel_deviation(2, 100_000) == pytest.approx(0.0080, abs=5e-5)


def test_orthogonal_rows_stand_at_right_angles_and_estimate_the_same_kernel() -> None:
    products = (rows := features(SIZE, orthogonal=True).weights) @ rows.T
    np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-12)
    assert features(2 * SIZE + 3, orthogonal=True).count == 2 * SIZE + 3
    found = estimates(1.0, 64, 500, orthogonal=True)
    assert found.mean() == pytest.approx(1, abs=0.02)
    assert found.std() < kernel_deviation(1.0, 64)


# --- features that have seen data


def skewed() -> tuple[Floats, Floats, Floats]:
    """Queries and keys off centre, and long where the other is short."""
    queries, keys, values = tokens(200)
    stretch = np.geomspace(3, 1 / 3, SIZE)
    return queries * stretch + 0.5, keys / stretch - 1, values


def squared_norm(for_queries: FeatureMap, for_keys: FeatureMap, q: Floats, k: Floats) -> float:
    total = for_queries.place(q)[:, None] + for_keys.place(k)
    return float((total**2).sum(axis=-1).mean())


def test_aligned_features_stand_for_the_same_attention() -> None:
    """The mean over W is known: its logarithm differs from the logits by a constant a query."""
    queries, keys, _ = skewed()
    base = features(3)
    for_queries, for_keys = align_features(base, queries, keys)
    tilt = (for_keys.weights - base.weights)[0]
    expected = for_queries.place(queries) @ for_keys.place(keys).T + for_keys.place(keys) @ tilt
    difference = expected - queries @ keys.T / math.sqrt(SIZE)
    np.testing.assert_allclose(difference - difference[:, :1], 0, atol=1e-9)


def test_what_hardly_varies_counts_as_a_thousandth_of_the_mean_variance() -> None:
    """With covariances of known diagonals, B is the fourth root of their quotient."""
    length_q, length_k = np.arange(1.0, SIZE + 1), np.linspace(3.0, 0.0, SIZE)
    queries, keys = (np.concatenate([np.diag(a), -np.diag(a)]) for a in (length_q, length_k))
    base = features(3)
    for_queries, for_keys = align_features(base, queries, keys)
    spread_q, spread_k = (2 * a**2 / (2 * SIZE - 1) for a in (length_q, length_k))
    stretch = ((spread_k + 1e-3 * spread_k.mean()) / (spread_q + 1e-3 * spread_q.mean())) ** 0.25
    np.testing.assert_allclose(for_queries.transform, np.diag(stretch) @ base.transform,
                               rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(for_keys.transform, np.diag(1 / stretch) @ base.transform,
                               rtol=1e-6, atol=1e-12)


def test_aligned_vectors_are_shorter() -> None:
    queries, keys, _ = skewed()
    base = features(3)
    assert squared_norm(*align_features(base, queries, keys), queries, keys) < (
        0.7 * squared_norm(base, base, queries, keys))


def test_the_gradient_is_that_of_the_loss() -> None:
    queries, keys, _ = tokens(6)
    maps = features(5, 1), features(5, 2)
    target = softmax(queries @ keys.T, axis=1)

    def loss(pair: tuple[FeatureMap, FeatureMap]) -> float:
        weights = pair[0](queries) @ pair[1](keys).T
        shares = weights / weights.sum(axis=1, keepdims=True)
        return float(-(target * np.log(shares)).sum(axis=1).mean())

    slopes = feature_fit._gradients(maps, (queries, keys), 1.0)
    for which, name, slope in ((0, "weights", slopes[0]), (0, "offset", slopes[1]),
                               (1, "weights", slopes[2]), (1, "offset", slopes[3])):
        for place in ((0,) * slope.ndim, (-1,) * slope.ndim):
            nudge = np.zeros_like(slope)
            nudge[place] = 1e-6
            ends = []
            for sign in (1, -1):
                pair = list(maps)
                pair[which] = replace(pair[which], **{
                    name: getattr(pair[which], name) + sign * nudge})
                ends.append(loss((pair[0], pair[1])))
            assert slope[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-9)


# --- a trained head


def digits_head(images: slice, head: int = 0) -> list[tuple[Floats, Floats, Floats]]:
    """Queries, keys and values of the packaged model's first layer, by image."""
    vit, seen = DigitsViT.load(), []

    def watch(layer: int, q: Any, k: Any, v: Any) -> Any:
        if layer == 0:
            seen.extend(zip(*(a[:, head].astype(np.float64) for a in (q, k, v)), strict=True))
        return softmax_attention(layer, q, k, v)

    vit.logits(load_split().test.images[images], watch)
    return seen


def test_the_normaliser_of_a_trained_head_comes_out_with_more_features() -> None:
    q, k, v = digits_head(slice(0, 1))[0]
    exact = np.exp(q @ k.T / math.sqrt(q.shape[1])).sum(axis=1)
    errors = []
    for count in (1_000, 100_000):
        phi = random_features(q.shape[1], count, np.random.default_rng(0))
        errors.append(np.median(np.abs(linear_attention(phi(q), phi(k), v)[1] / exact - 1)))
    assert errors[1] < errors[0] / 3
    assert errors[1] < 0.1


def output_error(maps: tuple[FeatureMap, FeatureMap], head: Any) -> float:
    errors = []
    for q, k, v in head:
        target = softmax(q @ k.T / math.sqrt(q.shape[1]), axis=1) @ v
        output = linear_attention(maps[0](q), maps[1](k), v)[0]
        errors.append(np.linalg.norm(output - target) / np.linalg.norm(target))
    return float(np.mean(errors))


def test_learned_features_beat_as_many_random_ones_on_unseen_images() -> None:
    calibration, test = digits_head(slice(0, 32)), digits_head(slice(100, 116))
    size = test[0][0].shape[1]
    random = random_features(size, 32, np.random.default_rng(0))
    learned = fit_features((random, random), [(q, k) for q, k, _ in calibration],
                           1 / math.sqrt(size))
    assert output_error(learned, test) < 0.5 * output_error((random, random), test)
