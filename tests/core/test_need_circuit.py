"""A layer whose errors regulate its rate: the network, and its closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorph import backends
from neuromorph.api.circuits.need import CONSTANTS, Settings, check, learn
from neuromorph.circuits.need import PROBES, Layer, Lesson, Need, build, read, stimulate
from neuromorph.circuits.need.numbers import FASTEST
from neuromorph.compile.ranges.prove import prove_ranges_of
from neuromorph.errors import DisagreementError, UsageError
from neuromorph.network import verify


@pytest.mark.parametrize(("backend", "count"), [("reference", 40), ("fast", 200), ("lava", 15)])
@pytest.mark.parametrize("regulated", [True, False])
def test_the_circuit_is_its_closed_form(backend: str, count: int, regulated: bool) -> None:
    """Also where weights are at their ends: lessons here are strong, and all of one kind."""
    numbers, rng = Need(5, 3, 7, regulated, slowness=FASTEST), np.random.default_rng(0)
    layer, lessons, sums, rates = Layer(numbers), [], [], []
    for number in range(count):
        features, wrong = rng.integers(2, 255, 5), bool(rng.random() < number / count)
        error = rng.integers(-127, 128, 3) if number % 3 else np.array([127, -127, 0])
        sums.append(layer.ask(features))
        layer.teach(features, wrong, error)
        rates.append(layer.rate)
        lessons.append(Lesson(features, wrong, np.maximum(error, 0), np.maximum(-error, 0)))
    inputs, steps = stimulate(numbers, lessons)
    found = backends.get(backend).run(build(numbers), inputs, PROBES, steps)
    said = read(found.spikes("sum"), found.spikes("rate"))
    assert np.array_equal(said.sums, sums)
    assert (said.rates == np.array(rates)[:, None]).all()
    assert np.array_equal(found.synapses["weights"][0], layer.weights)
    assert (max(rates) > 7) == regulated


def test_it_is_verified_and_its_neurons_are_proved() -> None:
    network = build(Need(64, 10))
    verify(network)
    bounds = prove_ranges_of(network).bounds
    assert {b.status for b in bounds if (b.where, b.accumulator) != ("rate", "potential")
            and b.accumulator != "learning"} == {"proved"}


def test_errors_raise_the_rate_and_a_planted_fault_is_found() -> None:
    numbers = Need(64, 10)
    calm, shifted = (learn(numbers, Settings(images=100, passes=3, swaps=swaps), 0)
                     for swaps in (0, 4))
    assert shifted.rates[100:].mean() > 2 * calm.rates[100:].mean()
    check(shifted, "reference")
    shifted.layer.weights[3, 5] += 1
    with pytest.raises(DisagreementError, match="is not what its closed form is"):
        check(shifted, "reference")


def test_it_is_near_the_best_constant_with_exchanges_and_without() -> None:
    """It is better than the constant that it begins at, not than the best one."""
    for swaps in (0, 8):
        settings = Settings(swaps=swaps)
        own = learn(Need(64, 10), settings, 0).accuracy
        constant = {rate: learn(Need(64, 10, rate, False), settings, 0).accuracy
                    for rate in CONSTANTS}
        assert own > max(constant.values()) - 0.05
        assert own > constant[4]


@pytest.mark.parametrize("wrong", [{"features": 0}, {"base": 128}, {"slowness": 18},
                                   {"base": True}])
def test_a_layer_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="makes no layer"):
        Need(**{"features": 2, "neurons": 2} | wrong)
