"""The encoders in Lava's own runtime, fixed and float, against the step function."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuromorph.dynamics.encode import CODES, EncoderState, Encoding, step_encoder
from neuromorph.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
STEPS, PERIOD, COUNT, SIZE = 7, 9, 3, 4
RUN = 64  # more than two rounds of all vectors

SCRIPT = """
import json, sys
import numpy as np
from neuromorph.processes.encoder.process import Encoder
from neuromorph.processes.encoder.latency.process import LatencyEncoder
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.sink import RingBuffer
from lava.proc.lif.process import LIF

tag, run, encoders, ramps = json.loads(sys.argv[1])
neuron = LIF(shape=(1,), vth=1)  # makes one network of all
made = [Encoder(**e) for e in encoders] + [LatencyEncoder(**r) for r in ramps]
sinks = []
for encoder in made:
    sink, synapses = RingBuffer(shape=encoder.s_out.shape, buffer=run), Dense(
        weights=np.ones((1, encoder.s_out.size)))
    encoder.s_out.connect(sink.a_in)
    encoder.s_out.connect(synapses.s_in)
    synapses.a_out.connect(neuron.a_in)
    sinks.append(sink)
try:
    neuron.run(RunSteps(num_steps=run), Loihi2SimCfg(select_tag=tag))
except Exception as error:
    print(json.dumps(f"{type(error).__name__}: {error}"), flush=True)
    sys.exit()
print(json.dumps([sink.data.get().T.tolist() for sink in sinks]))
neuron.stop()
"""


def in_lava(
    tag: str, encoders: list[dict[str, Any]], ramps: list[dict[str, Any]], run: int = RUN
) -> Any:
    """The spikes of each encoder over the run, or the text of the error."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, json.dumps([tag, run, encoders, ramps])],
                          cwd=ROOT, capture_output=True, text=True, timeout=120,
                          env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def expected(encoding: Encoding, vectors: NDArray[Any], period: int) -> NDArray[Any]:
    """The step function, vector after vector and round after round."""
    v, train = np.zeros_like(vectors[0]), []
    while len(train) < RUN:
        for vector in vectors:
            state = EncoderState(0, v)
            for _ in range(period):
                state, spikes = step_encoder(encoding, state, vector)
                train.append(spikes)
            v = state.v
    return np.array(train[:RUN])


def table(seed: int, limit: int) -> NDArray[np.int64]:
    vectors = np.random.default_rng(seed).integers(-limit, limit + 1, (COUNT, SIZE))
    vectors[0, :3] = [limit, -limit, 0]
    return vectors


def settings(code: str, vectors: NDArray[Any], limit: float) -> dict[str, Any]:
    return {"vectors": vectors.tolist(), "code": code, "limit": limit,
            "steps": 1 if code == "graded" else STEPS, "period": PERIOD}


@pytest.mark.parametrize(("tag", "unit"), [("fixed_pt", 1), ("floating_pt", 0.01)])
def test_every_code_equals_the_step_function(tag: str, unit: float) -> None:
    vectors, limit = table(1, 127) * unit, 127 * unit
    chosen = [settings(code, vectors, limit) for code in CODES]
    for chosen_one, seen in zip(chosen, in_lava(tag, chosen, []), strict=True):
        encoding = Encoding(chosen_one["code"], limit, chosen_one["steps"])
        truth = expected(encoding, vectors, PERIOD)
        assert truth.any()
        np.testing.assert_array_equal(truth, seen, encoding.code)


def test_stock_neurons_make_the_latency_code_one_step_later() -> None:
    """From one step to the most that a weight allows, from limit 1 to the largest bias."""
    sizes = [(1, 1), (1, 2047), (2, 2), (7, 127), (31, 2047), (127, 127)]
    ramps = [{"vectors": table(i, limit).tolist(), "limit": limit, "steps": steps}
             for i, (steps, limit) in enumerate(sizes)]
    for i, ((steps, limit), seen) in enumerate(zip(sizes, in_lava("fixed_pt", [], ramps),
                                                   strict=True)):
        truth = expected(Encoding("latency", limit, steps), table(i, limit), steps)
        np.testing.assert_array_equal(truth[:-1], seen[1:], f"{steps} steps, limit {limit}")
        assert not any(seen[0])
        assert truth[:-1].any()


def test_the_latency_code_of_stock_neurons_is_for_the_fixed_domain() -> None:
    assert "No ProcessModels found with tag 'floating_pt'" in in_lava(
        "floating_pt", [], [{"vectors": [[1]], "limit": 1, "steps": 2}])


# --- at construction


@pytest.fixture
def encoder() -> Callable[..., Any]:
    from neuromorph.processes.encoder.process import Encoder

    return Encoder


@pytest.fixture
def latency_encoder() -> Callable[..., Any]:
    from neuromorph.processes.encoder.latency.process import LatencyEncoder

    return LatencyEncoder


GOOD: dict[str, Any] = {"vectors": [[1, -2]], "code": "rate", "limit": 2, "steps": 4}


@pytest.mark.parametrize(("change", "words"), [
    ({"code": "morse"}, "no such spike code; found morse"),
    ({"vectors": [1, -2]}, r"shape \(count, size\)"),
    ({"vectors": [[1, -3]]}, "exceeds the limit"),
    ({"vectors": [[1, float("nan")]]}, "found nan"),
    ({"limit": -1}, "positive"),
    ({"period": 3}, "found a period of 3; expected at least 4 steps"),
    ({"period": 4.5}, r"found a period of 4\.5"),
])
def test_an_encoder_that_makes_no_sense_is_refused(
    encoder: Callable[..., Any], change: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        encoder(**GOOD | change)


def test_the_fixed_model_refuses_fractions_that_lava_would_cut(
    encoder: Callable[..., Any]
) -> None:
    """Lava builds a model before it runs anything, and hands its error on to the user."""
    from neuromorph.processes.encoder.models import PyEncoderModelFixed

    with pytest.raises(UsageError, match="the fixed domain encodes whole numbers"):
        PyEncoderModelFixed(encoder(**GOOD | {"vectors": [[0.5, 1]]}).proc_params)


@pytest.mark.parametrize(("change", "words"), [
    ({"vectors": [[0.5]]}, "whole numbers"),
    ({"limit": 2.5}, "whole numbers"),
    ({"vectors": [[1, -3]]}, "exceeds the limit"),
    ({"steps": 128}, "weight of the stock neuron would be too large; found 256"),
    ({"limit": 2048}, "bias mantissa"),
    ({"limit": 2047, "steps": 32}, "threshold"),
])
def test_a_latency_encoder_beyond_its_registers_is_refused(
    latency_encoder: Callable[..., Any], change: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        latency_encoder(**{"vectors": [[1, -2]], "limit": 2, "steps": 4} | change)


def test_ports_have_an_axon_a_number_or_a_pair(encoder: Callable[..., Any]) -> None:
    assert encoder(**GOOD).s_out.shape == (4,)
    assert encoder(**GOOD | {"code": "graded", "steps": 1}).s_out.shape == (2,)
