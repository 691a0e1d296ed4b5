"""Equilibrium propagation: orders of its estimator, and the homeostasis of its weights."""

from math import pi

import numpy as np
import pytest

from examples.papers.laborieux import homeostasis_rows, order_rows
from neuromorph.errors import UsageError
from neuromorph.papers.equilibrium import (
    activation,
    asymmetry,
    contrast,
    draw,
    gradients,
    homeostatic,
    recurrent_backprop,
    relax,
    slope,
)

SIZES = (6, 5, 4, 3)


def _rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_the_paper_s_orders_and_its_homeostatic_loss() -> None:
    missed = [row for row in order_rows() + homeostasis_rows() if row.ok is False]
    assert missed == []


def test_a_state_at_rest_is_a_fixed_point() -> None:
    weights = draw(SIZES, 0.3, 0.7, _rng())
    inputs = _rng().random((7, 6))
    free = relax(weights, inputs, steps=200)
    first, second = activation(free.first), activation(free.second)
    np.testing.assert_allclose(free.first, inputs @ weights.into + second @ weights.back)
    np.testing.assert_allclose(free.second, first @ weights.forward)
    assert free.residual < 1e-12


def test_the_slope_is_that_of_the_activation() -> None:
    at = np.linspace(-1, 2, 31)
    by_difference = (activation(at + 1e-6) - activation(at - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope(activation(at)), by_difference, atol=1e-8)


@pytest.mark.parametrize("name", ["into", "forward", "readout", "second_bias"])
def test_the_adjoint_is_the_gradient_of_the_loss(name: str) -> None:
    """Against a finite difference of each weight; forward with back held."""
    weights = draw(SIZES, 0.8, 0.7, _rng())
    inputs, target = _rng().random((4, 6)), np.eye(3)[[0, 1, 2, 1]]

    def loss() -> float:
        second = activation(relax(weights, inputs, steps=200).second)
        logits = second @ weights.readout
        return float((np.log(np.exp(logits).sum(axis=1)) - (logits * target).sum(axis=1)).mean())

    free = relax(weights, inputs, steps=200)
    found = dict(gradients(inputs, target, weights, free,
                           recurrent_backprop(weights, target, free)).named())[name]
    array = dict(weights.named())[name]
    for place in np.ndindex(array.shape):
        held = array[place]
        array[place] = held + 1e-5
        above = loss()
        array[place] = held - 1e-5
        below = loss()
        array[place] = held
        assert found[place] == pytest.approx((above - below) / 2e-5, abs=1e-8)


def test_two_nudges_of_symmetric_weights_estimate_the_adjoint() -> None:
    weights = draw(SIZES, 0.0, 0.7, _rng())
    inputs, target = _rng().random((4, 6)), np.eye(3)[[0, 1, 2, 1]]
    free = relax(weights, inputs, steps=200)
    exact = recurrent_backprop(weights, target, free)
    found = contrast(weights, inputs, target, free, nudge=0.01, phases=2, steps=200)
    for one, other in zip(found, exact, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_homeostasis_aligns_the_weights() -> None:
    rng = _rng()
    weights = draw(SIZES, pi / 2, 1.0, rng)
    before = asymmetry(weights)
    for _ in range(200):
        forward, back = homeostatic(weights, 20, rng)
        weights.forward -= 0.02 * forward
        weights.back -= 0.02 * back
    assert asymmetry(weights) < before / 100


def test_a_nudge_needs_a_target() -> None:
    weights = draw(SIZES, 0.0, 0.7, _rng())
    with pytest.raises(UsageError, match="cannot be relaxed") as told:
        relax(weights, np.zeros((1, 6)), nudge=0.1)
    assert "a target for a nudge" in str(told.value)
