"""The astrocyte against its step function, behind a stock Dense, and in a user's own script."""

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

from neuromorph.backends.reference import ReferenceBackend
from neuromorph.dynamics import step_astrocyte_fixed, step_astrocyte_float
from neuromorph.errors import UsageError
from neuromorph.learning import LearningRule
from neuromorph.network import Astrocyte, CubaLIF, Network, Population, Probe, Projection, Source
from neuromorph.network.model import Domain
from neuromorph.numerics.limits import STATE_MAX

ROOT = Path(__file__).resolve().parents[2]
STEPS, UNITS = 40, 3

SCRIPT = """
import json, sys
import numpy as np
from neuromorph.processes.astrocyte.process import Astrocyte
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer

tag, train, weights, settings = json.loads(sys.argv[1])
source = RingBuffer(data=np.array(train).T)
synapses = Dense(weights=np.array(weights), num_message_bits=16)
astrocyte = Astrocyte(shape=(len(weights),), **settings)
sink = Sink(shape=astrocyte.s_out.shape, buffer=len(train))
source.s_out.connect(synapses.s_in)
synapses.a_out.connect(astrocyte.a_in)
astrocyte.s_out.connect(sink.a_in)
astrocyte.run(RunSteps(num_steps=len(train)), Loihi2SimCfg(select_tag=tag))
print(json.dumps([sink.data.get().T.tolist(), astrocyte.calcium.get().tolist()]))
astrocyte.stop()
"""


def python(*arguments: str) -> Any:
    """The last line that a Lava program of its own prints."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True,
                          timeout=120, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def by_hand(a_in: NDArray[Any], domain: str, **settings: Any) -> tuple[Any, Any]:
    """What leaves the astrocyte at each step, and its calcium at the end."""
    calcium, out = np.array([settings.pop("calcium", 0)]), []
    for row in a_in:
        if domain == "fixed":
            calcium, sent = step_astrocyte_fixed(calcium, row, **settings)
        else:
            calcium, sent = step_astrocyte_float(calcium, row, dv=settings["dv"])
        out.append(sent)
    return np.array(out), calcium


@pytest.mark.parametrize(("domain", "dv"), [("fixed", 1024), ("float", 0.25)])
def test_behind_a_stock_dense_it_is_the_step_function(domain: str, dv: float) -> None:
    random = np.random.default_rng(4)
    weights = 2 * random.integers(0, 100, (UNITS, 5))
    weights[0] *= -1
    train = random.integers(0, 200, (STEPS, 5)) * (random.random((STEPS, 5)) < 0.4)
    settings = {"dv": dv, "gain_bits": 8, "calcium": 3}
    out, calcium = python("-c", SCRIPT, json.dumps([
        "fixed_pt" if domain == "fixed" else "floating_pt", train.tolist(), weights.tolist(),
        settings]))
    a_in = np.vstack([np.zeros(UNITS, int), train[:-1] @ weights.T])  # Dense takes a step
    truth, last = by_hand(a_in, domain, **settings)
    np.testing.assert_array_equal(out, truth)
    np.testing.assert_array_equal(calcium, last)
    assert (truth[:, 0] < 0).any()
    assert (truth[:, 1] > 0).any()


HARD = np.array([
    [5, -5, 0],                # no calcium yet: nothing passes
    [7, -7, 3], [7, -7, 0],    # it truncates toward zero on both sides
    [1, -1, -2], [9, 9, -90],  # calcium below zero lets nothing pass
    [STATE_MAX, -STATE_MAX, 100],                              # larger than a payload can be
    [1, 1, STATE_MAX], [100, 1, STATE_MAX], [4096, -4096, 0],  # calcium at its limit
])


@pytest.mark.parametrize(("domain", "dv"), [("fixed", 0), ("fixed", 4096), ("fixed", 333),
                                            ("float", 0.0), ("float", 1.0), ("float", 0.3)])
def test_the_models_are_the_step_functions(
    drive: Callable[..., dict[str, NDArray[Any]]], domain: str, dv: float
) -> None:
    from neuromorph.processes.astrocyte.process import Astrocyte as Process

    seen = drive(Process(shape=(UNITS,), dv=dv, gain_bits=8), HARD, domain)
    truth, _ = by_hand(HARD, domain, dv=dv, gain_bits=8)
    np.testing.assert_array_equal(seen["out"], truth)
    assert not truth[0].any()
    assert not truth[:, -1].any()


def test_in_integers_it_divides_toward_zero_and_saturates() -> None:
    """Written out, with no decay: the calcium is the sum so far."""
    truth, calcium = by_hand(HARD, "fixed", dv=0, gain_bits=8)
    assert truth[1].tolist() == [7 * 256 // 3, -(7 * 256 // 3), 0]
    assert truth[3].tolist() == [256, -256, 0]
    assert truth[4].tolist() == [0, 0, 0]  # 3 - 2 - 90
    assert truth[5].tolist() == [STATE_MAX, -STATE_MAX, 0]
    assert truth[7].tolist() == [0, 0, 0]
    assert calcium.tolist() == [STATE_MAX]


def test_in_floats_two_units_keep_their_ratio() -> None:
    truth, _ = by_hand(np.array([[6.0, -3.0, 1.5]]), "float", dv=1.0)
    np.testing.assert_allclose(truth, [[4, -2, 0]])


@pytest.mark.parametrize("shape", [(1,), (3, 2)])
def test_an_astrocyte_without_units_is_refused(shape: tuple[int, ...]) -> None:
    from neuromorph.processes.astrocyte.process import Astrocyte as Process

    with pytest.raises(UsageError, match=r"a unit besides.*expected \(units \+ 1,\)"):
        Process(shape=shape)


def circuit(domain: Domain) -> tuple[Network, dict[str, NDArray[Any]]]:
    """The network and the input of scripts/plastic_script.py."""
    forget, half, kind = (4096, 2048, np.int32) if domain == "fixed" else (1, 0.5, np.float64)
    rule = LearningRule(dw="2^-1*x1*y0 - 2^-4*w*u0", x1_impulse=64, x1_tau=3)
    values = np.array([[30, 0], [0, 50], [10, 10]], kind)
    network = Network("plastic", domain, (
        Population("key", 3, Source()), Population("teacher", 2, Source()),
        Population("match", 2, CubaLIF(du=forget, dv=0, vth=40)),
        Population("astrocyte", 3, Astrocyte(dv=half, gain_bits=8)),
    ), (
        Projection("learn", "key", "match", np.zeros((2, 3), kind), rule=rule),
        Projection("teach", "teacher", "match", 100 * np.eye(2, dtype=kind)),
        Projection("control", "match", "astrocyte", values),
    ))
    key, teacher = np.zeros((24, 3), kind), np.zeros((24, 2), kind)
    for t in range(24):
        key[t] = [[1, 1, 0], [0, 1, 1], [1, 0, 1], [0, 0, 0]][t % 4]
        teacher[t] = [t % 9 == 0, t % 9 == 1]
    return network, {"key": key, "teacher": teacher}


@pytest.mark.parametrize(("domain", "tag"), [("fixed", "fixed_pt"), ("float", "floating_pt")])
def test_a_users_script_equals_the_reference(domain: Domain, tag: str) -> None:
    seen = python("tests/lava/scripts/plastic_script.py", tag)
    network, inputs = circuit(domain)
    truth = ReferenceBackend().run(network, inputs, [Probe("astrocyte"), Probe("match")], 24)
    tolerance = 0 if domain == "fixed" else 1e-12
    np.testing.assert_allclose(seen["weights"], truth.synapses["learn"][0], tolerance)
    np.testing.assert_allclose(seen["out"], truth.spikes("astrocyte"), tolerance)
    taught = inputs["teacher"].sum()
    assert truth.spikes("match").sum() > taught  # it fires because of what it has learned, too
    assert np.unique(truth.spikes("astrocyte")[:, 0]).size > 2
