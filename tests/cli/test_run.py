"""run: circuits by name, their settings, and what a run leaves behind."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import asdict, fields, make_dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import numpy as np
import pytest
from adding_circuit import Settings, draw, reasons
from cli_tools import Run, child_environment, snapshot

import neuromorph
from neuromorph import backends
from neuromorph.api import circuits
from neuromorph.api.circuits import Meaning, Outcome
from neuromorph.api.circuits.settings import settings_of
from neuromorph.api.run import FOLDER, NAMES, default_backend, describe
from neuromorph.errors import DisagreementError, UnsupportedError, UsageError
from neuromorph.translate import Caution

# --- running


def test_run(cli: Run, tiny: ModuleType) -> None:
    done = cli("run", "tiny", "--set", "count=7", "--set", "negate=true", "--seed", "3", "--json")
    assert (done.code, done.err) == (0, "")
    summary = json.loads(Path("out/run/tiny/summary.json").read_text())
    assert {"report": "out/run/tiny", **summary} == json.loads(done.out) | FOLDER.mark()
    assert summary["settings"] == {"count": 7, "low": 0.0, "scale": 0.5, "negate": True,
                                   "words": "a sum"}
    assert summary["numbers"] == {"sum": -0.5 * float(np.random.default_rng(3).random(7).sum()),
                                  "how_many": 7}
    assert (summary["circuit"], summary["seed"]) == ("tiny", 3)
    assert (summary["backend"], summary["evidence"]) == ("reference", "reference")
    assert sorted(p.name for p in Path("out/run/tiny").iterdir()) == sorted(NAMES)
    assert Path("out/run/tiny/picture.png").read_bytes().startswith(b"\x89PNG")


def test_run_in_words(cli: Run, tiny: ModuleType) -> None:
    done = cli("run", "tiny", "-o", "r", "--set", "words=[red]100% = a\tsum")
    assert done.code == 0, done.err
    assert "Ran tiny" in done.out
    assert "backend    reference (reference)" in done.out
    assert "how many   1,000" in done.out
    assert "This was [red]100% = a\\tsum." in done.out  # neither markup nor control characters
    assert "Picture: r/picture.png" in done.out


def test_rows_of_a_result_are_a_table_and_cautions_are_told(
    cli: Run, tiny: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"stage": "one", "spikes": 1234}, {"stage": "two", "spikes": 5}]
    caution = Caution("too-much", "two", "two[b] is too much. Ask for less")
    monkeypatch.setattr(tiny, "run", lambda *_, **__: Outcome(
        {"sum": 3, "by_stage": rows}, (), draw, (caution,)))
    done = cli("run", "tiny", "-o", "r")
    said = [" ".join(line.split()) for line in done.out.splitlines()]
    assert (done.code, done.err) == (0, "")
    assert [line for line in said if line in (
        "by stage", "stage spikes", "one 1,234", "two 5", f"warning: {caution.text}")] == [
        "by stage", "stage spikes", "one 1,234", "two 5", f"warning: {caution.text}"]
    assert not any("1234" in line for line in said)
    summary = json.loads(Path("r/summary.json").read_text())
    assert summary["numbers"]["by_stage"] == rows
    assert summary["warnings"] == [caution.as_dict()]


def test_a_disagreement_has_a_code_of_its_own(
    fails: Run, tiny: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def differ(*_: object, **__: object) -> Outcome:
        raise DisagreementError("it is not what it should be", found=3, expected=4)
    monkeypatch.setattr(tiny, "run", differ)
    assert "it is not what it should be; found 3; expected 4" in fails(8, "run", "tiny")
    assert not (tmp_path / "out" / "run" / "tiny").exists()


def test_equal_runs_are_equal_to_the_byte(cli: Run, tiny: ModuleType, tmp_path: Path) -> None:
    for place in ("a", "b"):
        assert cli("run", "tiny", "-o", place, "-q").out == ""
    assert snapshot(tmp_path / "a") == snapshot(tmp_path / "b")


def test_an_earlier_run_stays_without_force(cli: Run, fails: Run, tiny: ModuleType) -> None:
    assert cli("run", "tiny", "-q").code == 0
    assert "the output exists already" in fails(2, "run", "tiny")
    assert cli("run", "tiny", "-q", "--force", "--set", "count=2").code == 0
    summary = json.loads(Path("out/run/tiny/summary.json").read_text())
    assert summary["numbers"]["how_many"] == 2


def test_what_is_not_ours_is_left_alone(fails: Run, tiny: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "summary.json").write_text("mine")
    assert "left alone" in fails(2, "run", "tiny", "-o", "mine", "--force")


def test_nothing_runs_when_it_could_not_be_written_or_drawn(
    fails: Run, tiny: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiny, "run", lambda *_, **__: pytest.fail("it ran"))
    Path("file").write_text("mine")
    assert "the output is a file" in fails(2, "run", "tiny", "-o", "file")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install 'neuromorph[plot]'" in fails(6, "run", "tiny")


def test_a_picture_that_fails_leaves_nothing(
    fails: Run, tiny: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        path.write_text("half a picture")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tiny, "run", lambda *_, **__: Outcome({}, (), fail))
    assert "No space left on device" in fails(7, "run", "tiny", "-o", "a/b/c")


# --- what is typed


@pytest.mark.parametrize(("line", "text"), [
    (["tinny"], "unknown circuit; found tinny. Did you mean 'tiny'?"),
    (["../../tiny"], "unknown circuit"),
    (["tiny", "--set", "cuont=3"],
     "tiny: the circuit has no such setting; found cuont. Did you mean 'count'?"),
    (["tiny", "--set", "zzz=3"], "Choose one of: count, low, negate, scale, words"),
    (["tiny", "--set", "count=many"],
     "count: the setting does not take this value; found 'many'; expected a whole number"),
    (["tiny", "--set", "count=1.5"], "found '1.5'; expected a whole number"),
    (["tiny", "--set", "count=" + "9" * 5000], "expected a whole number"),
    (["tiny", "--set", "count="], "found ''; expected a whole number"),
    (["tiny", "--set", "scale=nan"], "scale: the setting does not take this value; found 'nan'"),
    (["tiny", "--set", "scale=1e999"], "found '1e999'; expected a finite number"),
    (["tiny", "--set", "negate=1"], "found '1'; expected true or false"),
    (["tiny", "--set", "count=0"],
     "count: the setting is out of range; found 0; expected at least 1"),
    (["tiny", "--set", "count"], "--set takes a setting and its value; found 'count'; expected k"),
    (["tiny", "--set", "=3"], "found '=3'; expected key=value"),
    (["tiny", "--set", "count=3", "--set", "count=4"],
     "--set names a setting twice; found count=4. It was set to '3' before; leave one out"),
    (["tiny", "--backend", "referense"], "unknown backend; found referense. Did you mean 'referen"),
    (["tiny", "--seed", "-1"], "--seed"),
    (["tiny", "--json", "--quiet"], "--json and --quiet contradict each other"),
    (["--set", "count=3"], "this only lists circuits"),
    (["tiny", "--list", "-o", "x"], "Name a circuit, without --list, to run it"),
    (["tinny", "--list"], "unknown circuit; found tinny. Did you mean 'tiny'?"),
])
def test_usage_errors(fails: Run, tiny: ModuleType, line: list[str], text: str) -> None:
    assert text in fails(2, "run", *line)


def test_a_backend_that_cannot(fails: Run, tiny: ModuleType) -> None:
    assert "tiny on backend lava: Lava adds nothing up" in fails(6, "run", "tiny", "--backend",
                                                                  "lava")
    assert "it adds otherwise" in fails(6, "run", "tiny", "--backend", "fast")


# --- listing


def test_listing(cli: Run, tiny: ModuleType) -> None:
    done = cli("run", "tiny", "--list")
    assert (done.code, done.err) == (0, "")
    assert "tiny: Adds random numbers." in done.out
    said = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "count 1000 int, at least 1 How many numbers are added." in said  # 1000 as it is typed
    assert "low 0.0 float Where the numbers begin." in said
    assert "scale 0.5 float, above 0 How far they go." in said
    assert "negate false bool Whether the sum is turned round." in said
    assert "words a sum str What is said." in said
    assert "reference yes, if none is named" in said
    assert "lava no: Lava adds nothing up" in said
    assert "fast no: it adds otherwise" in said
    assert max(map(len, done.out.splitlines())) <= 100


def test_listing_as_json(cli: Run, tiny: ModuleType) -> None:
    (found,) = json.loads(cli("run", "--json").out)["circuits"]
    assert found["settings"][0] == {
        "name": "count", "kind": "int", "default": 1000, "meaning": "How many numbers are added.",
        "limits": "at least 1"}
    assert found["backends"]["lava"] == "Lava adds nothing up"
    assert found["backends"]["reference"] is None
    assert found["default_backend"] == "reference"


def test_circuits_are_imported_when_they_are_asked_for() -> None:
    code = ("import sys\nfrom neuromorph.api import circuits, run\n"
            "print([m for m in circuits.MODULES.values() if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env=child_environment())
    assert (done.stdout, done.stderr) == ("[]\n", "")


# --- from Python


def test_run_from_python(tiny: ModuleType, tmp_path: Path) -> None:
    told: list[str] = []
    settings = {"count": np.int64(4), "low": 1, "negate": np.True_}
    report = neuromorph.run("tiny", settings=settings, progress=told.append)
    assert report.summary["settings"] == asdict(Settings(4, 1.0, negate=True))
    assert type(report.summary["settings"]["count"]) is int
    assert report.outcome.numbers["sum"] < -4
    assert (report.path, "report" in report.as_dict()) == (None, False)
    assert told == ["running tiny on reference", "adding"]
    report.outcome.draw(tmp_path / "later.png")
    assert [*tmp_path.iterdir()] == [tmp_path / "later.png"]


@pytest.mark.parametrize(("arguments", "error", "text"), [
    ({"settings": {"count": True}}, UsageError, "found True; expected a whole number"),
    ({"settings": {"count": 2.0}}, UsageError, "found 2.0; expected a whole number"),
    ({"settings": {"scale": float("inf")}}, UsageError, "found inf; expected a finite number"),
    ({"settings": {"scale": 10**400}}, UsageError, "expected a finite number"),
    ({"settings": {"scale": None}}, UsageError, "found None; expected a finite number"),
    ({"settings": {"negate": 1}}, UsageError, "found 1; expected true or false"),
    ({"settings": {"words": 3}}, UsageError, "found 3; expected text"),
    ({"seed": -1}, UsageError, "the seed must be a whole number of at least 0; found -1"),
    ({"backend": "lava"}, UnsupportedError, "Lava adds nothing up"),
])
def test_bad_arguments(
    tiny: ModuleType, arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        neuromorph.run("tiny", **arguments)


@pytest.mark.parametrize("value", [np.int64(3), np.zeros(2), {"a": [1, np.int32(2)]}, {1, 2}])
def test_an_outcome_holds_plain_values(value: object) -> None:
    with pytest.raises(UsageError, match="quantity: an outcome holds a value that is not plain"):
        Outcome({"quantity": value}, (), draw)
    Outcome({"quantity": {"a": [1, 2.5, None, "x", (True,)]}}, (), draw)


@pytest.mark.parametrize(("able", "default"), [
    ({"lava": None, "fast": None}, "fast"),
    ({"fast": "no", "lava": None, "reference": None}, "lava"),
    ({"reference": "no"}, backends.DEFAULT),
])
def test_the_default_backend(tiny: ModuleType, able: dict[str, Any], default: str) -> None:
    tiny.why_not = reasons(able)
    assert default_backend(circuits.get("tiny")) == default


# --- the circuits that there are


@pytest.mark.parametrize("name", circuits.names())
def test_every_circuit_explains_itself(name: str) -> None:
    circuit = circuits.get(name)
    assert circuit.summary.endswith(".")
    assert all(setting.kind in ("int", "float", "bool", "str") for setting in circuit.settings)
    assert [s.name for s in circuit.settings if not s.meaning] == []
    assert [s.name for s in circuit.settings] == [f.name for f in fields(circuit.module.Settings)]
    assert asdict(circuit.choose({})) == {s.name: s.read(s.default) for s in circuit.settings}
    said = describe(circuit)["backends"]
    assert tuple(said) == backends.names()
    assert said[default_backend(circuit)] is None
    assert all(reason for reason in said.values() if reason is not None)


@pytest.mark.parametrize(("name", "able"), [
    ("match_and_control", ["fast", "lava", "reference"]),
    ("hebbian_attention", ["fast", "lava", "reference"]),
    ("astrocyte_attention", ["fast", "lava", "reference"]),
    ("hopfield", ["fast", "lava", "reference"]),
    ("naam", ["reference"]),  # which is no network
    ("dense_memory", ["fast", "lava", "reference"]),
    ("multitasking", ["fast", "lava", "reference"]),
    ("projector", ["fast", "lava", "reference"]),
    ("hidden_field", ["fast", "lava", "reference"]),
    ("key_gate", ["fast", "lava", "reference"]),
    ("homeostat", ["fast", "lava", "reference"]),
    ("homeostatic_channels", ["fast", "lava", "reference"]),
    ("equilibrium", ["fast", "lava", "reference"]),
    ("need", ["fast", "lava", "reference"]),
    ("ensembles", ["fast", "lava", "reference"]),
    ("block", ["fast", "lava", "reference"]),
    ("digits_block", ["fast", "lava", "reference"]),
    ("prototypes", ["fast", "lava", "reference"]),
    ("gated_delta", ["fast", "lava", "reference"]),
    ("projected_memory", ["fast", "lava", "reference"]),
])
def test_what_runs_a_circuit(name: str, able: list[str]) -> None:
    said = describe(circuits.get(name))["backends"]
    assert [backend for backend, reason in said.items() if reason is None] == able


@pytest.mark.parametrize("kind", [
    int, Annotated[int, "no meaning"], Annotated[list, Meaning("Not typed at a command line.")],  # type: ignore[type-arg]
])
def test_a_setting_that_says_nothing_of_itself_is_refused(kind: Any) -> None:
    owner = make_dataclass("Owner", [("size", kind, 1)])
    with pytest.raises(TypeError, match=r"Owner\.size must be Annotated"):
        settings_of(owner)


@pytest.mark.parametrize(("meaning", "words", "inside", "outside"), [
    (Meaning("", low=2, high=32), "2 to 32", (2, 32), (1.9, 33, math.nan)),
    (Meaning("", low=1), "at least 1", (1, 9e9), (0, math.nan)),
    (Meaning("", above=0), "above 0", (1e-9,), (0.0, math.nan)),
    (Meaning("", above=0, high=1), "above 0 and at most 1", (1,), (0, 1.5)),
    (Meaning(""), "", (-9e9, 9e9), ()),
])
def test_the_limits_of_a_setting(
    meaning: Meaning, words: str, inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    assert meaning.limits == words
    assert all(meaning.allows(value) for value in inside)
    assert not any(meaning.allows(value) for value in outside)


def test_all_circuits_are_listed(cli: Run) -> None:
    done = cli("run", "--list")
    assert done.code == 0, done.err
    first = {line.split()[0] for line in done.out.splitlines() if line.strip()}
    assert first >= set(circuits.NAMES)
    assert len(done.out.splitlines()) < 2 * len(circuits.NAMES)
    said = [line.split(maxsplit=1)[1] for line in done.out.splitlines()
            if line.split(maxsplit=1)[:1] and line.split()[0] in circuits.NAMES]
    assert all(what[0].isupper() for what in said)
    assert "neuromorph run NAME --list" in done.out
    assert cli("run").out == done.out
