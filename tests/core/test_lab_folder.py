"""What a lab's folder holds for each family of chips, and what its script says without a chip."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from small_heads import GRADED as GRADED_HEAD
from small_heads import attention
from small_labs import GIVEN, GRADED, HEAD, PLAIN, STEPS, lab, program_of, trial
from small_relays import SMALL, wide
from small_twins import known, twins

from neuromorph import backends
from neuromorph.compile.program import Unit
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.relays.insert import with_relays
from neuromorph.errors import UsageError
from neuromorph.lab import program_reader, run_on_loihi1, trial_runner
from neuromorph.lab.folder import (
    HELPERS,
    NAMES,
    README,
    SCRIPTS,
    backend_of,
    write_lab_folder,
)
from neuromorph.lab.words import FAMILIES
from neuromorph.network import (
    CubaLIF,
    LearningRule,
    Network,
    Population,
    Projection,
    Readout,
    Relay,
    Source,
)
from neuromorph.profiles import Family

UNIT: dict[str, Any] = program_as_dict(program_of(HEAD))[0]["units"][0]
IDLE = Network("idle", "fixed", (Population("in", 2, Source()), Population("n", 2, CubaLIF(vth=5))),
               (Projection("in_n", "in", "n", np.eye(2, dtype=np.int32)),))
EMPTY = {"in": np.zeros((4, 2), np.int64)}


def listed(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --- the folder


@pytest.mark.parametrize(("family", "script"), [
    ("loihi1", "run_on_loihi1.py"), ("loihi2", "run_on_loihi2.py"), ("cpu", "run_on_loihi2.py"),
])
def test_each_family_has_its_script(family: Family, script: str, tmp_path: Path) -> None:
    write_lab_folder(tmp_path, program_of(Unit("idle", IDLE)), trial(IDLE, EMPTY, 4), {},
                     family=family, refusal=backends.get(backend_of(family)).why_not)
    assert listed(tmp_path) == {*NAMES} - {*SCRIPTS} | {script}
    readme = (tmp_path / README).read_text("utf-8")
    assert f"python {script} --check" in readme
    assert "$" not in readme
    assert "On a chip nothing was checked." in readme
    others = {words.software for words in FAMILIES.values()} - {FAMILIES[family].software}
    assert not any(other in readme for other in others)


def test_every_file_of_every_family_is_known_as_ours() -> None:
    assert {"run_on_loihi1.py", "run_on_loihi2.py"} == set(SCRIPTS) <= set(NAMES)
    assert len(NAMES) == len(set(NAMES))


def test_the_readme_for_loihi_1_does_not_claim_a_chip(tmp_path: Path) -> None:
    readme = (lab(tmp_path) / README).read_text("utf-8")
    assert "never run on a chip" in readme
    assert "has run in nengo-loihi's emulator only" in readme
    assert "`query.0`" in readme
    assert "All units consist of nengo-loihi's blocks." in readme
    assert "Lava" not in readme


def test_graded_attention_gets_no_script_for_loihi_1(tmp_path: Path) -> None:
    network, inputs, steps = attention(GRADED_HEAD)
    write_lab_folder(tmp_path, program_of(Unit("head", network)), trial(network, inputs, steps), {},
                     family="loihi1", refusal=backends.get("loihi_emulator").why_not)
    assert listed(tmp_path) == {*NAMES} - {*SCRIPTS, *HELPERS}
    readme = (tmp_path / README).read_text("utf-8")
    assert "There is no script: nengo-loihi cannot run any unit" in readme
    assert "Nengo-loihi cannot run 1 unit, `head` among them: match is a LatencyMatch" in readme


def test_a_format_that_the_emulator_lacks_is_told_with_its_reason(tmp_path: Path) -> None:
    slow = replace(IDLE, populations=(IDLE.populations[0], Population("n", 2, CubaLIF(du=0))))
    readme = (lab(tmp_path, Unit("slow", slow)) / README).read_text("utf-8")
    assert "Nengo-loihi cannot run 1 unit, `slow` among them: n: no register for du = 0" in readme
    assert (tmp_path / "run_on_loihi1.py").exists()  # the head runs


def test_a_model_that_the_software_lacks_is_named_and_the_head_still_runs(tmp_path: Path) -> None:
    done = trial(HEAD.network, PLAIN, STEPS)
    with known(row=None):
        write_lab_folder(tmp_path, program_of(HEAD, Unit("twins", twins())), done, {},
                         family="loihi1")
    readme = (tmp_path / README).read_text("utf-8")
    assert ("Nengo-loihi cannot run 1 unit, `twins` among them: n is a Twin, which nengo-loihi "
            "does not have") in " ".join(readme.split())
    asked = trial_runner.parser_of("").parse_args(["--check"])
    assert trial_runner.asked_for(tmp_path, asked).unit["name"] == "head"


def test_a_trial_of_relays_has_no_potentials_of_theirs(tmp_path: Path) -> None:
    unit = with_relays(Unit("wide", wide()), SMALL, programmable=True)
    sizes = {p.name: p.size for p in unit.network.populations if p.is_source}
    inputs = {name: np.ones((5, size), np.int64) for name, size in sizes.items()}
    found = trial(unit.network, inputs, 5)
    relays = {p.name for p in unit.network.populations if isinstance(p.model, Relay)}
    assert relays
    assert relays < found.spikes.keys()
    assert relays.isdisjoint(found.potentials)
    write_lab_folder(tmp_path, program_of(unit), found, {}, family="loihi2")
    program = program_reader.program_of(tmp_path / "program.json")
    expected = program_reader.arrays_of(tmp_path / "expected.npz")
    assert program_reader.trial_of(program, expected)["name"] == "wide"


# --- the scripts, without the software that they run on


@pytest.mark.parametrize("script", [run_on_loihi1, program_reader, trial_runner])
def test_an_old_python_can_read_the_script_for_loihi_1(script: ModuleType) -> None:
    ast.parse(inspect.getsource(script), feature_version=(3, 7))


def test_help_needs_neither_neuromorph_nor_nengo(tmp_path: Path) -> None:
    lab(tmp_path)
    code = ("import runpy, sys\n"
            "sys.modules.update(dict.fromkeys(('neuromorph', 'nengo', 'nengo_loihi')))\n"
            "sys.argv[1:] = sys.argv[2:]; sys.path.insert(0, '.')\n"
            "runpy.run_path('run_on_loihi1.py', run_name='__main__')")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for argument, status, text in (("--help", 0, "which was never tried"),
                                   ("--check", 2, "nengo-loihi cannot be imported; README.md")):
        done = subprocess.run([sys.executable, "-I", "-c", code, "run_on_loihi1.py", argument],
                              cwd=tmp_path, env=environment, capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == status, done.stderr
        assert text in " ".join((done.stdout + done.stderr).split())


def test_graded_inputs_are_spelled_as_the_compiler_does() -> None:
    got = run_on_loihi1.trains_of(UNIT, dict(GRADED), STEPS + 3)
    assert got.keys() == PLAIN.keys()
    assert PLAIN["query.5"].any()  # a negative number
    for name, train in PLAIN.items():
        np.testing.assert_array_equal(got[name], np.pad(train, ((0, 3), (0, 0))), name)


def test_plain_and_graded_inputs_may_be_mixed() -> None:
    mixed = {name: train for name, train in PLAIN.items() if not name.startswith("query")}
    got = run_on_loihi1.trains_of(UNIT, {**mixed, "query": GRADED["query"]}, STEPS)
    for name, train in PLAIN.items():
        np.testing.assert_array_equal(got[name], train, name)


def changed(name: str, value: int) -> dict[str, np.ndarray[Any, Any]]:
    """The graded inputs with one number of a source changed."""
    train = GRADED[name].copy()
    train[0, 0] = value
    return {**GRADED, name: train}


@pytest.mark.parametrize(("given", "reason"), [
    (changed("query", 32), "query holds 32; it can be -32 to 31"),
    (changed("mask", 1), "mask holds 1; it can be "),
    ({**PLAIN, "query.0": PLAIN["query.0"] * 2}, "query.0 holds 2; it can be 0, 1"),
    ({**GRADED, "query.0": PLAIN["query.0"]}, "the inputs are ['drive', "),
    ({"query": GRADED["query"]}, "'mask', 'query']; or plain ones for those, such as drive.0"),
    ({**GRADED, "query": GRADED["query"][:, :2]}, "query must be integers of shape (steps, 3)"),
    ({**GRADED, "query": GRADED["query"] * 1.0}, "query must be integers of shape (steps, 3)"),
])
def test_other_inputs_are_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(run_on_loihi1.RefusedError) as caught:
        run_on_loihi1.trains_of(UNIT, given, STEPS)
    assert reason in str(caught.value)


def test_what_the_script_refuses_the_compiler_refuses_too() -> None:
    with pytest.raises(UsageError, match="found 32; expected -32 to 31"):
        HEAD.view.encode(changed("query", 32))


RULE = LearningRule(dw="2^-2*x1*y0", x1_impulse=16, x1_tau=5)


def idle_with(**changes: Any) -> Network:
    return replace(IDLE, projections=(replace(IDLE.projections[0], **changes),))


def test_the_script_wants_sources_that_are_lowered() -> None:
    program, weights = program_as_dict(program_of(Unit("u", GIVEN)))
    with pytest.raises(run_on_loihi1.RefusedError, match="query sends numbers, which Loihi 1"):
        run_on_loihi1.refuse_what_loihi_1_lacks(program["units"][0], weights)


@pytest.mark.parametrize(("network", "reason"), [
    (replace(IDLE, populations=(IDLE.populations[0], Population("n", 2, Readout()))),
     "n is a Readout, which Loihi 1 does not have"),
    (idle_with(delay=2), "in_n learns or is delayed"),
    (idle_with(rule=RULE), "in_n learns or is delayed"),
    (idle_with(exponent=-1), "some weight would lose a bit"),
])
def test_the_script_refuses_what_nengo_loihi_would_not_notice(
    network: Network, reason: str
) -> None:
    program, weights = program_as_dict(program_of(Unit("u", network)))
    assert backends.get("loihi_emulator").why_not(network)
    with pytest.raises(run_on_loihi1.RefusedError) as caught:
        run_on_loihi1.refuse_what_loihi_1_lacks(program["units"][0], weights)
    assert reason in str(caught.value)


def test_sums_beyond_32_bits_are_refused() -> None:
    wide = Network("wide", "fixed", (
        Population("in", 1050, Source()), Population("n", 1, CubaLIF())),
        (Projection("w", "in", "n", np.full((1, 1050), 255), exponent=7),))
    for network, refused in ((wide, True), (replace(wide, projections=(
            replace(wide.projections[0], exponent=6),)), False)):
        assert bool(backends.get("loihi_emulator").why_not(network)) is refused
        program, weights = program_as_dict(program_of(Unit("u", network)))
        try:
            run_on_loihi1.refuse_what_loihi_1_lacks(program["units"][0], weights)
        except run_on_loihi1.RefusedError as error:
            assert refused, error
            assert "u.n: its synaptic input could exceed the 32 bits" in str(error)
        else:
            assert not refused
