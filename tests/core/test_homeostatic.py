"""`Homeostatic`: a channel whose gain and threshold follow two slow traces, as a neuron."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled_programs import compiled, said
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_timed import BACKENDS

from neuromorph import backends
from neuromorph.circuits.homeostat import (
    Channels,
    build_channels,
    channel_trains,
    followed,
)
from neuromorph.compile.passes import compile_units
from neuromorph.compile.program import Unit
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.compile.split import split
from neuromorph.dynamics.homeostasis_steps import HomeostasisSteps
from neuromorph.errors import FitError, NetworkError, RangeProofError, TensorError
from neuromorph.network import Probe, verify
from neuromorph.neurons.homeostatic import ADAPT, GAIN_MAX, ONE_BITS, Homeostatic
from neuromorph.profiles import load_profile

CODES = 255


def state_of(model: Homeostatic, **words: int) -> dict[str, NDArray[np.int64]]:
    return {word: np.array([words.get(word, 0)]) for word in model.words}


def step(model: Homeostatic, state: Any, a: int, go: int = ADAPT) -> tuple[Any, int]:
    after, sent = model.step_fixed(state, {"a": np.array([a]), "go": np.array([go])}, 0)
    return {word: int(values[0]) for word, values in after.items()}, int(sent[0])


def stream(seed: int, rows: int, factor: float = 1.0, offset: float = 0.0) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    found: NDArray[np.int64] = np.clip(np.rint(factor * rng.normal(10, 30, (rows, 3)) + offset),
                                       -CODES, CODES).astype(np.int64)
    return found


# --- the neuron


def test_a_step_by_hand() -> None:
    """Twice the gain, 3 more, 40 away from the mean: traces take a quarter, gain falls a step."""
    model = Homeostatic(mean=5, spread=20 << 4, trace=2, fraction=4, limit=100)
    state = state_of(model, gain=1 << ONE_BITS, lift=3)
    after, sent = step(model, state, 21)
    assert sent == 2 * 21 + 3
    assert after["mean_trace"] == (40 << 4) // 4
    assert after["spread_trace"] == (40 - 20 << 4) // 4
    assert after["lift"] == 2
    assert after["gain"] == (1 << ONE_BITS) - (2 << ONE_BITS >> 5)
    assert step(model, state, 1000)[1] == 100
    assert step(model, state, -1000)[1] == -100


def test_a_go_of_one_passes_on_and_adapts_nothing() -> None:
    model = Homeostatic(mean=5, spread=20 << 4, trace=2, fraction=4, limit=100)
    after, sent = step(model, state_of(model), 50, go=1)
    assert (sent, after["gain"], after["lift"]) == (50, 0, 0)
    assert after["mean_trace"] == (45 << 4) // 4
    for go in (0, -3):
        still, silent = step(model, state_of(model, gain=7, mean_trace=-9), 50, go)
        assert silent == 0
        assert still == {"gain": 7, "lift": 0, "mean_trace": -9, "spread_trace": 0}


def test_a_gain_stays_within_its_ends() -> None:
    model = Homeostatic(mean=0, spread=1 << 22, trace=0, fraction=10, limit=4095)
    top = state_of(model, gain=GAIN_MAX - (1 << ONE_BITS) - 3)
    assert step(model, top, 0)[0]["gain"] == GAIN_MAX - (1 << ONE_BITS)
    quiet = Homeostatic(mean=0, spread=0, trace=0, fraction=10, limit=4095)
    least = state_of(quiet, gain=1 - (1 << ONE_BITS))
    assert step(quiet, {**least, "lift": np.array([9])}, 0)[0]["gain"] == 1 - (1 << ONE_BITS)


@given(st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_single_rows_are_the_steps_of_whole_images(seed: int) -> None:
    """`HomeostasisSteps` with images of one row: the same gains, thresholds and traces."""
    calibration = stream(seed, 200)
    steps = HomeostasisSteps.of(calibration)
    model = Homeostatic(steps.mean, steps.spread, trace=3, fraction=4, limit=1 << 17)
    state = {word: np.zeros(3, np.int64) for word in model.words}
    for number, row in enumerate(stream(seed + 1, 120, 1.7, -20)):
        go = np.full(3, ADAPT)
        wanted = steps.apply(row)
        steps = steps.follow(row[None])
        state, sent = model.step_fixed(state, {"a": row, "go": go}, number)
        np.testing.assert_array_equal(sent, wanted)
        np.testing.assert_array_equal(state["gain"] + (1 << ONE_BITS), steps.gain)
        np.testing.assert_array_equal(state["lift"], steps.shift)
        np.testing.assert_array_equal(state["mean_trace"], steps.mean_trace - 16 * steps.mean)
        np.testing.assert_array_equal(state["spread_trace"], steps.spread_trace - steps.spread)


@pytest.mark.parametrize(("model", "words"), [
    (Homeostatic(limit=8192), "a trace would leave its 24 bits; found 8388608"),
    (Homeostatic(mean=[0, -4097]), "a trace would leave its 24 bits"),
    (Homeostatic(trace=16), "trace is out of range"), (Homeostatic(spread=-1), "spread is out of"),
    (Homeostatic(fraction=17), "fraction is out of range"), (Homeostatic(limit=0), "limit is out"),
])
def test_what_is_no_channel_is_refused(model: Homeostatic, words: str) -> None:
    with pytest.raises(NetworkError, match=words):
        model.check("n", 2, "fixed")


def test_floats_are_refused() -> None:
    with pytest.raises(NetworkError, match="integer semantics only"):
        Homeostatic().check("n", 1, "float")


# --- the circuit


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_says_what_the_equation_says(backend: str) -> None:
    channels = Channels.of(stream(0, 2000), CODES, trace=4)
    codes = stream(1, 120, 0.3, 40)
    inputs, steps = channel_trains(codes, every=4)
    done = backends.get(backend).run(verify(build_channels(channels)), inputs,
                                     [Probe("channel", "spikes"), Probe("channel", "gain")], steps)
    np.testing.assert_array_equal(done.spikes("channel")[1:], followed(channels, codes, 4))
    gain = next(trace for probe, trace in done.traces.items() if probe.variable == "gain")
    assert (gain[-1] > 100).all()


@pytest.mark.parametrize(("factor", "offset"), [(0.3, 0), (1, 60), (2, -30)])
def test_channels_come_back(factor: float, offset: float) -> None:
    channels = Channels.of(stream(0, 2000), CODES)
    said = followed(channels, stream(1, 4000, factor, offset), 32)[-1000:]
    assert np.abs(said.mean(axis=0) - 10).max() < 4
    assert np.abs(said.std(axis=0) / 30 - 1).max() < 0.15
    before = followed(channels, stream(1, 30, factor, offset), 32)
    np.testing.assert_array_equal(before, stream(1, 30, factor, offset))  # none has adapted yet


def test_it_is_proved_and_placed_where_neurons_run_programs() -> None:
    channels = Channels.of(stream(0, 200), CODES)
    network, board = build_channels(channels), load_profile("oheo_gulch")
    assert prove_contract(network).proved
    assert said(compiled(board, network)) == []
    state = compile_units([Unit("channels", network)], board)
    assert state.program.cores == 1
    codes = stream(1, 60, 0.3, 40)
    inputs, steps = channel_trains(codes, every=4)
    placed = split(state.program.units[0], state.program.slices_of(0)).run(
        backends.get("fast").run, inputs, [Probe("channel", "spikes")], steps)
    np.testing.assert_array_equal(placed.spikes("channel")[1:], followed(channels, codes, 4))
    for name in ("loihi1", "loihi2"):
        with pytest.raises(FitError, match="no programmable neurons, which a Homeostatic needs"):
            compile_units([Unit("channels", network)], load_profile(name))


def test_codes_that_do_not_fit_are_refused() -> None:
    for wrong in (np.zeros((2, 2)), np.zeros(3, int), np.full((1, 1), 256)):
        with pytest.raises(TensorError, match="no codes of channels"):
            Channels.of(wrong, CODES)
    with pytest.raises(RangeProofError, match="found codes up to 911; expected at most 910"):
        Channels.of(np.zeros((1, 1), int), 911)
    assert Channels.of(np.zeros((1, 1), int), 910).limit == 8 * 910 - 1
