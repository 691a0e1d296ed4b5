"""A lab's folder without neuromorph: `replay.py` repeats the run, `neurons.md` says what runs."""

from __future__ import annotations

import ast
import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_heads import GRADED, attention
from small_labs import lab, program_of
from small_learners import LEARNERS
from small_networks import random_network
from small_programs import MAKERS, STEPS, driven
from small_transformers import inputs_of, kind
from small_twins import known, twins

from neuromorph import backends
from neuromorph.backends.interface import Inputs
from neuromorph.circuits.transformer.tokens import stimulate
from neuromorph.compile.program import Unit
from neuromorph.compile.program_file import write_arrays
from neuromorph.lab.folder import README, write_lab_folder
from neuromorph.lab.neuron_page import NEURONS, neuron_page
from neuromorph.lab.replaying import REPLAY
from neuromorph.lab.trial import trial_of, trial_probes
from neuromorph.network import Network
from neuromorph.neurons import models

CODED = ("Source", "CubaLIF", "Readout", "LatencyMatch", "Astrocyte", "Relay")
"""Those that random networks are made of."""


def written(
    folder: Path, network: Network, inputs: Inputs, steps: int, backend: str = "reference"
) -> Path:
    """The folder of one network, whose run is a backend's."""
    done = backends.get(backend).run(network, inputs, trial_probes(network), steps)
    tried = trial_of(0, network, inputs, done, read_at=(max(steps // 2, 1), steps),
                     backend=done.backend, evidence=done.evidence)
    write_lab_folder(folder, program_of(Unit("unit", network)), tried, {}, family="loihi2")
    return folder


def replayed(folder: Path) -> str:
    """What the script says, within this process."""
    script = runpy.run_path(str(folder / REPLAY))
    with np.errstate(all="ignore"):
        told: str = script["replay"](folder)
    return told


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """The script where neuromorph cannot be imported."""
    code = ("import runpy, sys\nsys.modules['neuromorph'] = None\nsys.argv[1:] = []\n"
            f"runpy.run_path({REPLAY!r}, run_name='__main__')")
    return subprocess.run([sys.executable, "-I", "-c", code], cwd=folder, capture_output=True,
                          text=True, timeout=120)


def test_every_registered_model_is_replayed() -> None:
    assert {*MAKERS, *CODED} == set(models())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", MAKERS)
def test_a_model_is_equal_to_the_reference(name: str, seed: int, tmp_path: Path) -> None:
    model = MAKERS[name](np.random.default_rng([seed, 1]))
    assert "equal to the bit" in replayed(written(tmp_path, *driven(model, seed), STEPS))


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_any_network_is_equal_to_the_reference(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    network, inputs, steps = random_network(seed)
    assume(steps > 1)
    folder = written(tmp_path_factory.mktemp("lab"), network, inputs, steps)
    assert "equal to the bit" in replayed(folder)


@pytest.mark.parametrize("name", [n for n, run in LEARNERS.items() if run[0].domain == "fixed"])
def test_what_learns_is_equal_to_the_reference(name: str, tmp_path: Path) -> None:
    assert "equal to the bit" in replayed(written(tmp_path, *LEARNERS[name]))


@pytest.mark.parametrize("name", ["smallest", "small encoder"])
def test_a_whole_transformer_is_replayed(name: str, tmp_path: Path) -> None:
    model, network = kind(name)
    folder = written(tmp_path, network, *stimulate(model, inputs_of(model, 3)), backend="fast")
    assert "equal to the bit" in replayed(folder)


# --- alone


def test_the_script_runs_where_neuromorph_cannot_be_imported(tmp_path: Path) -> None:
    done = run(written(tmp_path, *attention(GRADED)))
    assert (done.returncode, done.stderr) == (0, "")
    assert "equal to the bit" in done.stdout
    tree = ast.parse((tmp_path / REPLAY).read_text("utf-8"))
    roots = {alias.name.partition(".")[0] for node in ast.walk(tree)
             if isinstance(node, ast.Import) for alias in node.names}
    roots |= {(node.module or "").partition(".")[0] for node in ast.walk(tree)
              if isinstance(node, ast.ImportFrom)}
    assert roots - {"numpy"} <= set(sys.stdlib_module_names)


def test_a_head_of_stock_neurons_is_replayed_too(tmp_path: Path) -> None:
    assert run(lab(tmp_path)).returncode == 0


def changed(folder: Path, file: str, name: str) -> None:
    """The sign of an array's largest number turned."""
    arrays = dict(np.load(folder / file))
    arrays[name] = arrays[name].copy()
    arrays[name].flat[np.abs(arrays[name]).argmax()] *= -1
    write_arrays(folder / file, arrays)


def test_a_flipped_weight_is_found(tmp_path: Path) -> None:
    written(tmp_path, *attention(GRADED))
    query = json.loads((tmp_path / "program.json").read_text("utf-8"))["units"][0]["projections"]
    name = next(p["weights"] for p in query if p["pre"] == "query")
    axon = int(np.flatnonzero(np.load(tmp_path / "inputs.npz")["query"].any(axis=0))[0])
    arrays = dict(np.load(tmp_path / "weights.npz"))
    arrays[name][np.abs(arrays[name][:, axon]).argmax(), axon] *= -1
    write_arrays(tmp_path / "weights.npz", arrays)
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("different: step ")
    assert " of " in done.stderr


def test_another_constant_is_found(tmp_path: Path) -> None:
    written(tmp_path, *attention(GRADED))
    changed(tmp_path, "constants.npz", "match")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "of match[" in done.stderr


def test_the_first_difference_is_told(tmp_path: Path) -> None:
    trains = written(tmp_path, *attention(GRADED))
    arrays = dict(np.load(tmp_path / "expected.npz"))
    step, neuron = np.argwhere(arrays["spikes.match"])[0]
    arrays["spikes.match"][step, neuron] += 1
    write_arrays(trains / "expected.npz", arrays)
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"step {step}: spikes of match[{neuron}] is" in done.stderr


def test_wrong_learned_weights_are_found(tmp_path: Path) -> None:
    network, inputs, steps = LEARNERS["Hebb"]
    written(tmp_path, network, inputs, steps)
    changed(tmp_path, "expected.npz", f"weights.{network.plastic[0].name}")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "different: at the end: weights of" in done.stderr


@pytest.mark.parametrize("file", ["program.json", "weights.npz", "constants.npz", "expected.npz"])
@pytest.mark.parametrize("broken", [None, b"", b"PK\x03\x04 no more"])
def test_a_broken_file_ends_with_3(file: str, broken: bytes | None, tmp_path: Path) -> None:
    written(tmp_path, *attention(GRADED))
    (tmp_path / file).unlink()
    if broken is not None:
        (tmp_path / file).write_bytes(broken)
    script = runpy.run_path(str(tmp_path / REPLAY))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["replay.py", "--folder", str(tmp_path)])
        assert script["main"]() == 3


# --- what is told


def test_the_page_tells_every_neuron_and_rule_of_the_program(tmp_path: Path) -> None:
    _, network = kind("ViT")
    page = neuron_page(program_of(Unit("whole", network)))
    for p in network.populations:
        if not p.is_source:
            name = p.model.kind
            assert f"## {name}\n" in page
            assert f"def step_{name}(own, state, arrived, size, t):" in page
            assert all(f"| `{word}` | 24, signed |" in page for word in p.model.words)
    for p in network.plastic:
        assert f"### dw = {p.rule.dw}" in page
    assert "def learn(w, tags," in page
    assert "$" not in page
    absent = set(models()) - {p.model.kind for p in network.populations}
    assert absent
    assert not any(f"## {name}\n" in page for name in absent)


def test_a_model_that_nobody_can_replay_is_named(tmp_path: Path) -> None:
    with known(row=None):
        network = twins()
        inputs = {"in": np.ones((4, 3), np.int64)}
        write_lab_folder(tmp_path, program_of(Unit("twins", network)),
                         trial_of(0, network, inputs, backends.get("reference").run(
                             network, inputs, trial_probes(network), 4),
                             backend="reference", evidence="reference"), {}, family="loihi2")
    assert not (tmp_path / REPLAY).exists()
    readme = " ".join((tmp_path / README).read_text("utf-8").split())
    assert "No script repeats the run with NumPy: n is a Twin: a model without a kernel" in readme
    assert "a model without a kernel" in (tmp_path / NEURONS).read_text("utf-8")
