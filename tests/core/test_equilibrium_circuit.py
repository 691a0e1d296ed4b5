"""Two layers that settle and learn by two nudges: the network, and its closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph import backends
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
from neuromorph.errors import TensorError, UsageError
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


@pytest.mark.parametrize(("backend", "count"), [("reference", 20), ("fast", 60), ("lava", 6)])
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
