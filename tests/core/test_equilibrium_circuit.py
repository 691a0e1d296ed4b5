"""Two layers that settle and learn by two nudges: the network, and its closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.equilibrium import Settings, check, first_weights, lay
from neuromorph.circuits.equilibrium import (
    PERIOD,
    PROBES,
    TOP,
    Equilibrium,
    Layers,
    Sample,
    build,
    learn_rule,
    read,
    stimulate,
)
from neuromorph.circuits.equilibrium.numbers import FASTEST, LEARN_AT
from neuromorph.compile.ranges.prove import prove_ranges_of
from neuromorph.errors import DisagreementError, TensorError, UsageError
from neuromorph.learning.draws import make_draws
from neuromorph.learning.step import rest, step_plastic_fixed
from neuromorph.network import verify

Ints = NDArray[np.int64]


def small(seed: int, slowness: int = FASTEST) -> Equilibrium:
    rng = np.random.default_rng(seed)
    into, forward, back = (2 * rng.integers(-20, 25, shape).astype(np.int32)
                           for shape in ((4, 5), (3, 4), (4, 3)))
    return Equilibrium(into, forward, back, slowness)


def course(numbers: Equilibrium, count: int) -> tuple[list[Sample], Ints, list[Ints], Layers]:
    """Samples with strong nudges, of which every fifth only asks."""
    rng, layers = np.random.default_rng(0), Layers(numbers)
    samples, answers, contrasts = [], [], []
    for number in range(count):
        pixels = rng.integers(0, TOP + 1, numbers.inputs) * rng.integers(0, 2, numbers.inputs)
        nudge = None if number % 5 == 4 else rng.integers(-TOP, TOP + 1, numbers.second)
        answers.append(layers.ask(pixels))
        layers.nudge(nudge)
        contrasts.append(np.concatenate(layers.contrast))
        samples.append(Sample(pixels, nudge))
    return samples, np.array(answers), contrasts, layers


@pytest.mark.parametrize(("backend", "count"), [("reference", 6), ("fast", 60), ("lava", 4)])
def test_the_circuit_is_its_closed_form(backend: str, count: int) -> None:
    numbers = small(1)
    samples, answers, contrasts, layers = course(numbers, count)
    inputs, steps = stimulate(numbers, samples)
    found = backends.get(backend).run(build(numbers), inputs, PROBES, steps)
    assert np.array_equal(read(found.spikes("second")), answers)
    sides = {side: np.concatenate([found.spikes(f"{layer}_{side}") for layer in (
        "first", "second")], axis=1)[LEARN_AT::PERIOD] for side in ("more", "less")}
    assert np.array_equal(sides["more"].astype(int) - sides["less"], contrasts)
    for name, tags in layers.tags.items():
        weights, found_tags = found.synapses[name]
        assert np.array_equal(weights, layers.weights[name])
        assert np.array_equal(found_tags, tags)
        assert (weights != getattr(numbers, name)).any()


def test_a_weight_and_its_tag_are_one_number() -> None:
    """Every tag, the largest lessons, either draw: nothing is lost, and the tag is small again."""
    tags, rule = np.arange(-63, 64), learn_rule(FASTEST)
    for more, less in ((0, 0), (127, 0), (0, 127), (5, 0)):
        for draw in (0.0, 1 - 2**-53):
            draws = make_draws(0, PERIOD, 1)._replace(synapse=np.full(PERIOD, draw))
            third = np.array([[more], [less], [0]])
            state = rest(np.zeros((1, len(tags)), int), "fixed")._replace(tags=tags[None])
            state = step_plastic_fixed(rule, state, np.full(len(tags), TOP), np.zeros(1), third,
                                       step=LEARN_AT, draws=draws)
            taught = state.tags
            assert np.abs(taught - tags - (less - more) * 127 / 2**7).max() <= 1
            assert not state.weights.any()
            state = step_plastic_fixed(rule, state, np.zeros(len(tags)), np.zeros(1), 0 * third,
                                       step=PERIOD - 1, draws=draws)
            tied = np.abs(taught) == 64  # a half, which the draw makes 0 or 1
            assert np.array_equal((128 * state.weights + state.tags)[~tied], taught[~tied])
            assert np.abs(state.tags).max() <= 63


def test_it_is_verified_and_its_neurons_are_proved() -> None:
    network = build(small(0))
    verify(network)
    bounds = prove_ranges_of(network).bounds
    assert {b.status for b in bounds if b.accumulator != "learning"} == {"proved"}


def test_a_sample_that_only_asks_teaches_nothing() -> None:
    """Also where layers never settle: two neurons that silence and wake each other."""
    one, strong = np.array([[128]]), np.array([[254]])
    layers = Layers(Equilibrium(one, -strong, strong))
    for pixels in ([254], [100], [17]):
        layers.ask(np.array(pixels))
        layers.nudge(None)
    assert not any(tags.any() for tags in layers.tags.values())


def test_clearing_forgets_the_last_sample() -> None:
    numbers, rng = small(2), np.random.default_rng(0)
    asked = rng.integers(0, TOP + 1, numbers.inputs)
    answers = []
    for earlier in (np.zeros(numbers.inputs, int), np.full(numbers.inputs, TOP)):
        layers = Layers(numbers)
        layers.ask(earlier)
        layers.nudge(None)
        layers.weights = {name: getattr(numbers, name).astype(int) for name in layers.weights}
        answers.append(layers.ask(asked))
    assert np.abs(answers[0] - answers[1]).max() <= 1


SMALL = Settings(images=40, passes=10, tests=5)


def test_digits_are_learned_and_a_planted_fault_is_found() -> None:
    course = lay(SMALL, first_weights(SMALL, 0), 0)
    assert course.passes[-3:].mean() > course.passes[:3].mean() + 0.15
    check(course, "fast")
    course.layers.tags["back"][3, 5] += 1
    with pytest.raises(DisagreementError, match="is not what its closed form is"):
        check(course, "fast")


@pytest.mark.parametrize(("changed", "error", "message"), [
    ({"into": np.full((4, 5), 3)}, TensorError, "do not fit a synapse"),
    ({"into": np.full((4, 5), 256)}, TensorError, "do not fit a synapse"),
    ({"into": np.zeros((4, 5))}, TensorError, "wrong shape or type"),
    ({"back": np.zeros((4, 2), int)}, TensorError, "layers do not fit"),
    ({"slowness": 3}, UsageError, "no such slowness"),
    ({"slowness": 8}, UsageError, "no such slowness"),
])
def test_layers_that_are_none_are_refused(
    changed: dict[str, Any], error: type[Exception], message: str
) -> None:
    numbers = small(0)
    given = {name: getattr(numbers, name) for name in ("into", "forward", "back")}
    with pytest.raises(error, match=message):
        Equilibrium(**given | changed)
