"""The folder for Loihi 1: its script runs with nengo-loihi alone and gives the same integers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_chips import random_chip
from small_labs import GIVEN, GRADED, HEAD, STEPS, lab, program_of

from neuromorph import backends
from neuromorph.backends.nengo.extra import require
from neuromorph.compile.program import Unit
from neuromorph.compile.program_file import program_as_dict, write_arrays
from neuromorph.errors import BackendError
from neuromorph.files.arrays import load_arrays
from neuromorph.lab import run_on_loihi1 as script
from neuromorph.lab.folder import EXPECTED
from neuromorph.lab.trial import trial_of, trial_probes
from neuromorph.network import CubaLIF, Network, Population, Probe, Projection, Source

EMULATOR = backends.get("loihi_emulator")
LOUD = Unit("loud", Network("loud", "fixed", (
    Population("in", 2, Source()), Population("n", 1, CubaLIF())),
    (Projection("w", "in", "n", np.array([[255, 255]]), exponent=7),)))
"""More synaptic input than 22 bits hold, when both send."""


@pytest.fixture(autouse=True)
def _imported_quietly() -> None:
    require("nengo_loihi")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab's folder, in which the script believes to be."""
    monkeypatch.setattr(script, "HERE", tmp_path)
    monkeypatch.chdir(tmp_path)
    return lab(tmp_path, LOUD)


def start(folder: Path, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """The script in a child that cannot import neuromorph, in the folder."""
    code = ("import runpy, sys; sys.modules['neuromorph'] = None; sys.argv[1:] = sys.argv[2:]\n"
            "sys.path.insert(0, '.')\n"
            f"{before}\nrunpy.run_path('run_on_loihi1.py', run_name='__main__')")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run([sys.executable, "-I", "-c", code, "run_on_loihi1.py", *arguments],
                          cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_nengo_loihi_alone_gives_the_same_integers(folder: Path) -> None:
    done = start(folder, "--check", "--output", "got.npz")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "NxSDK is not installed: this runs in nengo-loihi's emulator" in done.stdout
    assert "all equal to the bit" in done.stdout
    got, expected = (dict(np.load(folder / file)) for file in ("got.npz", EXPECTED))
    assert got.keys() == expected.keys() - {"unit", "read_at"}
    assert len(expected["v.match"]) == 2
    assert all(got[name].any() for name in got if name.startswith("spikes"))


def test_a_changed_weight_is_found(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    projections = program_as_dict(program_of(HEAD, LOUD))[0]["units"][0]["projections"]
    mass = next(p["weights"] for p in projections if p["post"] == "normaliser")
    weights = load_arrays(folder / "weights.npz")
    write_arrays(folder / "weights.npz", {**weights, mass: weights[mass] - 2})
    assert script.main(["--check"]) == 1
    told = capsys.readouterr().out
    assert "DIFFERENT  v.normaliser" in told
    assert "equal  spikes.match" in told
    assert "all equal" not in told


@pytest.mark.parametrize("name", ["spikes.match", "v.control"])
def test_a_changed_expectation_is_found(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = load_arrays(folder / EXPECTED)
    other = expected[name].copy()
    other[-1, -1] += 1
    write_arrays(folder / EXPECTED, {**expected, name: other})
    assert script.main(["--check"]) == 1
    assert f"DIFFERENT  {name}" in capsys.readouterr().out


def test_queries_of_ones_own(folder: Path) -> None:
    """Graded trains in, the graded network's spikes and answers out."""
    mine = {**GRADED, "query": -GRADED["query"]}
    np.savez(folder / "my.npz", **mine)
    assert script.main(["--unit", "head", "--inputs", "my.npz", "--steps", str(STEPS + 4),
                        "--read-at", f"9,{STEPS}", "--output", "got.npz"]) == 0
    padded = {name: np.pad(train, ((0, 4), (0, 0))) for name, train in mine.items()}
    run = backends.get("fast").run(GIVEN, padded, trial_probes(GIVEN), STEPS + 4)
    expected = trial_of(0, GIVEN, padded, run, read_at=(9, STEPS), backend=run.backend,
                        evidence=run.evidence).expected()
    with np.load(folder / "got.npz") as got:
        assert got.keys() == expected.keys() - {"unit", "read_at"}
        for name in got.keys() - {"v.match"}:  # which keeps the fractions of its scores
            np.testing.assert_array_equal(got[name], expected[name], err_msg=name)
    known = load_arrays(folder / EXPECTED)["spikes.match"]
    assert (expected["spikes.match"][:STEPS] != known).any()


def test_an_overflow_ends_the_run_in_nengo_loihis_words(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(folder / "my.npz", **{"in": np.array([[1, 0], [1, 1], [0, 0]])})
    assert script.main(["--unit", "loud", "--inputs", "my.npz", "--output", "got.npz"]) == 2
    told = capsys.readouterr().err
    assert "nengo-loihi stopped at step 2: SimulationError: Overflow in q0" in told
    assert not (folder / "got.npz").exists()


# --- any unit


def outcome(network: Network, inputs: dict[str, Any], steps: int) -> dict[str, Any] | str:
    """What the script measures, or why it refuses."""
    program, weights = program_as_dict(program_of(Unit("u", network)))
    unit = program["units"][0]
    try:
        script.refuse_what_loihi_1_lacks(unit, weights)
        trains = script.trains_of(unit, inputs, steps)
        return script.measured(unit, weights, trains, range(1, steps + 1), steps)
    except script.RefusedError as reason:
        return str(reason)


def test_the_script_does_what_our_backend_does() -> None:
    """Random networks: the same integers, or both stop in the same words."""
    ends = {"exact": 0, "stopped": 0}
    for seed in range(40):
        network, inputs, steps = random_chip(seed)
        got = outcome(network, dict(inputs), steps)
        probes = trial_probes(network)
        try:
            truth = EMULATOR.run(network, inputs, probes, steps)
        except BackendError as error:
            assert isinstance(got, str), seed
            assert got in str(error)
            ends["stopped"] += 1
            continue
        assert isinstance(got, dict), got
        for probe in probes:
            kind = "spikes" if probe.variable == "spikes" else "v"
            np.testing.assert_array_equal(got[f"{kind}.{probe.target}"], truth.traces[probe],
                                          f"{seed} {probe}")
        ends["exact"] += 1
    assert min(ends.values()) >= 5


def test_a_population_for_two_cores_runs_alike() -> None:
    rng = np.random.default_rng(3)
    network = Network("wide", "fixed", (
        Population("in", 5, Source()), Population("n", 400, CubaLIF(du=3000, dv=900, vth=300))), (
        Projection("drive", "in", "n", rng.integers(0, 256, (400, 5), dtype=np.int32)),
        Projection("loop", "n", "n", 16 * rng.integers(-8, 8, (400, 400), dtype=np.int32),
                   exponent=-4)))
    inputs = {"in": (rng.random((8, 5)) < 0.6).astype(np.int64)}
    truth = backends.get("fast").run(network, inputs, trial_probes(network), 8)
    got = outcome(network, inputs, 8)
    assert isinstance(got, dict), got
    assert got["spikes.n"].any()
    np.testing.assert_array_equal(got["spikes.n"], truth.traces[Probe("n", "spikes")])
    np.testing.assert_array_equal(got["v.n"], truth.traces[Probe("n", "v")])


@pytest.mark.parametrize(("model", "exponent"), [
    (CubaLIF(du=0), 0), (CubaLIF(dv=4096), 0), (CubaLIF(vth=0), 0), (CubaLIF(input_shift=0), -2),
])
def test_what_no_register_holds_is_refused_by_nengo_loihi(model: CubaLIF, exponent: int) -> None:
    network = Network("odd", "fixed", (Population("in", 1, Source()), Population("n", 1, model)),
                      (Projection("w", "in", "n", np.array([[4]]), exponent=exponent),))
    assert EMULATOR.why_not(network)
    got = outcome(network, {"in": np.ones((3, 1), np.int64)}, 3)
    assert isinstance(got, str), got
    assert got.startswith("nengo-loihi cannot ")


# --- with a stand-in for a chip


CHIP = """
import inspect, warnings
warnings.simplefilter("ignore")
import nengo_loihi.hardware as hardware
from nengo_loihi.emulator import EmulatorInterface
real = inspect.signature(hardware.HardwareInterface)

class Chip(EmulatorInterface):
    def __init__(self, *arguments, **settings):
        asked = real.bind(*arguments, **settings).arguments
        board = asked["allocator"](asked["model"], asked["n_chips"])
        print("cores", board.n_cores_per_chip, "snips", asked["use_snips"])
        super().__init__(asked["model"], asked["seed"])
    def __exit__(self, *error):
        super().__exit__(*error)
        self.probes = None  # a board that is let go of has nothing to read

hardware.HAS_NXSDK, hardware.HardwareInterface = True, Chip
"""


def test_with_nxsdk_the_unit_goes_to_the_chip(folder: Path) -> None:
    """The emulator in the chip's place, behind the signature of nengo-loihi's interface to it."""
    done = start(folder, "--check", before=CHIP)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NxSDK is installed: this runs on Loihi 1, where it was never tried" in done.stdout
    assert f"cores [{len(HEAD.neurons)}] snips False" in done.stdout
    assert "all equal to the bit" in done.stdout
