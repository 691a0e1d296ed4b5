"""`Regulator`: a learning rate that follows errors, alone and as a third factor."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.compile.ranges.prove import prove_ranges_of
from neuromorph.errors import NetworkError
from neuromorph.learning.named import regulated_delta
from neuromorph.network import (
    Network,
    Phase,
    Population,
    Probe,
    Projection,
    Relay,
    Schedule,
    Source,
    verify,
)
from neuromorph.neurons.regulator import Regulator
from neuromorph.papers.need import ErrorTrace

LAVA = pytest.param("lava", marks=[pytest.mark.lava, pytest.mark.skipif(
    importlib.util.find_spec("lava") is None, reason="lava-nc is not installed")])
ERROR = 1102
"""V / 10 for a base of 4 and a shift of 20: V^2 = 29 4 2^20."""


def alone(model: Regulator, domain: str = "fixed") -> Network:
    weight = 1 if domain == "fixed" else 1.0
    return verify(Network("alone", domain, (
        Population("error", 1, Source(24)), Population("rate", 1, model)), (
        Projection("to", "error", "rate", np.full((1, 1), weight), graded=True),)))


def errors(count: int) -> NDArray[np.int64]:
    """Some stretches with many errors, some with none."""
    rng = np.random.default_rng(0)
    share = np.repeat([0.9, 0.0, 0.5, 0.05], count // 4)
    return (rng.random(len(share)) < share).astype(np.int64)


@pytest.mark.parametrize(("domain", "tolerance"), [("fixed", 1.5), ("float", 1e-9)])
@pytest.mark.parametrize("backend", ["reference", LAVA])
def test_it_is_the_error_trace(backend: str, domain: str, tolerance: float) -> None:
    """Period 3, errors in the step in which it sends: the float regulator.

    In integers within the unit that is cut off, and what 410 / 4096 differs from a tenth.
    """
    seen, period = errors(100), 3
    fixed = domain == "fixed"
    volume = np.sqrt(29 * 4 * 2**20)
    model = Regulator(dv=410 if fixed else 0.1, base=4, shift=20, period=period, at=1)
    train = np.zeros((period * len(seen), 1))
    train[::period, 0] = seen * (ERROR if fixed else volume / 10)  # a synapse takes a step
    if domain == "fixed":
        train = train.astype(np.int64)
    found = backends.get(backend).run(alone(model, domain), {"error": train}, [Probe("rate")],
                                      len(train)).spikes("rate")[:, 0]
    trace = ErrorTrace(4.0)
    wanted = [trace.after(float(error)) for error in seen]
    assert max(wanted) > 60
    assert np.abs(found[1::period] - wanted).max() <= tolerance
    assert not found[0::period].any()
    assert not found[2::period].any()


def test_what_it_sends_is_a_trace_whatever_comes() -> None:
    """Also of errors below 0, which it takes for less than none, and of far too many."""
    model, rng = Regulator(dv=0, shift=3), np.random.default_rng(0)
    state: dict[str, NDArray[Any]] = {"v": np.zeros(5, np.int64)}
    for t in range(50):
        state, sent = model.step_fixed(state, {"a_in": rng.integers(-2**22, 2**23, 5)}, t)
        assert sent.min() >= 4
        assert sent.max() <= 127
        assert state["v"].min() >= 0
    low, high = model.widest(5)
    assert (low.min(), high.max()) == (0, 127)


def test_a_trace_that_is_cut_off_is_told() -> None:
    status = prove_ranges_of(alone(Regulator())).status("rate")
    assert status == "saturates"
    network = alone(Regulator())
    small = prove_ranges_of(network, {"error": (0, 1000)})
    assert small.status("rate") == "proved"


# --- as a third factor


PERIOD, SENT = 4, 2


def regulated(limit: int = 127) -> Network:
    """Errors go to the regulator and, a step later, to the synapses with its rate."""
    rates = Regulator(limit=limit, period=PERIOD, at=SENT)
    return Network("regulated", "fixed", (
        Population("in", 3, Source(8)), Population("wrong", 2, Source(8)),
        Population("more", 2, Source(8)), Population("less", 2, Source(8)),
        Population("rate", 2, rates), Population("out", 2, Relay())), (
        Projection("to rate", "wrong", "rate", np.full((2, 2), 138, np.int32), exponent=2,
                   graded=True),
        Projection("learns", "in", "out", np.zeros((2, 3), np.int32), graded=True,
                   rule=regulated_delta(impulse=None, tau=0),
                   modulators=("more", "less", "rate"))),
        Schedule(PERIOD, (Phase("all", 0, PERIOD),)))


def learn(backend: str, wrong: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rates, and weights in the end, of lessons with an error of 10 each."""
    steps = PERIOD * len(wrong)
    trains = {name: np.zeros((steps, size), np.int64) for name, size in (
        ("in", 3), ("wrong", 2), ("more", 2), ("less", 2))}
    trains["wrong"][SENT - 1 :: PERIOD] = wrong
    trains["in"][SENT::PERIOD] = [0, 60, 120]
    trains["more"][SENT::PERIOD], trains["less"][SENT::PERIOD] = [10, 0], [0, 10]
    found = backends.get(backend).run(regulated(), trains, [Probe("rate")], steps)
    return found.spikes("rate")[SENT::PERIOD].astype(np.int64), found.synapses["learns"][0].astype(
        np.int64)


@pytest.mark.parametrize("backend", ["fast", LAVA])
def test_a_rate_on_the_chip_is_alike_on_every_backend(backend: str) -> None:
    wrong = np.repeat(errors(12)[:, None], 2, axis=1)
    for one, other in zip(learn("reference", wrong), learn(backend, wrong), strict=True):
        assert np.array_equal(one, other)


def test_lessons_count_by_the_rate() -> None:
    """The sum of x1 y1 y3 over lessons, but for what a product is rounded down by, half a unit."""
    few, many = np.zeros((12, 2), np.int64), np.ones((12, 2), np.int64)
    learned = {}
    for name, wrong in (("few", few), ("many", many)):
        rates, weights = learn("reference", wrong)
        exact = 2.0**-11 * 60 * 10 * rates.sum(axis=0)  # x1 is half of a payload of 120
        learned[name] = weights
        assert weights[0, 2] == pytest.approx(exact[0], abs=0.5 * len(wrong))
        assert weights[1, 2] == pytest.approx(-exact[1], abs=0.5 * len(wrong) + 1)
    assert learned["many"][0, 2] > 5 * learned["few"][0, 2] > 0


def test_a_rate_wider_than_a_trace_is_refused() -> None:
    verify(regulated())
    with pytest.raises(NetworkError, match="a trace of 7 bits"):
        verify(regulated(limit=128))


@pytest.mark.parametrize("wrong", [{"base": -1}, {"dv": 5000}, {"shift": 99}, {"at": 1}])
def test_one_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(NetworkError):
        alone(Regulator(**wrong))
