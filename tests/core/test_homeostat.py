"""Neurons that keep their rate, and channels that do in steps of integers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits import homeostat as page
from neuromorph.circuits.homeostat import RULE, Homeostat, build, rule_of, target_train
from neuromorph.compile.passes import compile_units
from neuromorph.compile.program import Unit
from neuromorph.dynamics.homeostasis_steps import CODE_MAX, ONE_BITS, HomeostasisSteps
from neuromorph.errors import DisagreementError, FitError, TensorError, UsageError
from neuromorph.profiles import load_profile

STEPS = 400


def driven(units: int = 5, inputs: int = 12, seed: int = 0) -> tuple[Homeostat, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    weights = 2 * rng.integers(-30, 60, (units, inputs))
    trains = {"input": (rng.random((STEPS, inputs)) < 0.3).astype(np.int64),
              "one": np.ones((STEPS, 1), np.int64),
              "target": np.repeat(target_train(0.1, STEPS), units, axis=1)}
    return Homeostat(weights.astype(np.int32)), trains


def ran(backend: str, homeostat: Homeostat, trains: dict[str, Any]) -> Any:
    return backends.get(backend).run(build(homeostat), trains, [page.SPIKES, page.BIASES], STEPS)


@pytest.mark.parametrize("backend", ["fast", "lava"])
def test_backends_learn_the_same_biases(backend: str) -> None:
    homeostat, trains = driven()
    ours, reference = ran(backend, homeostat, trains), ran("reference", homeostat, trains)
    for probe in ("spikes", "weights"):
        name = "unit" if probe == "spikes" else "bias"
        assert np.array_equal(getattr(ours, probe)(name), getattr(reference, probe)(name))
    biases = page.checked(ours, trains["target"])
    assert np.abs(biases).max() > 5
    assert (ours.spikes("unit") != 0).any()


def test_a_planted_fault_is_found() -> None:
    homeostat, trains = driven()
    with pytest.raises(DisagreementError, match="the homeostat is not what"):
        page.checked(ran("fast", homeostat, trains), np.roll(trains["target"], 1, axis=0))


def test_rates_come_back_after_a_drift() -> None:
    found = page.run(page.Settings(units=8, steps=4000), backend="fast", seed=1,
                     progress=lambda _: None).numbers
    assert abs(found["in_the_end"] - 0.05) < 0.01
    assert found["just_after"] > 0.07
    assert found["in_the_end_without"] > 0.1


def test_it_is_placed_where_there_are_third_factors() -> None:
    assert rule_of().dw == RULE
    assert rule_of().epoch == 1
    compiled = compile_units([Unit("homeostat", build(driven()[0]))], load_profile("oheo_gulch"))
    assert compiled.program.cores == 1
    with pytest.raises(FitError, match="has no third factors"):
        compile_units([Unit("homeostat", build(driven()[0]))], load_profile("loihi1"))


@pytest.mark.parametrize(("weights", "error", "words"), [
    (np.zeros(3, int), TensorError, "wrong shape"), (np.zeros((2, 2)), TensorError, "float64"),
    (np.array([[3]]), TensorError, "even"), (np.array([[300]]), TensorError, "found 300"),
    (np.full((1, 1000), 254), UsageError, "may wrap"),
])
def test_weights_that_are_none(weights: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Homeostat(weights)


@pytest.mark.parametrize("rate", [0, -0.1, 0.6, float("nan")])
def test_rates_that_are_none(rate: float) -> None:
    with pytest.raises(UsageError, match="no such rate"):
        target_train(rate, 10)


def test_targets_are_evenly_spread() -> None:
    train = target_train(0.25, 12)[:, 0]
    assert train.tolist() == [0, 0, 0, 1] * 3


# --- in steps


def stream(seed: int, factor: float = 1.0, offset: float = 0.0, count: int = 20
           ) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    found: NDArray[np.int64] = np.clip(np.rint(
        factor * rng.normal(10, 30, (count, 3)) + offset), -CODE_MAX, CODE_MAX).astype(np.int64)
    return found


@pytest.mark.parametrize(("factor", "offset"), [(0.3, 0), (1, 60), (2, -30)])
def test_steps_bring_channels_back(factor: float, offset: float) -> None:
    state = HomeostasisSteps.of(stream(0, count=2000))
    for number in range(400):
        state = state.follow(stream(number + 1, factor, offset, 200))
    z = state.apply(stream(9999, factor, offset, 2000))
    assert np.abs(z.mean(axis=0) - 10).max() < 4
    assert np.abs(z.std(axis=0) / 30 - 1).max() < 0.15


def test_steps_by_hand() -> None:
    """Codes four times as small: the gain grows by one part in 32, once the trace has seen it."""
    rows = np.array([[-40], [40]])
    state = HomeostasisSteps.of(rows)
    assert (state.mean.tolist(), state.spread.tolist()) == ([0], [640])
    after = state.follow(rows // 4)
    assert after.spread_trace.tolist() == [640 + (160 - 640 >> 3)]
    assert after.gain.tolist() == [(1 << ONE_BITS) + 32]
    assert after.shift.tolist() == [0]
    still = state.follow(rows)
    assert still.gain.tolist() == [1 << ONE_BITS]


def test_no_code_leaves_the_24_bits_of_a_state() -> None:
    state = HomeostasisSteps.of(np.array([[CODE_MAX], [-CODE_MAX]]))
    for _ in range(500):
        state = state.follow(np.array([[1], [0]]))
    assert int(state.gain[0]) * CODE_MAX < 1 << 23
    assert state.gain[0] > 10 << ONE_BITS


@pytest.mark.parametrize(("codes", "words"), [
    (np.zeros((2, 3)), "float64"), (np.zeros((2, 4), int), "do not fit"),
    (np.zeros((0, 3), int), "do not fit"), (np.full((1, 3), CODE_MAX + 1), "too large"),
])
def test_codes_that_are_refused(codes: Any, words: str) -> None:
    state = HomeostasisSteps.of(stream(0))
    with pytest.raises(TensorError, match=words):
        replace(state).follow(codes)
