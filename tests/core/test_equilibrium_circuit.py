"""Two layers that settle and learn by two nudges: the network, and its closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.equilibrium import (
    Settings,
    check,
    draw_noise,
    first_weights,
    lay,
    learn_in_floats,
)
from neuromorph.circuits.equilibrium import (
    NOISE_MAX,
    PERIOD,
    PROBES,
    TOP,
    Equilibrium,
    Layers,
    Noise,
    Sample,
    aligning_rate,
    build,
    learn_rule,
    read,
    stimulate,
)
from neuromorph.circuits.equilibrium.numbers import FASTEST, LEARN_AT, SLOWEST
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


def course(
    numbers: Equilibrium, count: int
) -> tuple[list[Sample | Noise], Ints, list[Ints], Layers]:
    """Samples with strong nudges, of which every fifth only asks, and two of five are noise."""
    rng, layers = np.random.default_rng(0), Layers(numbers)
    samples: list[Sample | Noise] = []
    answers, contrasts = [], []
    for number in range(count):
        if number % 5 in (1, 2):
            noise = (Noise("first", rng.integers(-NOISE_MAX, NOISE_MAX + 1, numbers.first))
                     if number % 5 == 1 else
                     Noise("second", rng.integers(-NOISE_MAX, NOISE_MAX + 1, numbers.second)))
            answers.append(layers.shake(noise))
            contrasts.append(np.concatenate(layers.contrast))
            samples.append(noise)
            continue
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
        assert (weights != getattr(numbers, name)).any() or found_tags.any()


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


@pytest.mark.parametrize("slowness", [FASTEST, SLOWEST])
def test_it_is_verified_and_proved(slowness: int) -> None:
    network = build(small(0, slowness))
    verify(network)
    assert {b.status for b in prove_ranges_of(network).bounds} == {"proved"}


def test_the_least_weight_stays_where_it_is() -> None:
    """Adding the signs the other way round would clip -256 - 1/2, and bring it up."""
    rule, least = learn_rule(FASTEST), np.full((1, 3), -256)
    state = rest(least, "fixed")._replace(tags=np.array([[-63, 0, 63]]))
    draws = make_draws(0, PERIOD, 1)._replace(synapse=np.zeros(PERIOD))
    state = step_plastic_fixed(rule, state, np.zeros(3), np.zeros(1), np.zeros((3, 1)),
                               step=PERIOD - 1, draws=draws)
    assert np.array_equal(state.weights, least)


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


def shaken(numbers: Equilibrium, noises: list[Noise]) -> dict[str, NDArray[np.float64]]:
    """By how much noise alone moves weights of each name, in weights."""
    layers = Layers(numbers)
    for noise in noises:
        layers.shake(noise)
    return {name: layers.weights[name] - getattr(numbers, name) + layers.tags[name] / 128
            for name in layers.weights}


def weak(seed: int, units: int) -> Equilibrium:
    """Weights with which nothing is cut off."""
    rng = np.random.default_rng(seed)
    forward, back = (2 * rng.integers(-15, 16, (units, units)).astype(np.int32) for _ in range(2))
    return Equilibrium(np.full((units, 1), 100, np.int32), forward, back, FASTEST)


@pytest.mark.parametrize("layer", ["first", "second"])
def test_two_samples_of_noise_are_a_local_phase(layer: Any) -> None:
    """dW = -W e e^T and dB = e (W e)^T, up to whole steps of a tag; the pixels' weights stay."""
    numbers, rng = weak(0, 8), np.random.default_rng(1)
    noise = Noise(layer, rng.integers(-NOISE_MAX, NOISE_MAX + 1, 8))
    moved = shaken(numbers, [noise, noise.turned])
    own, other = ("forward", "back") if layer == "first" else ("back", "forward")
    e, weights = noise.values / NOISE_MAX, getattr(numbers, own)
    response = aligning_rate(FASTEST) * np.outer(weights @ e, e)
    assert np.abs(response).max() > 0.15
    for found in (moved[own] + response, moved[other] - response.T):
        ties = np.abs(np.abs(found) - 0.5) < 0.03  # a tag of just 64: the draw has it 0 or 1
        assert np.abs(found[~ties]).max() < 0.03
        assert ties.mean() < 0.05
    assert not moved["into"].any()


def test_noise_in_both_layers_is_half_the_gradient_of_asymmetry() -> None:
    """And nothing moves in the mean where weights are symmetric already."""
    rng, numbers, draws = np.random.default_rng(0), weak(2, 8), 100
    symmetric = Equilibrium(numbers.into, numbers.forward, numbers.forward.T, FASTEST)
    moved, still = (np.zeros((8, 8)) for _ in range(2))
    for _ in range(draws):
        noises = list(draw_noise(8, rng))
        moved += shaken(numbers, noises)["forward"] / draws
        still += shaken(symmetric, noises)["forward"] / draws
    slope = aligning_rate(FASTEST) * (numbers.forward - numbers.back.T)
    assert -(moved * slope).sum() / np.linalg.norm(moved) / np.linalg.norm(slope) > 0.97
    assert -(moved * slope).sum() / (slope**2).sum() == pytest.approx(1, abs=0.1)
    assert np.linalg.norm(still) < 0.3 * np.linalg.norm(moved)


def test_noise_makes_strong_weights_no_stronger() -> None:
    """Layers that excite each other fourfold would keep and raise whatever is left of a sample."""
    strong = 32 * np.ones((8, 8), np.int32)
    numbers, rng = Equilibrium(np.zeros((8, 1), np.int32), strong, strong, FASTEST), (
        np.random.default_rng(0))
    moved = shaken(numbers, [noise for _ in range(20) for noise in draw_noise(8, rng)])
    assert np.abs(moved["forward"].mean()) < 0.1 * strong.mean()
    assert np.abs(moved["back"].mean()) < 0.1 * strong.mean()


def test_floats_align_as_fast_as_integers() -> None:
    few = Settings(units=8, images=20, passes=4, tests=1, homeostasis=1)
    none = Settings(units=8, images=20, passes=4, tests=1, homeostasis=0)
    found = {name: lay(settings, first_weights(settings, 0), 0).cosine
             for name, settings in (("noise", few), ("none", none))}
    assert found["noise"] > found["none"] + 0.1
    assert learn_in_floats(few, first_weights(few, 0), 0)[0].shape == (4,)


SMALL = Settings(images=40, passes=10, tests=5, homeostasis=100)


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


def test_noise_that_is_none_is_refused() -> None:
    with pytest.raises(TensorError, match="beyond what a neuron's contrast holds"):
        Noise("first", np.array([0, -NOISE_MAX - 1]))
    with pytest.raises(UsageError, match="no such layer"):
        Noise("third", np.zeros(2, int))  # type: ignore[arg-type]
