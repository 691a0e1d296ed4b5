"""What asks, flushes and divides comes at one port, told apart by place value."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from neuromorph.neurons.quotient import LARGEST_SIGNAL, Quotient, divided
from neuromorph.neurons.reciprocal import (
    DONE,
    FLUSH,
    LARGEST,
    SHARE,
    SIGNAL,
    Reciprocal,
    reciprocal_payload,
)
from neuromorph.numerics.interval import Interval

V = np.array([123_456])
BOTH = [*product((0, 1), repeat=2)]


@pytest.mark.parametrize(("flush", "done"), BOTH)
def test_a_normaliser_is_asked_and_flushed_in_one_step(flush: int, done: int) -> None:
    """It answers what it was before the flush, as if there were a port for each."""
    signal = np.array([FLUSH * flush + DONE * done])
    after, sent = Reciprocal().step_fixed({"v": V}, {"a_in": np.array([7]), SIGNAL: signal}, 0)
    assert after["v"] == (0 if flush else V + 7)
    assert sent == (reciprocal_payload(int(V[0])) if done else 0)


@pytest.mark.parametrize(("flush", "done"), BOTH)
@pytest.mark.parametrize("total", [0, 1, 31, 100_000, 2**23 - 1])
def test_a_quotient_hears_all_of_a_signal(flush: int, done: int, total: int) -> None:
    """Any reciprocal there is, in a step in which it is also asked, or flushed, or both."""
    payload = reciprocal_payload(total)
    signal = np.array([SHARE * payload + FLUSH * flush + DONE * done])
    state = {"v": V, "latched": np.array([5000]), "kept": np.array([9])}
    model = Quotient(multiplier=3, shift=1, limit=500, period=4, at=3)
    after, _ = model.step_fixed(state, {"a_in": np.array([7]), SIGNAL: signal}, 0)
    latched = V if done else state["latched"]
    assert after["v"] == (0 if flush else V + 7)
    assert after["latched"] == latched
    share = 3 * int(divided(latched, np.array([payload]))[0]) / 2
    assert after["kept"] == (min(500, int(share + 0.5)) if payload else 9)
    assert model.overflows(state, after, {"a_in": V, SIGNAL: signal}, 0) == 0


def test_the_largest_signal_fits_24_bits_and_more_is_foreign() -> None:
    assert SHARE * LARGEST + DONE + FLUSH == LARGEST_SIGNAL < 2**23
    state = {word: np.zeros(1, np.int64) for word in Quotient.words}
    for signal, count in ((LARGEST_SIGNAL, 0), (LARGEST_SIGNAL + 1, 1), (-1, 1)):
        arrived = {"a_in": np.zeros(1, np.int64), SIGNAL: np.array([signal])}
        assert Quotient().overflows(state, state, arrived, 0) == count


@pytest.mark.parametrize(("most", "answers", "sends"), [
    (0, False, False), (FLUSH, False, False), (DONE, True, False), (DONE + FLUSH, True, False),
    (SHARE, True, True), (LARGEST_SIGNAL, True, True)])
def test_it_is_known_what_a_signal_cannot_say(most: int, answers: bool, sends: bool) -> None:
    """So a flush alone is known to be silent."""
    arrived = {"a_in": Interval.same(1, -9, 9), SIGNAL: Interval.same(1, 0, most)}
    assert Reciprocal().payloads(1, arrived).high == (LARGEST if answers else 0)
    assert Quotient(limit=77).payloads(1, arrived).high == (77 if sends else 0)
    assert Quotient(limit=77, period=3).payloads(1, arrived).high == 77
