"""The folder for a lab: its script runs with stock Lava alone and gives the same integers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorph import backends
from neuromorph.backends.interface import Inputs
from neuromorph.backends.lava import LavaBackend
from neuromorph.circuits import hebbian_attention as hebbian
from neuromorph.circuits import latency_attention as latency
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.compile.program import Program, Slice, Unit
from neuromorph.compile.program_file import read_program
from neuromorph.compile.split import split
from neuromorph.errors import UsageError
from neuromorph.lab import folder as emit
from neuromorph.lab import run_on_loihi2 as script
from neuromorph.lab import trial_runner
from neuromorph.lab.folder import EXPECTED, HELPERS, NAMES, README, SCRIPTS
from neuromorph.lab.trial import Trial, trial_of, trial_probes
from neuromorph.network import CubaLIF, LearningRule, Network, Population, Projection, Source

GRADED = LatencyAttention(
    slots=5, key_size=3, value_size=2, spikes="graded", key_shift=1, ramp=150, window=14,
    score_bound=1201, latest=900, query_limit=20, key_limit=20, value_limit=127, value_shift=2,
    control_decay=2048, unit=254)
BINARY = replace(GRADED, spikes="binary", value_shift=0)

Case = tuple[Network, Inputs, int]


def attention(head: LatencyAttention) -> Case:
    rng = np.random.default_rng(1)
    network = latency.build(head, rng.integers(-20, 21, (5, 3)), rng.integers(-127, 128, (5, 2)))
    return network, *latency.stimulate(head, rng.integers(-20, 21, (1, 3)), np.ones((1, 5), bool))


def writing() -> Case:
    """Two tokens, a third in the place of the first, and a query."""
    rng = np.random.default_rng(3)
    timeline = hebbian.Timeline(BINARY)
    for slot in (0, 1, 0):
        timeline.write(slot, rng.integers(-20, 21, 3), rng.integers(-127, 128, 2))
    timeline.query(rng.integers(-20, 21, 3), np.arange(5) < 2)
    return hebbian.build(BINARY), *timeline.trains()


def learning() -> Case:
    """All that the heads leave out: delays, both shifts, decays, two factors, a lone neuron."""
    rng = np.random.default_rng(5)
    rule = LearningRule(dw="2^-2*x1*y0 - 2^-2*y1*x0 - 2^-4*u1*(w-20)", x1_impulse=16.4, x1_tau=5.5,
                        y1_impulse=20, y1_tau=3, epoch=2, sign="excitatory", seed=11)
    network = Network("learning", "fixed", (
        Population("in", 4, Source(8)), Population("plain", 3, Source()),
        Population("a", 5, CubaLIF(du=900, dv=300, vth=400, bias_mant=-3, bias_exp=2)),
        Population("b", 3, CubaLIF(dv=1000, vth=500)),
        Population("alone", 2, CubaLIF(du=9, dv=1000, vth=5, bias_mant=100)),
    ), (
        Projection("in_a", "in", "a", 2 * rng.integers(-60, 60, (5, 4)), 3, -2, True),
        Projection("plain_a", "plain", "a", rng.integers(0, 250, (5, 3)), 0, 1),
        Projection("wide", "b", "a", np.array([[-256, 0, -2]] * 5)),
        Projection("learns", "plain", "b", rng.integers(0, 60, (3, 3)), 0, 2, rule=rule),
        Projection("a_b", "a", "b", 2 * rng.integers(-60, 60, (3, 5)), rule=replace(
            rule, sign="mixed", epoch=1, dw="2^-1*x1*y0 - 2^-2*x0*y1"), exponent=1),
    ))
    return network, {"in": rng.integers(-128, 128, (40, 4)),
                     "plain": rng.integers(0, 2, (40, 3))}, 40


SCRIPT = "run_on_loihi2.py"
write_lab_folder = partial(emit.write_lab_folder, family="loihi2")

CASES = {"attention": attention(BINARY), "writing": writing(), "learning": learning()}


def trial(case: Case, **settings: Any) -> Trial:
    network, inputs, steps = case
    done = backends.get("fast").run(network, inputs, trial_probes(network), steps)
    return trial_of(0, network, inputs, done, backend=done.backend, evidence=done.evidence,
                    **settings)


def program(*networks: Network) -> Program:
    units = tuple(Unit(f"unit{i}", network) for i, network in enumerate(networks))
    slices = tuple(Slice(i, p.name, 0, p.size, i) for i, u in enumerate(units) for p in u.neurons)
    return Program("loihi2", units, slices, np.array([[0, 0, i] for i in range(len(units))]))


def start(folder: Path, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """The script in a child that cannot import neuromorph, in the folder."""
    code = ("import runpy, sys; sys.modules['neuromorph'] = None; sys.argv[1:] = sys.argv[2:]\n"
            "sys.path.insert(0, '.')\n"
            f"{before}\nrunpy.run_path({SCRIPT!r}, run_name='__main__')")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run([sys.executable, "-I", "-W", "ignore", "-c", code, SCRIPT, *arguments],
                          cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("name", ["attention", "writing"])
def test_stock_lava_alone_gives_the_same_integers(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    write_lab_folder(tmp_path, program(case[0]), trial(case, read_at=(case[2] // 2, case[2])), {})
    done = start(tmp_path, "--check", "--output", "got.npz")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all equal to the bit" in done.stdout
    assert "Lava's model of Loihi 2" in done.stdout
    got, expected = (dict(np.load(tmp_path / file)) for file in ("got.npz", EXPECTED))
    assert got.keys() == expected.keys() - {"unit", "read_at"}
    assert all(got[name].any() for name in got if name.startswith("spikes"))
    for projection in case[0].plastic:
        assert (got[f"weights.{projection.name}"] != projection.weights).any()


def test_on_a_chip_adapters_stand_between_it_and_the_host(tmp_path: Path) -> None:
    """With a stand-in for the extension, which runs Lava's own models behind its adapters."""
    case = CASES["writing"]
    write_lab_folder(tmp_path, program(case[0]), trial(case), {})
    (tmp_path / "chip").mkdir()
    shutil.copy(Path(__file__).parent / "scripts" / "fake_chip.py", tmp_path / "chip")
    before = (f"runpy.run_path({SCRIPT!r})['make_lava_importable']()\n"
              "sys.path.insert(0, 'chip'); import fake_chip; fake_chip.pretend()")
    done = start(tmp_path, "--check", before=before)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "this runs on Loihi 2\n" in done.stdout
    assert "all equal to the bit" in done.stdout
    adapters = [line for line in done.stdout.splitlines() if line.startswith(("PyToNx", "NxToPy"))]
    sources = [p for p in case[0].populations if isinstance(p.model, Source)]
    neurons = [p for p in case[0].populations if isinstance(p.model, CubaLIF)]
    assert adapters == [f"PyToNx ({p.size},) {p.model.payload_bits}" for p in sources] + [
        f"NxToPy ({p.size},) 0" for p in neurons]


def test_a_run_of_ones_own(tmp_path: Path) -> None:
    network, inputs, _ = CASES["learning"]
    folder = tmp_path / "lab"
    folder.mkdir()
    write_lab_folder(folder, program(attention(GRADED)[0], network), replace(
        trial(CASES["learning"]), unit=1), {})
    mine = {name: np.roll(train, 5, axis=0)[:25] for name, train in inputs.items()}
    np.savez(folder / "my.npz", **mine)
    done = start(folder, "--unit", "unit1", "--inputs", "my.npz", "--steps", "30", "--read-at",
                 "7,30", "--output", "got.npz")
    assert done.returncode == 0, done.stderr
    padded = {name: np.pad(train, ((0, 5), (0, 0))) for name, train in mine.items()}
    expected = trial((network, padded, 30), read_at=(7, 30)).expected()
    with np.load(folder / "got.npz") as got:
        assert got.keys() == expected.keys() - {"unit", "read_at"}
        for name in got:
            np.testing.assert_array_equal(got[name], expected[name], err_msg=name)


def test_a_cut_network_on_lava() -> None:
    """One draw a seed: parts of a projection round as the whole."""
    network, inputs, steps = CASES["learning"]
    network = replace(network, projections=tuple(
        replace(p, exponent=max(0, p.exponent)) for p in network.projections))
    unit, probes = Unit("unit", network), trial_probes(network)
    slices = {name: [Slice(0, name, *edge, i) for i, edge in enumerate(pairwise(edges))]
              for name, edges in (("a", (0, 1, 5)), ("b", (0, 2, 3)))}
    cut = split(unit, slices)
    assert len(cut.network.plastic) == 2 + 4
    done = cut.run(LavaBackend().run, inputs, probes, steps)
    whole = backends.get("fast").run(network, inputs, probes, steps)
    for probe, trace in whole.traces.items():
        np.testing.assert_array_equal(done.traces[probe], trace, err_msg=str(probe))
    for plastic, both in whole.synapses.items():
        np.testing.assert_array_equal(done.synapses[plastic], both, err_msg=plastic)


# --- without a run


def test_a_difference_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    expected = trial(CASES["learning"]).expected()
    got = {name: array for name, array in expected.items() if name not in ("unit", "read_at")}
    assert trial_runner.compare(got, expected) == 0
    got["v.a"] = got["v.a"] + np.eye(*got["v.a"].shape, dtype=int)
    del got["weights.learns"]
    assert trial_runner.compare(got, expected) == 1
    told = capsys.readouterr().out
    assert "DIFFERENT  v.a" in told
    assert "DIFFERENT  weights.learns" in told
    assert "2 different" in told


def test_the_same_program_gives_the_same_folder(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_lab_folder(tmp_path / name, program(attention(BINARY)[0], writing()[0]),
                         trial(attention(BINARY)), {"cores": 2, "energy": float("inf")})
    names = {p.name for p in (tmp_path / "one").iterdir()}
    assert names == set(NAMES) - set(SCRIPTS) | {SCRIPT}
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    readme = (tmp_path / "one" / README).read_text("utf-8")
    assert "never run on a chip" in readme
    assert "$" not in readme
    assert json.loads((tmp_path / "one" / "report.json").read_text()) == {"cores": 2,
                                                                         "energy": None}


def test_rules_are_spelled_for_lava_and_mean_the_same(tmp_path: Path) -> None:
    network = CASES["learning"][0]
    write_lab_folder(tmp_path, program(network), trial(CASES["learning"]), {})
    back = read_program(tmp_path).units[0].network
    for was, now in zip(network.plastic, back.plastic, strict=True):
        assert was.rule is not None
        assert now.rule is not None
        assert now.rule.weight_terms == was.rule.weight_terms
        assert now.rule.dw != was.rule.dw
        assert replace(now.rule, dw=was.rule.dw) == was.rule


def test_graded_attention_gets_no_script(tmp_path: Path) -> None:
    write_lab_folder(tmp_path, program(attention(GRADED)[0]), trial(attention(GRADED)), {})
    assert {p.name for p in tmp_path.iterdir()} == set(NAMES) - {*SCRIPTS, *HELPERS}
    readme = (tmp_path / README).read_text("utf-8")
    assert "Stock Lava cannot run 1 unit, `unit0` among them: match is a LatencyMatch" in readme
    assert "There is no script" in readme


def test_a_reason_from_outside_counts(tmp_path: Path) -> None:
    network = CASES["learning"][0]
    write_lab_folder(tmp_path, program(network), trial(CASES["learning"]), {},
                     refusal=lambda _: "a: no register")
    assert not (tmp_path / SCRIPT).exists()
    assert "`unit0` among them: a: no register." in (tmp_path / README).read_text("utf-8")


def test_the_script_refuses_what_it_cannot_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = Network("slow", "fixed", (Population("in", 2, Source()),
                                     Population("a", 2, CubaLIF(du=0, vth=1))),
                   (Projection("in_a", "in", "a", np.eye(2, dtype=np.int32)),))
    write_lab_folder(tmp_path, program(CASES["learning"][0], attention(GRADED)[0], slow),
                     trial(CASES["learning"]), {})
    monkeypatch.setattr(script, "HERE", tmp_path)
    np.savez(tmp_path / "floats.npz", **{"in": np.zeros((5, 4)), "plain": np.zeros((5, 3), int)})
    np.savez(tmp_path / "narrow.npz", **dict.fromkeys(("in", "plain"), np.zeros((5, 3), int)))
    np.savez(tmp_path / "other.npz", query=np.zeros((5, 4), int))
    for arguments, reason in (
        (["--unit", "unit9"], "there is no unit unit9; there are 3, from unit0 to unit2"),
        (["--unit", "1"], "unit1.match is a LatencyMatch, which stock Lava does not have"),
        (["--unit", "2"], "unit2.a: stock LIF has no register for a du of 0"),
        (["--inputs", "none.npz"], "none.npz is not there"),
        (["--inputs", "floats.npz"], "in must be integers of shape (steps, 4)"),
        (["--inputs", "narrow.npz"], "in must be integers of shape (steps, 4)"),
        (["--inputs", "other.npz"], "the sources are ['in', 'plain']"),
        (["--read-at", "0,3"], "--read-at takes numbers from 1 to 40"),
        (["--read-at", "x"], "--read-at takes numbers from 1 to 40"),
        (["--check", "--steps", "3"], "--check runs the trial as it is"),
        (["--steps", "-3"], "--steps must be at least 1"),
    ):
        monkeypatch.chdir(tmp_path)
        assert script.main(arguments) == (3 if "--inputs" in arguments else 2)
        assert reason in capsys.readouterr().err


def test_a_rule_that_lava_cannot_read_is_refused_in_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lab_folder(tmp_path, program(CASES["learning"][0]), trial(CASES["learning"]), {})
    monkeypatch.setattr(script, "HERE", tmp_path)
    data = json.loads((tmp_path / "program.json").read_text("utf-8"))
    data["units"][0]["projections"][3]["rule"]["dw"] = "2^-2*x1*q9"
    (tmp_path / "program.json").write_text(json.dumps(data), "utf-8")
    assert script.main(["--check"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("Lava cannot run this unit: ")
    assert told.count("\n") == 1


def test_a_trial_is_read_within_its_run() -> None:
    with pytest.raises(UsageError, match="after a step of the run"):
        trial(CASES["learning"], read_at=(0, 5))
