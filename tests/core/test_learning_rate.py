"""Learning rates that regulate themselves, step by step."""

import numpy as np
import pytest

from examples.papers.man_digits import WAYS, accuracy
from neuromorph.errors import UsageError
from neuromorph.papers.learning_rate import (
    LEAST_RATE,
    ErrorTrace,
    Net,
    homeostatic,
    moved,
    need,
)

STEP = 2.0**-4


def test_thirty_batches_by_hand() -> None:
    """What moved, in steps of 1/16 from 4 of them; at the floor the next step up is from 1e-8."""
    labels = [5, 9, 0, 4, 7, 2, 1, 3, 0, 6] * 3
    better = [True, False, True, True, True, True, True, True, True, True] * 3
    rate, rates = 4 * STEP, []
    for label, take in zip(labels, better, strict=True):
        rate = homeostatic(rate, label=label, step=STEP, leave=0.5, take=0.6 if take else 0.5)
        rates.append(rate)
    floor = LEAST_RATE
    expected = [5, 5, 4, 3, 4, 3, 2, 1, 0, 1, 2, 2, 1, 0, 1, 0, 0, 0, 0, 1, 2, 2, 1, 0, 1, 0, 0, 0,
                0, 1]
    np.testing.assert_allclose(rates, np.maximum(np.array(expected) * STEP, floor), atol=1e-7)
    assert min(rates) == floor


def test_need_is_of_classes_and_rates_stay_above_nothing() -> None:
    assert [need(label, 0.1) for label in (0, 4, 5, 9)] == [-0.1, -0.1, 0.1, 0.1]
    assert moved(0.05, -0.1) == LEAST_RATE


def test_an_error_s_trace_raises_the_rate_and_lets_it_fall() -> None:
    trace = ErrorTrace(0.01)
    assert trace.see(0.0) == 0.01
    risen = [trace.see(1.0) for _ in range(200)]
    assert np.all(np.diff(risen) >= 0)
    assert risen[-1] == pytest.approx(0.3)
    assert trace.see(0.0) < risen[-1]


@pytest.mark.parametrize("least", [0.0, -1.0, float("nan"), float("inf")])
def test_a_trace_needs_a_rate(least: float) -> None:
    with pytest.raises(UsageError, match="must be above 0"):
        ErrorTrace(least)


def test_gradients_are_those_of_the_cross_entropy() -> None:
    rng = np.random.default_rng(1)
    net = Net.new((5, 4, 3), rng)
    images, labels = rng.standard_normal((6, 5)), rng.integers(0, 3, 6)

    def loss() -> float:
        logits = net.scores(images)[-1]
        return float((np.log(np.exp(logits).sum(axis=1))
                      - logits[np.arange(6), labels]).sum())

    found = net.gradients(net.scores(images), labels)
    for array, slope in zip(net.weights + net.biases, found.weights + found.biases, strict=True):
        for place in np.ndindex(array.shape):
            held = array[place]
            array[place] = held + 1e-5
            above = loss()
            array[place] = held - 1e-5
            assert slope[place] == pytest.approx((above - loss()) / 2e-5, abs=1e-6)
            array[place] = held


@pytest.mark.parametrize("way", WAYS)
def test_every_way_learns_digits_whose_names_stay(way: str) -> None:
    assert accuracy(way, 0, 2, 0) > 0.5
