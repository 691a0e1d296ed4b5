"""`Drive`: a program of constants, line by line, and what starts it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_timed import BACKENDS, FLOATS, WITH_LAVA, kernel_of, told

from neuromorph import backends
from neuromorph.errors import NetworkError
from neuromorph.network import Network, Population, Probe, Projection, Relay, verify
from neuromorph.network.bounds import payload_ranges
from neuromorph.neurons.drive import Drive

MOST = 2**23 - 1
PROGRAM = {"clear": (-MOST, 2, 13), "clear_again": (-MOST, 1, 16), "lift": (900, 2, 22),
           "ramp": (12, 18, 24), "go": (5000, 1, 41)}
"""Payload, steps, and the first of them: those of a head, in a period of 29, so around its end."""

PERIOD = 29


def table(period: int = PERIOD) -> np.ndarray:
    """What the program says in each step of a period."""
    said = np.zeros(period, np.int64)
    for payload, steps, at in PROGRAM.values():
        for step in range(at, at + steps):
            said[step % period] += payload
    return said


def lines(waits: int = 0) -> Drive:
    payload, steps, at = (np.array(column) for column in zip(*PROGRAM.values(), strict=True))
    return Drive(payload, steps, waits, PERIOD, at % PERIOD)


@pytest.mark.parametrize("backend", ["reference", "fast", WITH_LAVA])
def test_a_program_is_the_sum_of_its_lines(backend: str) -> None:
    """Nothing drives it: no source is in the network. A relay makes one neuron of the lines."""
    size = len(PROGRAM)
    network = verify(Network("program", "fixed", (
        Population("lines", size, lines()), Population("drive", 1, Relay())), (
        Projection("all", "lines", "drive", np.ones((1, size), np.int32), graded=True),)))
    done = backends.get(backend).run(network, {}, [Probe("drive")], 3 * PERIOD + 1)
    assert np.array_equal(done.spikes("drive")[1:, 0], np.tile(table(), 3))
    low, high = payload_ranges(network)["lines"]
    assert list(zip(low.tolist(), high.tolist(), strict=True)) == [
        (min(p, 0), max(p, 0)) for p, *_ in PROGRAM.values()]


@pytest.mark.parametrize("start", [0, 13, 40])
@pytest.mark.parametrize("backend", BACKENDS)
def test_one_that_waits_begins_where_it_would_be(backend: str, start: int) -> None:
    size, steps = len(PROGRAM), 3 * PERIOD
    done = told(lines(waits=1), {start + 1: np.ones(size)}, steps, backend=backend)
    said = done.spikes("n").sum(axis=1)
    assert not said[: start + 1].any()
    assert np.array_equal(said[start + 1 :], np.tile(table(), 3)[start + 1 :])
    assert said[start + 1 :].any()


@given(st.integers(-MOST, MOST), st.integers(1, 12), st.integers(0, 1), st.integers(1, 9),
       st.integers(0, 8), st.integers(-2, 2), st.integers(0, 1), st.integers(0, 40))
@settings(max_examples=300, deadline=None)
def test_it_is_its_equation(
    payload: int, steps: int, waits: int, period: int, at: int, arrived: int, started: int, t: int
) -> None:
    at %= period
    model = Drive(payload, steps, waits, period, at)
    state, sent = kernel_of(model, {"started": started}, arrived, t)
    assert state == {"started": int(bool(started or arrived))}
    due = t % period in {(at + n) % period for n in range(steps)}
    assert sent == (payload if due and (not waits or state["started"]) else 0)
    after, expected = model.step_fixed({"started": np.array([started])},
                                       {"a_in": np.array([arrived])}, t)
    assert (after["started"][0], expected[0]) == (state["started"], sent)


@pytest.mark.parametrize("backend", FLOATS)
def test_floats(backend: str) -> None:
    model = Drive(payload=[0.5, -2.25], steps=2, period=5, at=[4, 1])
    sent = told(model, {1: np.zeros(2)}, 10, backend=backend, domain="float").spikes("n")
    assert sent[:, 0].tolist() == [0.5, 0, 0, 0, 0.5] * 2
    assert sent[:, 1].tolist() == [0, -2.25, -2.25, 0, 0] * 2


@pytest.mark.parametrize(("model", "words"), [
    (Drive(payload=2**23), "payload is out of range"), (Drive(steps=0), "steps is out of range"),
    (Drive(period=4, at=4), "acts at a step"), (Drive(waits=2), "waits is out of range")])
def test_what_is_no_line_is_refused(model: Drive, words: str) -> None:
    with pytest.raises(NetworkError, match=words):
        model.check("n", 1, "fixed")


def test_one_that_is_told_nothing_says_one_in_every_step() -> None:
    model = Drive()
    verify(Network("default", "fixed", (Population("n", 1, model),), ()))
    state = {"started": np.zeros(1, np.int64)}
    assert [model.step_fixed(state, {"a_in": np.zeros(1, np.int64)}, t)[1].tolist()
            for t in range(3)] == [[1]] * 3
