"""Guesses of logits in a few dimensions, and the margins that keep a mass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorph.api.circuits.digits_head import one_head
from neuromorph.api.circuits.key_gate import fitted
from neuromorph.circuits.key_gate import open_gates
from neuromorph.errors import TensorError, UsageError
from neuromorph.papers.ftwt import fit_predictor, margin_of_mass
from neuromorph.translate import Sample
from neuromorph.translate.fidelity import float_attention


def data(rank: int = 8, size: int = 8, count: int = 200) -> tuple[Any, Any]:
    """Queries and keys that meet in so few dimensions."""
    rng = np.random.default_rng(0)
    axes = rng.normal(size=(rank, size)) / np.sqrt(size)
    return (rng.normal(size=(count, rank)) @ axes,
            rng.normal(size=(count, rank)) @ axes + rng.normal(size=size))


@pytest.mark.parametrize(("rank", "of"), [(8, 8), (3, 3)])
def test_as_many_dimensions_as_there_are_are_the_product(rank: int, of: int) -> None:
    queries, keys = data(of)
    guess = fit_predictor(queries, keys, rank, 127)
    found = guess.unit**2 * guess.of_queries(queries) @ guess.of_keys(keys).T
    exact = queries @ (keys - keys.mean(axis=0)).T
    assert np.abs(found - exact).max() < 0.08 * exact.std()
    assert max(np.abs(guess.of_queries(queries)).max(), np.abs(guess.of_keys(keys)).max()) == 127


def test_the_guess_gets_better_with_each_dimension() -> None:
    queries, keys = data()
    exact = queries @ (keys - keys.mean(axis=0)).T
    errors = []
    for rank in range(1, 9):
        guess = fit_predictor(queries, keys, rank, 127)
        errors.append(np.linalg.norm(
            guess.unit**2 * guess.of_queries(queries) @ guess.of_keys(keys).T - exact))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.1 * errors[0]


def test_margins_by_hand() -> None:
    behind = np.array([0, 3, 1, -1, 0, 9])
    weights = np.array([0.5, 0.2, 0.3, 0.0, 0.9, 0.1])  # of two queries
    found = [margin_of_mass(behind, weights, 2, keep, 5) for keep in (0.1, 0.85, 0.9, 0.95, 1)]
    assert [margin for margin, _ in found] == [1, 1, 3, 3, 5]
    assert [kept for _, kept in found] == pytest.approx([0.85, 0.85, 0.95, 0.95, 0.95])


def test_a_fitted_gate_keeps_the_mass_of_what_it_was_fitted_on() -> None:
    rng = np.random.default_rng(3)
    queries, keys, values = (rng.normal(size=(2, 60, 12)) for _ in range(3))
    sample = one_head(Sample(queries, keys, values, np.tri(60, dtype=bool)), 1)
    guess, gate = fitted([sample], 8, 7, 0.9)
    opened = open_gates(gate, guess.of_queries(sample.queries[0]), sample.mask)
    weights = float_attention(sample)[0][0]
    assert (weights * opened).sum(axis=1).mean() >= 0.9 - 1e-9
    assert opened[sample.mask].mean() < 0.9


@pytest.mark.parametrize(("queries", "keys", "rank", "limit", "error", "words"), [
    (np.zeros((0, 3)), np.zeros((2, 3)), 1, 7, TensorError, "queries do not fit"),
    (np.zeros((2, 3)), np.zeros((2, 4)), 1, 7, TensorError, "keys do not fit"),
    (np.zeros((2, 3)), np.full((2, 3), np.nan), 1, 7, TensorError, "keys hold NaN"),
    (np.ones((2, 3)), np.ones((2, 3)), 4, 7, UsageError, "no such rank of a predictor"),
    (np.ones((2, 3)), np.ones((2, 3)), 0, 7, UsageError, "expected 1 to 3"),
    (np.ones((2, 3)), np.ones((2, 3)), 1, 128, UsageError, "no such limit"),
])
def test_predictors_that_are_none(queries: Any, keys: Any, rank: int, limit: int,
                                  error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        fit_predictor(queries, keys, rank, limit)


def test_keys_that_are_all_alike_are_all_as_good() -> None:
    guess = fit_predictor(np.ones((4, 3)), np.ones((4, 3)), 2, 7)
    assert np.array_equal(guess.of_keys(np.ones((2, 3))), np.zeros((2, 2)))
