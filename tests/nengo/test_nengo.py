"""Networks of floats in Nengo do what the reference does, learning included."""

from __future__ import annotations

import numpy as np
import pytest
from small_floats import random_floats
from small_networks import everything, float_network

from neuromorph import backends
from neuromorph.network import CubaLIF, Network, Population, Probe, Projection, Source

REFERENCE, NENGO = backends.get("reference"), backends.get("nengo")
TOLERANCE = NENGO.tolerance


@pytest.mark.parametrize("seed", range(30))
def test_a_random_network_agrees_with_the_reference(seed: int) -> None:
    network, inputs, steps = random_floats(seed)
    probes = everything(network)
    truth = REFERENCE.run(network, inputs, probes, steps)
    got = NENGO.run(network, inputs, probes, steps)
    for probe, trace in truth.traces.items():
        largest = np.abs(trace).max()
        np.testing.assert_allclose(got.traces[probe], trace, rtol=0, atol=TOLERANCE * largest,
                                   err_msg=str(probe))
    for name, synapses in truth.synapses.items():
        np.testing.assert_allclose(got.synapses[name], synapses, rtol=TOLERANCE, atol=TOLERANCE)


def test_random_networks_fire_and_learn() -> None:
    """Else the test above would say little."""
    fired, learned, tagged, modulated = set(), 0, 0, 0
    for seed in range(30):
        network, inputs, steps = random_floats(seed)
        recording = REFERENCE.run(network, inputs, everything(network), steps)
        fired |= {p.model.kind for p in network.populations if recording.spikes(p.name).any()}
        for p in network.plastic:
            weights, tags = recording.synapses[p.name]
            learned += bool((weights != p.weights).any())
            tagged += bool(tags.any())
            modulated += p.modulated and bool((weights != p.weights).any())
    assert fired == {"Source", "CubaLIF", "Readout", "Astrocyte"}
    assert min(learned, tagged, modulated) > 2


def test_a_spike_arrives_in_the_next_step_and_later_with_a_delay() -> None:
    for delay in (0, 1, 5):
        network = Network("late", "float", (
            Population("in", 1, Source()), Population("n", 1, CubaLIF(du=1, dv=1, vth=0.5)),
        ), (Projection("w", "in", "n", np.ones((1, 1)), delay=delay),))
        train = np.zeros((10, 1))
        train[2] = 1
        spikes = NENGO.run(network, {"in": train}, [Probe("n")], 10).spikes("n")
        assert np.flatnonzero(spikes).tolist() == [3 + delay]


def test_a_recording_says_where_it_comes_from() -> None:
    network, inputs, steps = float_network()
    probe = Probe("out", "v")
    recording = NENGO.run(network, inputs, [probe], steps)
    assert (recording.backend, recording.evidence, recording.steps) == ("nengo", "emulator", steps)
    assert [*recording.traces] == [probe]
    assert recording.traces[probe].shape == (steps, 2)


def test_it_runs_twice_alike() -> None:
    network, inputs, steps = random_floats(3)
    once, again = (NENGO.run(network, inputs, everything(network), steps) for _ in range(2))
    for probe, trace in once.traces.items():
        np.testing.assert_array_equal(again.traces[probe], trace)
