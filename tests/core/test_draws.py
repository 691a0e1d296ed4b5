"""The draws behind stochastic rounding: whose numbers, in which order, however long a run is."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorph.learning.draws import FIRST_DRAWS, SYNAPSE_SEED, DrawSupply, make_draws


@pytest.mark.parametrize("seed", [0, 11])
def test_a_step_draws_twice_and_one_is_drawn_before_the_first(seed: int) -> None:
    """Number by number, as lava-nc takes them from a stream a trace."""
    steps, draws = 5, make_draws(seed, 5, 2)
    for name, offset in (("x_decay", 0), ("y_decay", 2)):
        stream = np.random.default_rng(seed + offset)
        stream.random()
        pairs = [(stream.random(), stream.random()) for _ in range(steps)]
        assert getattr(draws, name).tolist() == [second for _, second in pairs]
    for names, offset in ((("x_impulse",), 1), (("y_impulse", "y_again"), 3)):
        stream = np.random.default_rng(seed + offset)
        stream.integers(0, 128)
        pairs = [(stream.integers(0, 128), stream.integers(0, 128)) for _ in range(steps)]
        assert getattr(draws, names[0]).tolist() == [second for _, second in pairs]
        for again in names[1:]:
            assert getattr(draws, again).tolist() == [first for first, _ in pairs]


@pytest.mark.parametrize(("steps", "epoch", "epochs"), [(6, 2, 3), (7, 2, 3), (3, 1, 3), (1, 2, 0)])
def test_weights_draw_once_an_epoch_whatever_the_seed(
    steps: int, epoch: int, epochs: int
) -> None:
    stream = np.random.default_rng(SYNAPSE_SEED)
    stream.random()
    expected = [stream.random() for _ in range(epochs)]
    for seed in (0, 9):
        assert make_draws(seed, steps, epoch).synapse.tolist() == expected


def test_impulses_are_drawn_from_all_of_a_trace() -> None:
    drawn = make_draws(0, 5000, 1)
    for values in (drawn.x_impulse, drawn.y_impulse, drawn.y_again):
        assert (values.min(), values.max()) == (0, 127)


@pytest.mark.parametrize("asked", [
    (0, FIRST_DRAWS - 1), (FIRST_DRAWS - 1, FIRST_DRAWS), (0, FIRST_DRAWS, 5 * FIRST_DRAWS, 3),
])
def test_a_supply_reaches_every_step_with_the_same_numbers(asked: tuple[int, ...]) -> None:
    supply, whole = DrawSupply(4, 3), make_draws(4, 12 * FIRST_DRAWS, 3)
    for step in asked:
        given = supply.for_step(step)
        for name in given._fields:
            own, all_of_them = getattr(given, name), getattr(whole, name)
            np.testing.assert_array_equal(own, all_of_them[: len(own)])
        assert len(given.x_decay) > step
        assert len(given.synapse) >= (step + 1) // 3


def test_draws_are_made_again_only_when_they_run_out() -> None:
    supply = DrawSupply(1, 1)
    first = supply.for_step(0)
    assert len(first.x_decay) == FIRST_DRAWS
    assert supply.for_step(FIRST_DRAWS - 1) is first
    assert len(supply.for_step(FIRST_DRAWS).x_decay) == 2 * FIRST_DRAWS
