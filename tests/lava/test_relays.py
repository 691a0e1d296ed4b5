"""Relays in Lava's own runtime: the neuron, and a network whose sums they take in parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuromorph.backends.lava import LavaBackend
from neuromorph.backends.reference import ReferenceBackend
from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.program import Unit
from neuromorph.compile.relays.insert import with_relays
from neuromorph.network import (
    CubaLIF,
    LatencyMatch,
    Network,
    Population,
    Probe,
    Projection,
    Readout,
    Relay,
    Source,
)
from neuromorph.profiles import load_profile

STEPS = 30


def test_the_neuron_equals_the_reference() -> None:
    """Both shifts, negative sums, and sums beyond the payload."""
    weights = np.array([[2, -4], [-254, 254], [6, 0]], np.int32)
    network = Network("relays", "fixed", (
        Population("in", 2, Source(payload_bits=17)),
        Population("plain", 3, Relay()), Population("shifting", 3, Relay(shift=3)),
        Population("out", 3, Readout(dv=300)),
    ), (
        Projection("a", "in", "plain", weights, graded=True),
        Projection("b", "in", "shifting", weights, exponent=1, graded=True),
        Projection("c", "plain", "out", np.eye(3, dtype=np.int32), exponent=-6, graded=True),
        Projection("d", "shifting", "out", np.eye(3, dtype=np.int32), exponent=-7, delay=2,
                   graded=True),
    ))
    train = np.random.default_rng(0).integers(-(2**16), 2**16, (STEPS, 2))
    train[::3] = 0
    probes = [*map(Probe, ("plain", "shifting", "out")), Probe("out", "v")]
    truth = ReferenceBackend().run(network, {"in": train}, probes, STEPS)
    got = LavaBackend().run(network, {"in": train}, probes, STEPS)
    for probe in probes:
        np.testing.assert_array_equal(got.traces[probe], truth.traces[probe], err_msg=str(probe))
    assert truth.overflows["plain"] > 3
    assert (truth.spikes("shifting") < 0).any()


@pytest.mark.parametrize("exponent", [0, -4])
def test_relays_change_nothing(exponent: int) -> None:
    rng = np.random.default_rng(1)
    even = 2 * rng.integers(-100, 100, (5, 20), dtype=np.int32)
    network = Network("wide", "fixed", (
        Population("in", 20, Source(payload_bits=8)), Population("plain", 2, Source()),
        Population("match", 20, LatencyMatch(vth=300, base=128, span=6400, gain=82,
                                             gain_shift=12)),
        Population("lif", 5, CubaLIF(du=4096, dv=500, vth=90)),
        Population("out", 5, Readout(dv=200)),
    ), (
        Projection("climb", "in", "match", 2 * np.eye(20, dtype=np.int32), exponent=1,
                   graded=True),
        Projection("push", "plain", "lif", np.full((5, 2), 50, np.int32), delay=1),
        Projection("count", "match", "lif", np.abs(even), exponent=exponent),
        Projection("value", "match", "out", even, exponent=exponent, graded=True),
    ))
    inputs = {"in": rng.integers(-128, 128, (STEPS, 20)),
              "plain": rng.integers(0, 2, (STEPS, 2))}
    limits = replace(limits_of(load_profile("loihi2-graded")), in_axons=8)
    with_small_cores = with_relays(Unit("u", network), limits, True)
    probes = [Probe(name, v) for name in ("match", "lif", "out") for v in ("spikes", "v")]
    truth = ReferenceBackend().run(network, inputs, probes, STEPS)
    got = with_small_cores.run(LavaBackend().run, inputs, probes, STEPS)
    assert with_small_cores.view.steps(STEPS) == STEPS + (2 if exponent else 1)
    for probe in probes:
        np.testing.assert_array_equal(got.traces[probe], truth.traces[probe], err_msg=str(probe))
    assert truth.spikes("lif").any()
    assert truth.potential("out").any()
