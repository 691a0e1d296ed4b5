"""Whole networks in Lava's own runtime, against the reference."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph.backends.interface import Inputs
from neuromorph.backends.lava import LavaBackend
from neuromorph.backends.reference import ReferenceBackend
from neuromorph.errors import UnsupportedError, UsageError
from neuromorph.network import (
    CubaLIF,
    LatencyMatch,
    Network,
    Population,
    Probe,
    Projection,
    Readout,
    Source,
)

STEPS = 40


def everything(network: Network) -> list[Probe]:
    """Every spike and state that can be recorded."""
    states = {"Source": (), "CubaLIF": ("u", "v"), "Readout": ("v",), "LatencyMatch": ("v",)}
    return [Probe(p.name, variable) for p in network.populations
            for variable in ("spikes", *states[p.model.kind])]


def even(rng: np.random.Generator, post: int, pre: int, largest: int = 127) -> NDArray[np.int32]:
    return 2 * rng.integers(-largest, largest + 1, (post, pre), dtype=np.int32)


def mixed_network(seed: int) -> tuple[Network, Inputs]:
    """Graded source -> LIF -> readout, a loop, delays, both shifts, and a part of its own."""
    rng = np.random.default_rng(seed)
    du, dv = int(rng.integers(1, 4097)), int(rng.integers(0, 4096))
    network = Network("mixed", "fixed", (
        Population("graded", 5, Source(payload_bits=8)),
        Population("plain", 4, Source()),
        Population("a", 6, CubaLIF(du=4096, dv=dv, vth=2000, bias_mant=-3, bias_exp=4)),
        Population("b", 3, CubaLIF(du=du, dv=dv // 2, vth=300)),
        Population("out", 2, Readout(dv=200, vth=300)),
        Population("alone", 2, CubaLIF(du=9, dv=1000, vth=5, bias_mant=100)),
    ), (
        Projection("graded_a", "graded", "a", even(rng, 6, 5), exponent=-3, graded=True),
        Projection("binary_a", "graded", "a", even(rng, 6, 5)),
        Projection("plain_a", "plain", "a", rng.integers(0, 256, (6, 4), dtype=np.int32), 2, 2),
        Projection("loop", "a", "a", -rng.integers(0, 256, (6, 6), dtype=np.int32)),
        Projection("a_b", "a", "b", even(rng, 3, 6), delay=1, exponent=1),
        Projection("b_a", "b", "a", np.array([[-256, 0, -2]] * 6, np.int32)),
        Projection("b_out", "b", "out", np.abs(even(rng, 2, 3)), exponent=3),
    ))
    return network, {"graded": rng.integers(-128, 128, (STEPS, 5)),
                     "plain": rng.integers(0, 2, (STEPS, 4))}


def latency_chain() -> tuple[Network, Inputs]:
    """A ramp into graded latency neurons, their payloads into LIF and readout."""
    match = LatencyMatch(vth=3000, base=128, span=100 << 6, gain=5243, gain_shift=18)
    network = Network("latency", "fixed", (
        Population("start", 4, Source(payload_bits=16)),
        Population("ramp", 1, Source(payload_bits=8)),
        Population("match", 4, match),
        Population("control", 3, Readout(dv=2048, vth=9000)),
        Population("count", 1, CubaLIF(vth=3)),
    ), (
        Projection("offset", "start", "match", np.eye(4, dtype=np.int32), graded=True),
        Projection("climb", "ramp", "match", np.ones((4, 1), np.int32), graded=True),
        Projection("value", "match", "control",
                   even(np.random.default_rng(3), 3, 4), exponent=-1, graded=True),
        Projection("each", "match", "count", np.ones((1, 4), np.int32)),
    ))
    start = np.zeros((STEPS, 4), np.int64)
    start[1] = [0, 333, 1111, 2950]
    return network, {"start": start, "ramp": np.full((STEPS, 1), 100)}


def assert_equal(network: Network, inputs: Inputs) -> list[Probe]:
    """Compare everything; return what showed nothing in the whole run."""
    probes = everything(network)
    truth = ReferenceBackend().run(network, inputs, probes, STEPS)
    lava = LavaBackend().run(network, inputs, probes, STEPS)
    assert (lava.backend, lava.evidence, lava.steps) == ("lava", "bit-exact model", STEPS)
    for probe in probes:
        np.testing.assert_array_equal(truth.traces[probe], lava.traces[probe], str(probe))
        assert lava.traces[probe].dtype == truth.traces[probe].dtype
    return [probe for probe in probes if not lava.traces[probe].any()]


def test_a_mixed_network_equals_the_reference() -> None:
    assert assert_equal(*mixed_network(0)) == [Probe("alone", "u")]


@pytest.mark.parametrize("seed", [1, 2])
def test_other_mixed_networks_equal_the_reference(seed: int) -> None:
    assert_equal(*mixed_network(seed))


def test_a_latency_chain_equals_the_reference() -> None:
    assert assert_equal(*latency_chain()) == []


def test_a_float_network_agrees_with_the_reference() -> None:
    rng = np.random.default_rng(5)
    network = Network("float", "float", (
        Population("in", 4, Source(payload_bits=8)),
        Population("a", 5, CubaLIF(du=0.25, dv=0.1, vth=1.5, bias_mant=0.05)),
        Population("out", 2, Readout(dv=0.3, vth=0.8)),
    ), (
        Projection("in_a", "in", "a", rng.normal(size=(5, 4)), graded=True),
        Projection("loop", "a", "a", rng.normal(size=(5, 5)), delay=2),
        Projection("a_out", "a", "out", rng.normal(size=(2, 5))),
    ))
    inputs = {"in": rng.normal(size=(STEPS, 4))}
    probes = everything(network)
    truth = ReferenceBackend().run(network, inputs, probes, STEPS)
    lava = LavaBackend().run(network, inputs, probes, STEPS)
    for probe in probes:
        np.testing.assert_allclose(truth.traces[probe], lava.traces[probe], rtol=1e-12, atol=1e-12)
        assert lava.traces[probe].any()


def one(model: CubaLIF | LatencyMatch) -> Network:
    return Network("one", "fixed", (Population("in", 1, Source(24)), Population("a", 1, model)),
                   (Projection("w", "in", "a", np.full((1, 1), 255, np.int32), 0, 7, True),))


@pytest.mark.parametrize(("model", "words"), [
    (CubaLIF(du=0), "du = 0"),
    (CubaLIF(dv=4096), "dv = 4096"),
    (LatencyMatch(vth=1, base=1, span=2**23 - 1, gain=2**23 - 1, gain_shift=0), "payload"),
])
def test_what_stock_lava_cannot_hold_is_refused(
    model: CubaLIF | LatencyMatch, words: str
) -> None:
    reason = LavaBackend().why_not(one(model))
    assert reason is not None
    assert words in reason
    with pytest.raises(UnsupportedError, match=words):
        LavaBackend().run(one(model), {"in": np.zeros((3, 1), np.int64)}, [], 3)


def test_sums_beyond_32_bits_are_refused() -> None:
    loud = np.full((3, 1), 2**23 - 1)
    with pytest.raises(UnsupportedError, match="32 bits"):
        LavaBackend().run(one(CubaLIF()), {"in": loud}, [], 3)


def test_a_wrong_shape_is_the_users_error_before_lava_starts() -> None:
    with pytest.raises(UsageError, match="wrong shape"):
        LavaBackend().run(one(CubaLIF()), {"in": np.zeros((4, 1), np.int64)}, [], 3)


@pytest.mark.parametrize("deadline", [0, -1, float("nan"), float("inf")])
def test_a_deadline_must_be_a_positive_number(deadline: float) -> None:
    quiet = {"in": np.zeros((3, 1), np.int64)}
    with pytest.raises(UsageError, match="deadline"):
        LavaBackend(deadline=deadline).run(one(CubaLIF()), quiet, [], 3)


def test_a_deadline_in_the_environment_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROMORPH_LAVA_DEADLINE", "soon")
    with pytest.raises(UsageError, match="soon"):
        LavaBackend().run(one(CubaLIF()), {"in": np.zeros((3, 1), np.int64)}, [], 3)
