"""Our LIF dynamics are stock Lava's, to the bit: its own models are the oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuromorph.network import CubaLIF, Network, Population
from neuromorph.neurons.cuba_lif import LIFState, step_lif_fixed, step_lif_float

Drive = Callable[..., dict[str, NDArray[Any]]]

STEPS, SIZE = 12, 6
SINGLE_WRAP_MAX = 2**18 - 1  # beyond, stock LIF wraps once too few: see the last test


def edgy(low: int, high: int, *edges: int) -> st.SearchStrategy[int]:
    return st.one_of(st.sampled_from([low, high, *edges]), st.integers(low, high))


lif_models = st.builds(
    CubaLIF, du=edgy(1, 4096, 2, 2048, 4095), dv=edgy(0, 4095, 1, 2048), vth=edgy(0, 131071, 1),
    bias_mant=edgy(-4096, 4095, 0, -1, 1), bias_exp=st.integers(0, 7))


def train_of(seed: int) -> NDArray[np.int32]:
    """Inputs that are edges half of the time."""
    rng = np.random.default_rng(seed)
    edges = [SINGLE_WRAP_MAX, 131072, 131071, 130048, 1, 0]
    chosen = rng.choice(edges + [-e for e in edges], (STEPS, SIZE))
    anything = rng.integers(-SINGLE_WRAP_MAX, SINGLE_WRAP_MAX + 1, (STEPS, SIZE))
    small = anything >> rng.integers(0, 18)
    return np.where(rng.random((STEPS, SIZE)) < 0.5, chosen, small).astype(np.int32)


def stock(model: CubaLIF, domain: str = "fixed") -> Any:
    """The Lava Process that the backend builds."""
    from neuromorph.backends.lava.build import build

    network = Network("one", domain, (Population("neurons", SIZE, model),), ())
    return build(network, {}).populations["neurons"]


def ours_fixed(model: CubaLIF, train: NDArray[Any]) -> dict[str, NDArray[Any]]:
    state = LIFState(np.zeros(SIZE, np.int64), np.zeros(SIZE, np.int64))
    record: dict[str, list[Any]] = {"out": [], "u": [], "v": []}
    for a_in in train:
        state, spikes = step_lif_fixed(state, a_in, du=int(model.du), dv=int(model.dv),
                                       vth=int(model.vth),
                                       bias=int(model.bias_mant) << model.bias_exp)
        for name, value in (("out", spikes), ("u", state.u), ("v", state.v)):
            record[name].append(value)
    return {name: np.array(rows) for name, rows in record.items()}


def assert_equal(ours: dict[str, NDArray[Any]], stock: dict[str, NDArray[Any]]) -> None:
    for name in ("u", "v", "out"):
        np.testing.assert_array_equal(ours[name], stock[name], name)


@given(lif_models, st.integers(0, 2**32))
@settings(max_examples=400, deadline=None)
def test_fixed_lif_equals_stock_lava(drive: Drive, model: CubaLIF, seed: int) -> None:
    a_in = train_of(seed)
    assert_equal(ours_fixed(model, a_in), drive(stock(model), a_in))


@pytest.mark.parametrize("a_in", [131071, 131072, 131073, -131071, -131072, SINGLE_WRAP_MAX,
                                  -SINGLE_WRAP_MAX])
@pytest.mark.parametrize("du", [1, 4095, 4096])
def test_the_current_wraps_where_stock_lava_wraps(drive: Drive, du: int, a_in: int) -> None:
    model = CubaLIF(du=du, dv=0, vth=131071)
    train = np.full((STEPS, SIZE), a_in, np.int32)
    ours = ours_fixed(model, train)
    assert_equal(ours, drive(stock(model), train))
    assert np.abs(ours["u"]).max() <= 2**23


def test_the_potential_saturates_where_stock_lava_does(drive: Drive) -> None:
    model = CubaLIF(du=4096, dv=0, vth=131071, bias_mant=-4096, bias_exp=7)
    train = np.zeros((40, SIZE), np.int32)
    ours = ours_fixed(model, train)
    assert_equal(ours, drive(stock(model), train))
    assert ours["v"].min() == -(2**23 - 1)


def test_beyond_the_range_we_refuse_stock_lava_leaves_24_bits(drive: Drive) -> None:
    """Why the backend stops a run with such an input: here the two do differ."""
    model = CubaLIF(du=4096, dv=0, vth=131071)
    train = np.full((1, SIZE), 3 * 2**17 + 1, np.int32)
    assert np.abs(drive(stock(model), train)["u"]).max() > 2**23
    assert np.abs(ours_fixed(model, train)["u"]).max() <= 2**23


rates = st.floats(0, 1)
volts = st.floats(-100, 100)


@given(st.builds(CubaLIF, du=rates, dv=rates, vth=st.floats(0, 50), bias_mant=volts),
       st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_float_lif_equals_stock_lava(drive: Drive, model: CubaLIF, seed: int) -> None:
    a_in = np.random.default_rng(seed).normal(scale=30, size=(STEPS, SIZE))
    theirs = drive(stock(model, "float"), a_in, "float")
    state = LIFState(np.zeros(SIZE), np.zeros(SIZE))
    for t, row in enumerate(a_in):
        state, spikes = step_lif_float(state, row, du=model.du, dv=model.dv, vth=model.vth,
                                       bias=model.bias_mant)
        np.testing.assert_array_equal(spikes, theirs["out"][t])
        np.testing.assert_allclose(state.u, theirs["u"][t], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(state.v, theirs["v"][t], rtol=1e-12, atol=1e-12)
