"""Equilibrium propagation: its estimator against recurrent backpropagation, its homeostasis."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from examples.papers.equilibrium import (
    NUDGES,
    PHASES,
    asymmetry_row,
    estimator,
    noise_rows,
    order_rows,
    train,
)
from neuromorph.errors import UsageError
from neuromorph.papers.equilibrium import (
    Net,
    activity,
    exact_error,
    gradients,
    homeostasis,
    homeostatic_step,
    nudged_error,
)


def test_orders_noise_and_asymmetry_are_those_of_the_notes() -> None:
    errors = {n: [estimator(n, beta, 0)[0] for beta in NUDGES] for n in PHASES}
    for found in (*order_rows(errors), *noise_rows(), asymmetry_row()):
        assert found.ok in (True, None), found


def test_recurrent_backpropagation_is_the_loss_slope_at_the_fixed_point() -> None:
    rng = np.random.default_rng(0)
    net = Net.new((5, 4, 3, 2), rng, scale=0.5, angle=40)
    inputs, labels = rng.random((6, 5)), np.eye(2)[rng.integers(0, 2, 6)]

    def loss() -> float:
        free = net.relax(net.rest(6), inputs, labels, 400)
        said = softmax(activity(free.u2) @ net.parameters["R"], axis=1)
        return -float(np.log((said * labels).sum(axis=1)).mean())

    free = net.relax(net.rest(6), inputs, labels, 400)
    assert net.residual(free, inputs, labels) < 1e-12
    found = gradients(net, free, inputs, labels, exact_error(net, free, labels))
    for name, parameter in net.parameters.items():
        place = (0,) * parameter.ndim
        held = parameter[place]
        ends = []
        for change in (1e-5, -1e-5):
            parameter[place] = held + change
            ends.append(loss())
        parameter[place] = held
        assert found[name][place] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-8), name


def test_homeostasis_by_noise_makes_the_weights_alike() -> None:
    rng = np.random.default_rng(1)
    net = Net.new((3, 6, 5, 2), rng)
    before = homeostasis(net)
    for _ in range(300):
        for name, slope in homeostatic_step(net, 5, rng).items():
            net.parameters[name] -= 0.3 * slope
    assert homeostasis(net) < 0.05 * before  # noise of five draws stays
    assert homeostasis(Net.new((3, 6, 5, 2), rng, angle=0)) == pytest.approx(0)


@pytest.mark.slow
def test_homeostasis_aligns_on_digits() -> None:
    free, held = train("EP", 0), train("EP + L_h", 0)
    assert held.alignment >= 0.9 > 0.6 >= free.alignment


def test_what_is_no_phase_is_refused() -> None:
    rng = np.random.default_rng(0)
    net = Net.new((3, 2, 2, 2), rng)
    inputs, labels = np.ones((1, 3)), np.eye(2)[:1]
    for phases, beta in ((0, 0.1), (2, 0.0)):
        with pytest.raises(UsageError, match="an error takes a nudge and a phase"):
            nudged_error(net, net.rest(1), inputs, labels, phases=phases, beta=beta, steps=1)
    with pytest.raises(UsageError, match="no such angle"):
        Net.new((3, 2, 2, 2), rng, angle=200)
