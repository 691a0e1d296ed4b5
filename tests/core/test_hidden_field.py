"""Binary synapses with a hidden field: theory, the rule's integers, and a layer that learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from examples.papers.hidden_field import gradient_row, theory_rows
from neuromorph import backends
from neuromorph.api.circuits.hidden_field import Settings, check, lay, run
from neuromorph.circuits.hidden_field import (
    FIELD_MAX,
    PROBES,
    TEACH_MAX,
    HiddenField,
    Lesson,
    Synapses,
    build,
    field_rule,
    read,
    stimulate,
)
from neuromorph.compile.passes import compile_units
from neuromorph.compile.program import Unit
from neuromorph.compile.ranges.prove import prove_ranges_of
from neuromorph.errors import DisagreementError, UsageError
from neuromorph.learning.draws import make_draws
from neuromorph.learning.step import rest, step_plastic_fixed
from neuromorph.network import verify
from neuromorph.papers.hidden_field import Anchor, error_against, error_of_the_sign, learn_fields
from neuromorph.profiles import load_profile
from neuromorph.progress import silent

Ints = NDArray[np.int64]


def test_theory_and_gradient_are_those_of_the_notes() -> None:
    for found in [*theory_rows(), gradient_row()]:
        assert found.ok, found


@pytest.mark.parametrize("load", [0.0, -1.0, float("nan"), float("inf")])
def test_a_load_that_is_none_is_refused(load: float) -> None:
    with pytest.raises(UsageError, match="a load is patterns a synapse"):
        error_of_the_sign(load)


def test_an_anchor_keeps_the_first_task() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.choice([-1, 1], (2, 60))
    inputs = rng.choice([-1.0, 1.0], (2, 120, 60))
    fields = learn_fields(np.zeros(60), inputs[0], np.sign(inputs[0] @ first + 0.5), steps=600)
    errors = [error_against(learn_fields(
        fields, inputs[1], np.sign(inputs[1] @ second + 0.5), steps=600,
        anchor=Anchor(fields, strength)), first) for strength in (0.0, 1.0, 100.0)]
    assert errors[0] > errors[1] + 0.1
    assert errors[2] == error_against(fields, first)


@pytest.mark.parametrize("gated", [True, False])
def test_no_lesson_takes_a_field_beyond_127(gated: bool) -> None:
    """Every field, every pair of lessons, either draw."""
    fields = np.arange(-FIELD_MAX, FIELD_MAX + 1)
    rule, draws = field_rule(1, gated=gated), make_draws(0, 1, 1)
    for more in (0, 1, 7, TEACH_MAX):
        for less in (0, 1, TEACH_MAX):
            third = np.array([[more], [less], [0]])
            for draw in (0.0, 1 - 2**-53):
                state = rest(np.full((1, len(fields)), 2), "fixed")._replace(tags=fields[None])
                after = step_plastic_fixed(
                    rule, state, np.ones(len(fields)), np.zeros(1), third, step=0,
                    draws=draws._replace(synapse=np.array([draw])))
                assert np.abs(after.tags).max() <= FIELD_MAX
                assert np.array_equal(after.weights[0], np.where(fields >= 0, 2, -2))


def test_a_certain_field_moves_less_and_never_stands_still_for_ever() -> None:
    numbers = HiddenField(3, 1)
    synapses = Synapses(numbers)
    full, none = np.array([TEACH_MAX]), np.array([0])
    synapses.fields[:] = [[0, 90, -125]]
    before = synapses.fields.copy()
    moved = np.zeros(3)
    for _ in range(200):
        synapses.fields = before.copy()
        synapses.teach(np.ones(3, int), full, none)
        moved += (synapses.fields - before)[0] / 200
    assert moved == pytest.approx([2.0, 2 * (1 - (90 / 128) ** 2), 2 * (1 - (125 / 128) ** 2)],
                                  abs=0.15)
    assert moved[2] > 0


def lessons_of(numbers: HiddenField, count: int, seed: int) -> tuple[list[Lesson], Ints, Synapses]:
    """Lessons for more and for less, some strong; every tenth sample only asks."""
    rng, synapses = np.random.default_rng(seed), Synapses(numbers)
    lessons, sums = [], []
    for number in range(count):
        features = rng.integers(0, 2, numbers.features)
        more, less = rng.integers(0, TEACH_MAX + 1, (2, numbers.neurons)) * np.array(
            rng.permutation([[1], [0]]))
        sums.append(synapses.ask(features))
        if number % 10 == 9:
            synapses.rest(1)
            lessons.append(Lesson(features))
        else:
            synapses.teach(features, more, less)
            lessons.append(Lesson(features, more, less))
    return lessons, np.array(sums), synapses


@pytest.mark.parametrize(("backend", "gated"), [
    ("reference", True), ("reference", False), ("fast", True), ("fast", False), ("lava", True)])
def test_the_circuit_is_its_closed_form(backend: str, gated: bool) -> None:
    numbers = HiddenField(9, 3, 6, gated)
    lessons, sums, synapses = lessons_of(numbers, 60, 1)
    inputs, steps = stimulate(numbers, lessons)
    found = backends.get(backend).run(build(numbers), inputs, PROBES, steps)
    weights, fields = found.synapses["binary"]
    assert np.array_equal(read(found.spikes("sum")), sums)
    assert np.array_equal(weights, synapses.weights)
    assert np.array_equal(fields, synapses.fields)
    assert set(np.unique(weights)) == {-64, 64}
    assert 0 < np.abs(fields).max() <= FIELD_MAX


def test_at_the_wall_the_circuit_is_its_closed_form() -> None:
    numbers = HiddenField(4, 1, gated=False)
    synapses, full, none = Synapses(numbers), np.array([TEACH_MAX]), np.array([0])
    lessons = []
    highest = 0
    for _ in range(80):
        lessons.append(Lesson(np.array([1, 1, 0, 1]), full, none))
        synapses.teach(lessons[-1].features, full, none)
        highest = max(highest, int(synapses.fields.max()))
    inputs, steps = stimulate(numbers, lessons)
    found = backends.get("reference").run(build(numbers), inputs, PROBES, steps)
    assert np.array_equal(found.synapses["binary"][1], synapses.fields)
    assert highest == 124  # 126 is seen by the wall only, which takes 4 off


def test_it_is_proved_verified_and_placed() -> None:
    for numbers in (HiddenField(200, 10), HiddenField(200, 10, 7, gated=False)):
        network = build(numbers)
        verify(network)
        assert {bound.status for bound in prove_ranges_of(network).bounds} == {"proved"}
    compiled = compile_units([Unit("field", build(HiddenField(64, 10)))],
                             load_profile("oheo_gulch"))
    assert compiled.program.cores == 1


SMALL = Settings(features=64, tasks=2, images=60, passes=1, tests=20)


def test_digits_are_learned_and_a_planted_fault_is_found() -> None:
    outcome = run(SMALL, backend="fast", seed=0, progress=silent)
    assert outcome.numbers["accuracy_just_learned"] > 0.3
    course = lay(SMALL, 0)
    course.synapses.fields[3, 5] += 1
    with pytest.raises(DisagreementError, match="is not what its closed form is"):
        check(course, "fast")


@pytest.mark.parametrize(("options", "message"), [
    ({"features": 0, "neurons": 1}, "no such number of features"),
    ({"features": 1, "neurons": True}, "no such number of neurons"),
    ({"features": 1, "neurons": 1, "exponent": 0}, "no such exponent"),
    ({"features": 1, "neurons": 1, "exponent": 8}, "no such exponent"),
])
def test_layers_that_are_none_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        HiddenField(**options)
