"""One suite for all backends: what runs, runs alike to the bit; what does not, says why."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_heads import BINARY, GRADED, attention
from small_networks import everything, float_network, random_network

from neuromorph import backends
from neuromorph.backends.interface import Inputs
from neuromorph.errors import UnsupportedError
from neuromorph.network import CubaLIF, LatencyMatch, Network, Population, Projection, Source

REFERENCE = backends.get("reference")


# --- the same networks on all backends


def one_neuron(model: CubaLIF, weight: int = 1) -> tuple[Network, Inputs, int]:
    network = Network("one", "fixed", (Population("in", 2, Source()), Population("n", 1, model)),
                      (Projection("w", "in", "n", np.array([[weight, 1]], np.int32)),))
    return network, {"in": np.ones((6, 2), np.int64)}, 6


RUNS = {
    "binary attention": attention(BINARY),
    "graded attention": attention(GRADED),
    "floats": float_network(),
    "a current that never decays": one_neuron(CubaLIF(du=0, vth=5)),
    "a potential that never lasts": one_neuron(CubaLIF(dv=4096, vth=5)),
}

CANNOT = {
    ("fast", "floats"): "it runs integers only",
    ("lava", "a current that never decays"): "no register for du = 0",
    ("lava", "a potential that never lasts"): "no register for dv = 4096",
}


def lava_is_installed() -> bool:
    try:
        return importlib.util.find_spec("lava.magma.core") is not None
    except ModuleNotFoundError:
        return False


NEEDS_LAVA = (pytest.mark.lava,
              pytest.mark.skipif(not lava_is_installed(), reason="lava-nc is not installed"))


def on_every_backend(able: bool) -> list[Any]:
    """Backend and run, for all that a backend can, or cannot, do."""
    pairs = [(name, run) for name in backends.names() if name != "reference" for run in RUNS]
    return [pytest.param(name, run, marks=NEEDS_LAVA if name == "lava" else ())
            for name, run in pairs if ((name, run) not in CANNOT) == able]


@pytest.mark.parametrize(("name", "run"), on_every_backend(able=True))
def test_a_backend_equals_the_reference(name: str, run: str) -> None:
    network, inputs, steps = RUNS[run]
    probes = everything(network)
    truth = REFERENCE.run(network, inputs, probes, steps)
    got = backends.get(name).run(network, inputs, probes, steps)
    assert got.backend == name
    assert (got.evidence, got.steps) == ("bit-exact model", steps)
    assert set(got.traces) == set(probes)
    for probe in probes:
        exact = np.testing.assert_array_equal
        close = np.testing.assert_allclose
        (exact if network.domain == "fixed" else close)(got.traces[probe], truth.traces[probe])


@pytest.mark.parametrize(("name", "run"), on_every_backend(able=False))
def test_a_backend_says_what_it_cannot_do(name: str, run: str) -> None:
    """Fails on an unexpected pass: then the table above is out of date."""
    network, inputs, steps = RUNS[run]
    backend, reason = backends.get(name), CANNOT[name, run]
    assert reason in (backend.why_not(network) or "")
    with pytest.raises(UnsupportedError, match=reason):
        backend.run(network, inputs, [], steps)


@pytest.mark.parametrize("run", RUNS)
def test_the_reference_can_do_everything(run: str) -> None:
    network, inputs, steps = RUNS[run]
    recording = REFERENCE.run(network, inputs, everything(network), steps)
    assert recording.evidence == "reference"
    assert any(trace.any() for probe, trace in recording.traces.items()
               if probe.target not in inputs)


# --- the clocked engine of `fast`


@given(st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_any_network_runs_alike_on_fast_and_reference(seed: int) -> None:
    network, inputs, steps = random_network(seed)
    probes = everything(network)
    truth = REFERENCE.run(network, inputs, probes, steps)
    got = backends.get("fast").run(network, inputs, probes, steps)
    for probe in probes:
        np.testing.assert_array_equal(got.traces[probe], truth.traces[probe], str(probe))


def test_a_payload_fades_to_one_however_early_its_spike() -> None:
    early = LatencyMatch(vth=0, base=1, span=2**20, gain=1, gain_shift=0)
    network = Network("early", "fixed", (Population("in", 1, Source(8)), Population("n", 1, early)),
                      (Projection("w", "in", "n", np.array([[1]], np.int32), graded=True),))
    train = {"in": np.array([[-1], [5], [0]])}
    for name in ("reference", "fast"):
        recording = backends.get(name).run(network, train, everything(network), 3)
        assert recording.spikes("n").ravel().tolist() == [0, 0, 1]


def test_random_networks_are_alive() -> None:
    """The test above would say little about silent networks: neurons of all models fire."""
    fired, payloads = set(), set()
    for seed in range(40):
        network, inputs, steps = random_network(seed)
        recording = REFERENCE.run(network, inputs, everything(network), steps)
        for p in network.populations:
            if p.name not in inputs and recording.spikes(p.name).any():
                fired.add(p.model.kind)
                payloads |= set(recording.spikes(p.name).ravel())
    assert fired == {"CubaLIF", "Readout", "LatencyMatch"}
    assert len(payloads) > 20


@pytest.mark.parametrize("name", ["fast", "reference"])
def test_only_what_is_asked_for_is_recorded(name: str) -> None:
    network, inputs, steps = RUNS["graded attention"]
    probes = everything(network)
    whole = backends.get(name).run(network, inputs, probes, steps)
    for probe in probes:
        one = backends.get(name).run(network, inputs, [probe], steps)
        assert list(one.traces) == [probe]
        np.testing.assert_array_equal(one.traces[probe], whole.traces[probe])
