"""Kernels read as straight-line code: what is understood, what is bounded, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neuromorph.errors import UnsupportedError
from neuromorph.learning import LearningRule, make_draws
from neuromorph.neurons import models
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.numerics.scalar import saturate_one
from neuromorph.straight import Code, numpy_function, stacked, update_of, why_not_straight
from neuromorph.straight.learning import draws_of
from neuromorph.straight.walk import Walk


def walked(kernel: Callable[..., int]) -> Walk:
    code = Code()
    return Walk(code, kernel, lambda k: code.leaf("own", k, 1, 9),
                [code.leaf("word", 0, -99, 99)], [code.leaf("port", 0, -99, 99)],
                code.leaf("index", 0, 0, 9), code.const(9), code.leaf("t", 0, 0, 99, wide=False))


def unbounded(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    n = 0
    while arrived[i, 0] > 0:
        n += 1
    return n


def foreign(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    return len(str(arrived[i, 0]))


def divided(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    return arrived[i, 0] / 2


def another(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    state[last, 0] = 1
    return 0


def overwritten(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    state[i, 0] = 1
    return state[last, 0]


def silent(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    state[i, 0] = 1


def unheard(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    with state:
        return 0


@pytest.mark.parametrize(("kernel", "what"), [
    (unbounded, "a loop whose end cannot be told"), (foreign, "a call of <class 'str'>"),
    (divided, "arrived[i, 0] / 2"), (another, "a change of state[last, 0]"),
    (overwritten, "state[last, 0], which has been written to"), (silent, "it sends no number"),
    (unheard, "with state"),
])
def test_what_is_no_straight_line_code_is_named(kernel: Callable[..., int], what: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        walked(kernel)
    assert what in str(caught.value)
    assert kernel.__name__ in str(caught.value)


def climbing(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    came, places = arrived[i, 0], 0
    if came <= 0:
        return 0
    while came << places < 8:
        places += 1
    return places


def test_a_loop_ends_where_its_test_cannot_hold() -> None:
    found = walked(climbing).sent
    assert (found.low, found.high) == (0, 3)


def kept(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    state[i, 0] = saturate_one(state[i, 0] + arrived[i, 0])
    return 1 if state[i, 0] > own[i, 0] else 0


def test_both_ways_of_a_branch_are_chosen_from() -> None:
    found = walked(kept)
    assert (found.sent.low, found.sent.high) == (0, 1)
    assert (found.words[0].low, found.words[0].high) == (-198, 198)


@pytest.mark.parametrize("name", [name for name, m in models().items() if not m.from_outside])
def test_states_are_bounded_by_induction(name: str) -> None:
    """All words of all models fit 32 bits, whatever arrives; a payload as its model says."""
    model = models()[name](**({} if name != "LatencyMatch" else {
        "vth": 9, "base": 4, "span": 99, "gain": 3, "gain_shift": 2}))
    assert why_not_straight(model) is None
    update = update_of(type(model), stacked([(model, 3)]), 3, {})
    assert all(w.low >= -STATE_MAX - 1 and w.high <= STATE_MAX + 1 for w in update.words)


def test_a_function_is_python_that_names_what_the_kernel_names() -> None:
    text = numpy_function(models()["CubaLIF"], 5)
    compile(text, "step", "exec")
    assert text.startswith("def step_CubaLIF(own, state, arrived, size, t):")
    assert "[du, dv, threshold, bias, shift] = own" in text
    assert "sent = np.where(x, 1, 0)" in text


@pytest.mark.parametrize("epoch", [1, 7, 40])
def test_integer_draws_say_what_the_fractions_say(epoch: int) -> None:
    rule = LearningRule(dw="2^-2*x1*y0", x1_impulse=3.5, x1_tau=5, epoch=epoch, seed=4)
    found, truth = draws_of(rule, 30), make_draws(4, 30, epoch)
    for fraction in np.random.default_rng(0).random(50):
        np.testing.assert_array_equal(found[:, 0] < np.ceil(np.ldexp(fraction, 53)),
                                      truth.x_decay < fraction)
    for part in range(128):
        for step in range(epoch - 1, 30, epoch):
            assert (found[step, 5] < part) == (truth.synapse[step // epoch] < part / 128)
