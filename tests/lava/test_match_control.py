"""MatchAndControl in Lava's own runtime: fused, of stock Processes, as a circuit, and in floats."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.circuits.match_and_control import Episode, build, stimulate
from neuromorph.dynamics.match_control import SCORE_UNIT, MatchControl
from neuromorph.dynamics.match_control_step import (
    coincidence_noise,
    gate_weights,
    rest_cells,
    rest_scores,
    step_match_control_fixed,
    step_match_control_float,
)
from neuromorph.errors import UnsupportedError, UsageError
from neuromorph.learning import make_draws, rest
from neuromorph.network import Probe

ROOT = Path(__file__).resolve().parents[2]
QUERIES, AXONS = 2, 4
PART, PARTS = 64, 10  # the gates are open after 512 steps; there are fewer draws at first
FLOATS: list[dict[str, Any]] = [{}, {"noise": 0.43}, {"pooled": True}]
Seen: TypeAlias = dict[str, NDArray[Any]]
SETTINGS = {"impulse": 90, "threshold": 70, "seed": 3}

SCRIPT = """
import json, os, sys
import numpy as np
from neuromorph.dynamics.match_control import MatchControl
from neuromorph.processes.match_control.process import MatchAndControl
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer

tag, hierarchical, axons, queries, part, settings, options = json.loads(sys.argv[1])
steps = len(axons)
made = [MatchAndControl(shape=(len(queries[0]), len(axons[0])), neuron=MatchControl(**settings),
                        **chosen) for chosen in options]
sinks = [Sink(shape=neurons.s_out.shape, buffer=steps) for neurons in made]
axons, queries = (RingBuffer(data=np.array(train).T) for train in (axons, queries))
for neurons, sink in zip(made, sinks):
    axons.s_out.connect(neurons.s_in)
    queries.s_out.connect(neurons.q_in)
    neurons.s_out.connect(sink.a_in)
config = Loihi2SimCfg(select_tag=tag, select_sub_proc_model=hierarchical)
parts = []
try:
    for _ in range(steps // part):
        axons.run(RunSteps(num_steps=part), config)
        parts.append([[n.weights.get().tolist(), n.tag_1.get().tolist()] for n in made])
except Exception as error:
    print(json.dumps(f"{type(error).__name__}: {error}"), flush=True)
    os._exit(0)  # Lava would wait for ever for what it has started
seen = [[sink.data.get().T.tolist() for sink in sinks], parts]
axons.stop()
print(json.dumps(seen))
"""


def trains() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """An episode in which neuron 0 matches axons 0 and 2, and neuron 1 nearly axon 3."""
    rng = np.random.default_rng(11)
    keys = (rng.random((500, AXONS)) < 0.02).astype(np.int64)
    keys[:, 2] |= keys[:, 0]
    queries = np.zeros((500, QUERIES), np.int64)
    queries[7:, 0], queries[4:, 1] = keys[:-7, 0], keys[:-4, 3]
    values = (rng.random((100, AXONS)) < 0.1).astype(np.int64)
    inputs, steps = stimulate(Episode(keys, queries, values, gap=20))
    silence = ((0, PART * PARTS - steps), (0, 0))
    return np.pad(inputs["axon"], silence), np.pad(inputs["query"], silence)


def in_lava(tag: str, hierarchical: bool, options: list[dict[str, Any]]) -> list[Seen]:
    """Neurons with these options, side by side: spikes, and weights and tags part by part."""
    axons, queries = (train.tolist() for train in trains())
    request = json.dumps([tag, hierarchical, axons, queries, PART, SETTINGS, options])
    done = subprocess.run([sys.executable, "-c", SCRIPT, request], cwd=ROOT, text=True,
                          capture_output=True, timeout=120, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    spikes, parts = json.loads(done.stdout.splitlines()[-1])
    synapses = np.array(parts)
    return [{"spikes": np.array(train), "weights": synapses[:, i, 0], "tags": synapses[:, i, 1]}
            for i, train in enumerate(spikes)]


@pytest.fixture(scope="module")
def fused() -> Seen:
    return in_lava("fixed_pt", False, [{}])[0]


@pytest.fixture(scope="module")
def floating() -> list[Seen]:
    return in_lava("floating_pt", False, FLOATS)


def test_the_fused_model_equals_the_stock_processes_to_the_bit(fused: Seen) -> None:
    stock, = in_lava("fixed_pt", True, [{}])
    for variable in fused:
        np.testing.assert_array_equal(fused[variable], stock[variable], variable)
    assert fused["spikes"].any(axis=0).all()
    assert {0, 255} < set(fused["weights"].ravel())


def test_the_fused_model_equals_the_circuit(fused: Seen) -> None:
    axons, queries = trains()
    recording = backends.get("fast").run(
        build(AXONS, QUERIES, MatchControl(**SETTINGS)), {"axon": axons, "query": queries},
        (Probe("soma"), Probe("spine", "weights"), Probe("spine", "tags")), len(axons))
    np.testing.assert_array_equal(fused["spikes"], recording.spikes("soma"))
    after = slice(PART - 1, None, PART)
    np.testing.assert_array_equal(fused["weights"], recording.weights("spine")[after])
    np.testing.assert_array_equal(fused["tags"],
                                  recording.traces[Probe("spine", "tags")][after])


def test_the_fixed_model_is_the_step_function(fused: Seen) -> None:
    neuron = MatchControl(**SETTINGS)
    cells = rest_cells(QUERIES, AXONS, kind=np.int64)
    synapses = rest(np.zeros((QUERIES, AXONS), np.int64), "fixed")
    draws, spikes = make_draws(neuron.seed, PART * PARTS, 1), []
    for t, (axons, queries) in enumerate(zip(*trains(), strict=True)):
        spikes.append(cells.spikes)
        cells, synapses = step_match_control_fixed(neuron, cells, synapses, axons, queries,
                                                   step=t, draws=draws)
    np.testing.assert_array_equal(fused["spikes"], spikes)
    np.testing.assert_array_equal(fused["weights"][-1], synapses.weights)
    np.testing.assert_array_equal(fused["tags"][-1], synapses.tags)


@pytest.mark.parametrize("which", range(len(FLOATS)), ids=["plain", "noise", "pooled"])
def test_the_float_model_is_the_step_function(floating: list[Seen], which: int) -> None:
    seen, neuron = floating[which], MatchControl(**SETTINGS)
    sigma, pooled = FLOATS[which].get("noise", 0.0), FLOATS[which].get("pooled", False)
    rng = np.random.default_rng(neuron.seed)
    cells, synapses = rest_cells(QUERIES, AXONS, kind=np.float64), rest_scores(QUERIES, AXONS)
    spikes = []
    for axons, queries in zip(*trains(), strict=True):
        spikes.append(cells.spikes)
        noise = coincidence_noise(rng, cells.spikes, AXONS, sigma)
        cells, synapses = step_match_control_float(neuron, cells, synapses, axons, queries,
                                                   pooled=pooled, noise=noise)
    np.testing.assert_array_equal(seen["spikes"], spikes)
    np.testing.assert_array_equal(seen["tags"][-1], SCORE_UNIT * synapses.score)
    np.testing.assert_array_equal(seen["weights"][-1],
                                  gate_weights(neuron, synapses, pooled=pooled))
    assert seen["spikes"].any()


def test_noise_changes_the_scores_and_pooling_the_gates(floating: list[Seen]) -> None:
    plain, noisy, pooled = floating
    assert not np.allclose(plain["tags"][-1], noisy["tags"][-1], rtol=0.01)
    gates = pooled["weights"] / (7 * MatchControl().baseline)
    np.testing.assert_allclose(gates.sum(axis=-1), 1, rtol=1e-12)
    assert plain["weights"][-1][0].sum() > 1.5 * pooled["weights"][-1][0].sum()


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
def test_a_users_script_repeats_the_values_of_the_axon_that_matched(tag: str) -> None:
    done = subprocess.run([sys.executable, "tests/lava/scripts/match_script.py", tag], cwd=ROOT,
                          text=True, capture_output=True, timeout=120,
                          env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    spikes, values = np.array(seen["spikes"]), np.array(seen["values"])
    np.testing.assert_array_equal(spikes[spikes >= values.min()], values[1] + 4)
    assert set(np.array(seen["keys"]) + 8) <= set(spikes)
    assert np.argmax(seen["weights"][0]) == 1


@pytest.mark.parametrize("option", [{"noise": 0.1}, {"pooled": True}])
def test_integers_refuse_the_options_of_floats(option: dict[str, Any]) -> None:
    """Lava builds a model before it runs anything, and hands its error on to the user."""
    from neuromorph.processes.match_control import models, process

    given = process.MatchAndControl(shape=(2, 3), **option)
    with pytest.raises(UnsupportedError, match="noise and a pooled threshold are for floats"):
        models.PyMatchAndControlModelFixed(given.proc_params)
    with pytest.raises(UnsupportedError, match="noise and a pooled threshold are for floats"):
        models.HierarchicalMatchAndControlModelFixed(given)


def test_floats_have_no_stock_processes() -> None:
    from neuromorph.processes.match_control import models, process

    with pytest.raises(UnsupportedError, match=r"cannot evaluate sgn\(\)"):
        models.HierarchicalMatchAndControlModelFloat(process.MatchAndControl(shape=(2, 3)))


@pytest.mark.parametrize(("arguments", "words"), [
    ({"shape": (0, 3)}, "there must be neurons and axons"),
    ({"shape": (3,)}, r"found \(3,\)"),
    ({"shape": (2, 1.5)}, r"expected \(neurons, axons\)"),
    ({"shape": (2, 3), "noise": -0.1}, r"at least 0; found -0\.1"),
    ({"shape": (2, 3), "noise": float("nan")}, "found nan"),
])
def test_neurons_that_make_no_sense_are_refused(arguments: dict[str, Any], words: str) -> None:
    from neuromorph.processes.match_control.process import MatchAndControl

    with pytest.raises(UsageError, match=words):
        MatchAndControl(**arguments)
