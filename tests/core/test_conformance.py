"""One suite for all backends: what runs, runs alike to the bit; what does not, says why."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_heads import BINARY, GRADED, attention
from small_learners import LEARNERS, learner
from small_networks import everything, float_network, random_network
from small_pairs import PAIR

from neuromorph import backends
from neuromorph.api.tested_versions import PACKAGES
from neuromorph.backends.interface import Evidence, Inputs
from neuromorph.errors import UnsupportedError
from neuromorph.network import (
    CubaLIF,
    LatencyMatch,
    LearningRule,
    Network,
    Population,
    Probe,
    Projection,
    Source,
)
from neuromorph.neurons import models

REFERENCE = backends.get("reference")


# --- the same networks on all backends


def one_neuron(model: CubaLIF, weight: int = 1) -> tuple[Network, Inputs, int]:
    network = Network("one", "fixed", (Population("in", 2, Source()), Population("n", 1, model)),
                      (Projection("w", "in", "n", np.array([[weight, 1]], np.int32)),))
    return network, {"in": np.ones((6, 2), np.int64)}, 6


RUNS = {
    "binary attention": attention(BINARY),
    "graded attention": attention(GRADED),
    "attention for Loihi 1": attention(replace(BINARY, input_bits=22)),
    "two neurons a key": attention(PAIR),
    "floats": float_network(),
    "plain spikes": one_neuron(CubaLIF(du=1000, dv=100, vth=5, bias_mant=9, bias_exp=2)),
    "a current that never decays": one_neuron(CubaLIF(du=0, vth=5)),
    "a potential that never lasts": one_neuron(CubaLIF(dv=4096, vth=5)),
    **LEARNERS,
}

CANNOT = {
    ("fast", "floats"): "it runs integers only",
    ("fast", "floats that learn"): "it runs integers only",
    ("lava", "a current that never decays"): "no register for du = 0",
    ("lava", "a potential that never lasts"): "no register for dv = 4096",
    ("loihi_emulator", "binary attention"): "a payload is too large for synapses",
    ("loihi_emulator", "graded attention"): "a payload is too large for synapses",
    ("loihi_emulator", "two neurons a key"): "a payload is too large for synapses",
    ("loihi_emulator", "floats"): "it runs integers only",
    ("loihi_emulator", "a current that never decays"): "no register for du = 0",
    ("loihi_emulator", "a potential that never lasts"): "no register for dv = 4096",
    ("loihi_emulator", "third factors"): "a learning rule reads payloads",
    ("loihi_emulator", "payloads overwrite a trace"): "a learning rule reads payloads",
    ("loihi_emulator", "an astrocyte"): "a learning rule reads payloads",
    ("loihi_emulator", "floats that learn"): "it runs integers only",
    **{("loihi_emulator", run): "the only plasticity of nengo-loihi is PES"
       for run in ("Hebb", "tags in long epochs", "inhibitory synapses")},
    **{("nengo", run): "it runs floats only"
       for run, (network, _, _) in RUNS.items() if network.domain == "fixed"},
}


def is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def marks(name: str) -> tuple[Any, ...]:
    """Of tests that run a backend: its extra's mark, and no run without the package it needs."""
    kind = backends.kind(name)
    if kind.extra is None or kind.needs is None:
        return ()
    missing = not is_installed(kind.needs)
    return (getattr(pytest.mark, kind.extra),
            pytest.mark.skipif(missing, reason=f"{kind.needs} is not installed"))


NEEDS_LAVA = marks("lava")


def on_every_backend(able: bool) -> list[Any]:
    """Backend and run, for all that a backend can, or cannot, do."""
    pairs = [(name, run) for name in backends.names() if name != "reference" for run in RUNS]
    return [pytest.param(name, run, marks=marks(name) if able else ())
            for name, run in pairs if ((name, run) not in CANNOT) == able]


@pytest.mark.parametrize(("name", "run"), on_every_backend(able=True))
def test_a_backend_equals_the_reference(name: str, run: str) -> None:
    network, inputs, steps = RUNS[run]
    probes = everything(network)
    truth = REFERENCE.run(network, inputs, probes, steps)
    got = backends.get(name).run(network, inputs, probes, steps)
    assert got.backend == name
    assert (got.evidence, got.steps) == (backends.kind(name).evidence, steps)
    assert set(got.traces) == set(probes)
    tolerance = backends.kind(name).tolerance if network.domain == "float" else 0.0
    for probe in probes:
        alike(got.traces[probe], truth.traces[probe], tolerance, str(probe))
    assert set(got.synapses) == {p.name for p in network.plastic}
    for projection, (weights, tags) in got.synapses.items():
        alike(weights, truth.synapses[projection][0], tolerance, projection)
        alike(tags, truth.synapses[projection][1], tolerance, projection)


def alike(found: NDArray[Any], truth: NDArray[Any], tolerance: float, what: str) -> None:
    """Equal within a tolerance that is relative to the largest true value, to the bit if 0."""
    np.testing.assert_allclose(found, truth, rtol=0, atol=tolerance * np.abs(truth).max(),
                               err_msg=what)


@pytest.mark.parametrize("name", backends.names())
def test_a_backend_says_what_it_is(name: str) -> None:
    kind = backends.kind(name)
    assert kind.name == name
    assert issubclass(kind, backends.Backend)
    assert kind.evidence in get_args(Evidence)
    assert kind.summary
    assert len(kind.summary) <= 80
    assert kind.domains
    assert set(kind.domains) <= {"fixed", "float"}
    assert kind.kinds is None or set(kind.kinds) <= set(models())
    assert (kind.extra is None) == (kind.needs is None)
    assert kind.extra is None or kind.extra in {p.group for p in PACKAGES}
    assert kind.tolerance >= 0


def test_every_backend_can_do_something() -> None:
    """A backend that refused all of the suite would pass it."""
    able = {name for name in backends.names() for run in RUNS if (name, run) not in CANNOT}
    assert able == set(backends.names())


@pytest.mark.parametrize("name", ["fast", pytest.param("lava", marks=NEEDS_LAVA)])
def test_a_tag_rests_at_its_floor_alike(name: str) -> None:
    """The sum stops one below -2^15, so that the tag now and then rounds to one below -256."""
    network, _, steps = learner(LearningRule(dt="-7*2^4*u0"))
    silent = {source: np.zeros((20 * steps, n), int) for source, n in (("in", 3), ("teacher", 2))}
    tags = Probe("learns", "tags")
    truth, got = (backends.get(b).run(network, silent, [tags], 20 * steps).traces[tags]
                  for b in ("reference", name))
    np.testing.assert_array_equal(got, truth)
    assert set(np.unique(truth[steps:])) == {-257, -256}


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
    for name, synapses in truth.synapses.items():
        np.testing.assert_array_equal(got.synapses[name], synapses, name)


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
    assert fired == {"CubaLIF", "Readout", "LatencyMatch", "Astrocyte", "Relay"}
    assert len(payloads) > 20


def test_random_networks_learn() -> None:
    """Nor would it say much about synapses that stay as they are."""
    weights, tags, modulated = 0, 0, 0
    for seed in range(60):
        network, inputs, steps = random_network(seed)
        recording = REFERENCE.run(network, inputs, [], steps)
        for p in network.plastic:
            learned, tagged = recording.synapses[p.name]
            weights += bool((learned != p.weights).any())
            tags += bool(tagged.any())
            modulated += p.modulated and bool((learned != p.weights).any() or tagged.any())
    assert min(weights, tags, modulated) >= 10


@pytest.mark.parametrize("run", LEARNERS)
def test_every_learner_learns(run: str) -> None:
    """Weights move more than once, some synapses unlike others, and end where probes say."""
    network, inputs, steps = RUNS[run]
    recording = REFERENCE.run(network, inputs, everything(network), steps)
    for p in network.plastic:
        weights = recording.weights(p.name)
        moved = np.diff(weights, axis=0) != 0
        assert moved.any(axis=(1, 2)).sum() > 2
        assert len(np.unique(weights[-1] - p.weights)) > 1
        np.testing.assert_array_equal(weights[-1], recording.synapses[p.name][0])
        assert p.rule is not None
        assert bool(recording.traces[Probe(p.name, "tags")].any()) == bool(p.rule.dt)


@pytest.mark.parametrize("name", ["fast", "reference"])
def test_only_what_is_asked_for_is_recorded(name: str) -> None:
    network, inputs, steps = RUNS["graded attention"]
    probes = everything(network)
    whole = backends.get(name).run(network, inputs, probes, steps)
    for probe in probes:
        one = backends.get(name).run(network, inputs, [probe], steps)
        assert list(one.traces) == [probe]
        np.testing.assert_array_equal(one.traces[probe], whole.traces[probe])
