"""Our synapses are stock Lava's, to the bit: no weight is altered, no payload lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from neuromorph.backends.lava.supported import reasons_against
from neuromorph.network import CubaLIF, Network, Population, Projection, Source
from neuromorph.numerics.synapse import accumulate_fixed, accumulate_float

Drive = Callable[..., dict[str, NDArray[Any]]]

STEPS, PRE, POST = 10, 5, 4
WEIGHTS = {
    "excitatory": st.integers(0, 255),
    "inhibitory": st.integers(-255, 0),
    "mixed": st.integers(-128, 127).map(lambda w: 2 * w),
    "lowest": st.sampled_from([-256, -254, -2, 0]),
    "zero": st.just(0),
}
weights = st.one_of([arrays(np.int32, (POST, PRE), elements=e) for e in WEIGHTS.values()])


def network_of(projection: Projection, domain: str = "fixed", bits: int = 24) -> Network:
    neurons = CubaLIF() if domain == "fixed" else CubaLIF(du=1.0)
    return Network("one", domain, (Population("pre", PRE, Source(bits)),
                                   Population("post", POST, neurons)), (projection,))


def stock(projection: Projection, domain: str = "fixed") -> Any:
    """The Lava Process that the backend builds."""
    from neuromorph.backends.lava.build import build

    network = network_of(projection, domain)
    assert not reasons_against(network)
    inputs = {"pre": np.zeros((STEPS, PRE), np.int64)}
    return build(network, inputs).projections[projection.name]


def delivered(projection: Projection, spikes: NDArray[Any], fixed: bool = True) -> NDArray[Any]:
    """a_in[t] = W s[t - 1 - delay], by our dynamics."""
    a_in = np.zeros((STEPS, POST), np.int64 if fixed else np.float64)
    for t in range(1 + projection.delay, STEPS):
        sent = spikes[t - 1 - projection.delay]
        a_in[t] = (
            accumulate_fixed(projection.weights, sent, exponent=projection.exponent,
                             graded=projection.graded) if fixed
            else accumulate_float(projection.weights, sent, graded=projection.graded))
    return a_in


@given(weights, st.integers(-8, 7), st.booleans(), st.integers(0, 4), st.data())
@settings(max_examples=300, deadline=None)
def test_fixed_dense_equals_stock_lava(
    drive: Drive, w: NDArray[Any], exponent: int, graded: bool, delay: int, data: st.DataObject
) -> None:
    payloads = st.one_of(st.sampled_from([0, 1, -1, 2**13, -(2**13)]), st.integers(-999, 999))
    spikes = data.draw(arrays(np.int32, (STEPS, PRE), elements=payloads))
    projection = Projection("w", "pre", "post", w, delay, exponent, graded)
    theirs = drive(stock(projection), spikes)["out"]
    np.testing.assert_array_equal(delivered(projection, spikes), theirs)


@pytest.mark.parametrize("w", [
    [[1, 3, 5, 253, 255]], [[-1, -3, -5, -253, -255]], [[-256, -254, -2, 0, 0]],
    [[-256, 254, 2, -2, 0]], [[0, 0, 0, 0, 0]], [[-256, -256, -256, -256, -256]],
])
def test_stock_lava_stores_every_weight_we_let_through(drive: Drive, w: list[list[int]]) -> None:
    matrix = np.array(w * POST, np.int32)
    one_by_one = np.vstack([np.eye(PRE, dtype=np.int32), np.zeros((1, PRE), np.int32)])
    seen = drive(stock(Projection("w", "pre", "post", matrix)), one_by_one)["out"]
    np.testing.assert_array_equal(seen[1:], matrix.T)


def test_minus_256_with_odd_weights_is_refused() -> None:
    w = np.full((POST, PRE), -255, np.int32)
    w[0, 0] = -256
    reason, = reasons_against(network_of(Projection("w", "pre", "post", w)))
    assert reason is not None
    assert "-256" in reason
    assert reason.startswith("w: ")


@given(arrays(np.float64, (POST, PRE), elements=st.floats(-9, 9)),
       arrays(np.float64, (STEPS, PRE), elements=st.floats(-9, 9)), st.booleans(),
       st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_float_dense_equals_stock_lava(
    drive: Drive, w: NDArray[Any], spikes: NDArray[Any], graded: bool, delay: int
) -> None:
    projection = Projection("w", "pre", "post", w, delay, 0, graded)
    theirs = drive(stock(projection, "float"), spikes, "float")["out"]
    np.testing.assert_allclose(delivered(projection, spikes, fixed=False), theirs,
                               rtol=1e-12, atol=1e-12)
