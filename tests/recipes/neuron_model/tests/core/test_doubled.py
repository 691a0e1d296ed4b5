from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from neuromorph import backends
from neuromorph.network import Network, Population, Probe, Projection, Source, verify
from neuromorph.network.bounds import payload_ranges
from neuromorph.neurons.doubled import Doubled

LAVA = importlib.util.find_spec("lava") is not None
TRAIN = np.random.default_rng(0).integers(-100, 100, (6, 2))


def network(domain: str = "fixed") -> Network:
    weights = np.array([[1, 1], [3, 5]], np.int32 if domain == "fixed" else np.float64)
    return verify(Network("n", domain, (Population("in", 2, Source(8)),
                                        Population("out", 2, Doubled(7))),
                          (Projection("w", "in", "out", weights, graded=True),)))


@pytest.mark.parametrize("name", ["reference", "fast", pytest.param("lava", marks=[
    pytest.mark.lava, pytest.mark.skipif(not LAVA, reason="lava-nc is not installed")])])
def test_doubled_equals_its_equation(name: str) -> None:
    found = backends.get(name).run(network(), {"in": TRAIN}, [Probe("out")], len(TRAIN))
    expected = 14 * (TRAIN[:-1] @ np.array([[1, 3], [1, 5]]))
    np.testing.assert_array_equal(found.spikes("out")[1:], expected)


def test_doubled_in_floats() -> None:
    given = {"in": TRAIN / 8}
    found = backends.get("reference").run(network("float"), given, [Probe("out")], len(TRAIN))
    expected = 14 * (TRAIN[:-1] / 8 @ np.array([[1.0, 3.0], [1.0, 5.0]]))
    np.testing.assert_array_equal(found.spikes("out")[1:], expected)


def test_what_doubled_may_send_is_proved() -> None:
    low, high = payload_ranges(network())["out"]
    assert high.tolist() == [14 * 2 * 127, 14 * 8 * 127]
    assert (low <= -high).all()
