"""The scripts of a lab's folder say in one line what is wrong with its files, and end with 3."""

from __future__ import annotations

import ast
import copy
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from small_heads import BINARY, attention
from small_labs import lab, program_of, trial
from small_learners import LEARNERS
from small_twins import known, twins

from neuromorph.compile.program import Unit
from neuromorph.compile.program_file import SCHEMA_VERSION, program_as_dict, write_arrays
from neuromorph.files.arrays import load_arrays
from neuromorph.lab import program_reader, run_on_loihi1, run_on_loihi2, trial_runner
from neuromorph.lab.folder import HELPERS, write_lab_folder
from neuromorph.network import LearningRule
from neuromorph.neurons import models

SCRIPTS = {"loihi1": run_on_loihi1, "loihi2": run_on_loihi2}
FILES = ("program.json", "weights.npz", "inputs.npz", "expected.npz")
Main = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of each family; that of Loihi 2 has a unit that learns besides."""
    folders = {name: tmp_path_factory.mktemp(name) for name in SCRIPTS}
    lab(folders["loihi1"])
    network, inputs, steps = attention(BINARY)
    program = program_of(Unit("head", network), Unit("learns", LEARNERS["third factors"][0]))
    write_lab_folder(folders["loihi2"], program, trial(network, inputs, steps), {},
                     family="loihi2")
    return folders


@pytest.fixture(params=SCRIPTS)
def family(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def folder(family: str, made: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[family], tmp_path / "lab"))


@pytest.fixture
def main(
    family: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Main:
    """What the script ends with and says on its one line."""
    script: ModuleType = SCRIPTS[family]
    monkeypatch.setattr(script, "HERE", folder)

    def run(*arguments: str) -> tuple[int, str]:
        status: int = script.main(list(arguments) or ["--check"])
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.count("\n") == 1
        return status, told.err.rstrip("\n")

    return run


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(("content", "text"), [
    (None, "is not there"), (b"", "is empty"), (b"hello", "is not"),
    (b"<!DOCTYPE html><html></html>", "is not"), (b"\xff\xfe\x00", "is not"),
    (b"version https://git-lfs.github.com/spec/v1\n", "is not"),
])
def test_a_file_that_is_something_else(
    file: str, content: bytes | None, text: str, folder: Path, main: Main
) -> None:
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    status, told = main()
    assert status == 3
    assert f"{folder / file} {text}" in told


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_a_folder(file: str, folder: Path, main: Main) -> None:
    (folder / file).unlink()
    (folder / file).mkdir()
    assert main() == (3, f"{folder / file} is not a file")


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_cut(file: str, folder: Path, main: Main) -> None:
    whole = (folder / file).read_bytes()
    for part in range(1, 16):
        (folder / file).write_bytes(whole[: len(whole) * part // 16])
        status, told = main()
        assert status == 3, part
        assert f"{folder / file} is not" in told


def damaged(folder: Path, file: str, seeds: range) -> Iterator[int]:
    """The file with a few bytes changed, once for each seed."""
    whole = np.frombuffer((folder / file).read_bytes(), np.uint8)
    for seed in seeds:
        rng = np.random.default_rng(seed)
        other = whole.copy()
        other[rng.integers(len(other), size=3)] = rng.integers(256, size=3)
        (folder / file).write_bytes(other.tobytes())
        yield seed


def status_with(folder: Path) -> int:
    """What reading the folder ends with; 0 where nothing is wrong with it."""
    try:
        trial_runner.asked_for(folder, trial_runner.parser_of("").parse_args(["--check"]))
    except program_reader.RefusedError as error:
        return error.status
    return 0


@pytest.mark.parametrize("file", FILES)
def test_flipped_bytes_are_read_or_refused(file: str, folder: Path) -> None:
    found = [status_with(folder) for _ in damaged(folder, file, range(100))]
    assert set(found) <= {0, 3}
    assert found.count(3) > 50


# --- the program


def objects(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the first object of each kind lies; those keyed by name are left out."""
    if isinstance(data, dict):
        if path[-1:] not in (("letters",), ("late",)):
            yield path
        for name, value in data.items():
            yield from objects(value, (*path, name))
    if isinstance(data, list):
        for n, value in enumerate(data[-2:], max(0, len(data) - 2)):
            yield from objects(value, (*path, n))


def at(data: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        data = data[step]
    return data


def test_every_field_must_be_there_and_of_its_type_and_no_other(
    folder: Path, main: Main
) -> None:
    whole = json.loads((folder / "program.json").read_text("utf-8"))
    changes = 0
    for path in objects(whole):
        for name in (*at(whole, path), "alien"):
            for value in (None, [[[]]], {"x": 1}):
                spoilt = copy.deepcopy(whole)
                found = at(spoilt, path)
                if value is None:
                    if name == "alien":
                        continue
                    del found[name]
                elif name == "rule" or isinstance(found.get(name), type(value)):
                    continue  # it may be so, and is looked into below
                else:
                    found[name] = value
                (folder / "program.json").write_text(json.dumps(spoilt), "utf-8")
                status, told = main()
                assert status == 3, (path, name, value)
                assert "program.json" in told
                changes += 1
    assert changes > 100


PROGRAMS: dict[str, tuple[Callable[[Any], object], str]] = {
    "schema 99": (lambda d: d.update(schema_version=99), "is of schema version 99; this script"),
    "schema true": (lambda d: d.update(schema_version=True), "is of schema version True"),
    "no units": (lambda d: d.update(units=[]), "the program has no units"),
    "unit": (lambda d: d.update(units=[3]), "unit 0 is no object of fields"),
    "twins": (lambda d: d["units"].append(d["units"][0]), "has two units of one name"),
    "kind": (lambda d: d["units"][0]["populations"][-1].update(kind="LIF\x1b[31m"),
             "is of an unknown kind LIF\\x1b[31m"),
    "size": (lambda d: d["units"][0]["populations"][-1].update(size=0),
             "has a field size beyond 1 to 2147483647: 0"),
    "wide": (lambda d: d["units"][0]["populations"][-1].update(size=2**20), "must be integers of"),
    "nowhere": (lambda d: d["units"][0]["projections"][0].update(pre="x"), "names a population x"),
    "to a source": (lambda d: d["units"][0]["projections"][0].update(
        post=d["units"][0]["populations"][0]["name"]), "ends in a source"),
    "no weights": (lambda d: d["units"][0]["projections"][0].update(weights="w999"),
                   "weights.npz has no array w999"),
    "back in time": (lambda d: d["units"][0]["projections"][0].update(delay=-1),
                     "has a field delay beyond 0 to 500: -1"),
    "shift": (lambda d: d["units"][0]["projections"][0].update(exponent=10**9), "exponent beyond"),
    "payload": (lambda d: d["units"][0]["populations"][0]["parameters"].update(payload_bits=-1),
                "payload_bits beyond 0 to 24: -1"),
    "threshold": (lambda d: d["units"][0]["populations"][-1]["parameters"].update(vth=10**30),
                  "vth beyond"),
    "modulators": (lambda d: d["units"][0]["projections"][0].update(modulators=[1, 2, 3]),
                   "modulators that are not three names"),
    "letters": (lambda d: d["units"][0]["letters"].update(q={"values": [1], "one_hot": True}),
                "has a letter without a source"),
    "late": (lambda d: d["units"][0]["late"].update(q=1), "says 1 of q"),
    "slice": (lambda d: d["slices"].append([0, 1, 2]), "has a slice [0, 1, 2]"),
    "core": (lambda d: d["cores"].append([0, True, 0]), "has a core [0, True, 0]"),
}


@pytest.mark.parametrize("fault", PROGRAMS)
def test_a_program_that_does_not_hold_together(fault: str, folder: Path, main: Main) -> None:
    change, text = PROGRAMS[fault]
    program = json.loads((folder / "program.json").read_text("utf-8"))
    change(program)
    (folder / "program.json").write_text(json.dumps(program), "utf-8")
    status, told = main()
    assert status == 3
    assert text in told


@pytest.mark.parametrize(("text", "said"), [
    ("[]", "is of schema version None"), ("[" * 100_000, "is nested too deeply"),
    ('{"schema_version": NaN}', "NaN is no number"), ('{"a": 1, "a": 2}', "a key is there twice"),
])
def test_json_that_is_no_program(text: str, said: str, folder: Path, main: Main) -> None:
    (folder / "program.json").write_text(text, "utf-8")
    status, told = main()
    assert status == 3
    assert said in told


# --- units of other models


def with_twins(folder: Path) -> Any:
    """The folder's program, given a unit of neurons that no script knows; all is written there."""
    program = json.loads((folder / "program.json").read_text("utf-8"))
    weights = load_arrays(folder / "weights.npz")
    with known(row=None):
        more, arrays = program_as_dict(program_of(Unit("twins", twins())))
    for projection in more["units"][0]["projections"]:
        projection["weights"] = f"twins.{projection['weights']}"
    program["units"] += more["units"]
    (folder / "program.json").write_text(json.dumps(program), "utf-8")
    write_arrays(folder / "weights.npz",
                 weights | {f"twins.{name}": array for name, array in arrays.items()})
    return program


def test_a_unit_of_an_unknown_model_leaves_the_others_to_run(folder: Path, main: Main) -> None:
    with_twins(folder)
    assert status_with(folder) == 0
    assert main("--unit", "twins") == (3, "program.json: twins.n is of an unknown kind Twin")


NEITHER = "a field gain that is neither a whole number nor one for each neuron"
FOREIGN: dict[str, tuple[Callable[[Any, Any], object], str]] = {
    "too few numbers": (lambda p, q: p["parameters"]["gain"].pop(), NEITHER),
    "a number that is none": (lambda p, q: p["parameters"]["gain"].__setitem__(0, 0.5), NEITHER),
    "a parameter that is none": (lambda p, q: p["parameters"].update(gain="2"), NEITHER),
    "a wide number": (lambda p, q: p["parameters"].update(gain=2**31), NEITHER),
    "a port that is no name": (lambda p, q: q.update(port=1), "a field port of a wrong type"),
    "a number for each stock neuron": (
        lambda p, q: p.update(kind="Readout", parameters={"dv": [0] * 4, "vth": 9}),
        "a field dv of a wrong type"),
    "a port of a stock neuron": (
        lambda p, q: p.update(kind="Readout", parameters={"dv": 0, "vth": 9}),
        "twins.to_a ends at a port a that a Readout does not have"),
}


@pytest.mark.parametrize("fault", FOREIGN)
def test_an_unknown_model_is_read_as_far_as_it_can_be(
    fault: str, folder: Path, main: Main
) -> None:
    change, text = FOREIGN[fault]
    program = with_twins(folder)
    unit = program["units"][-1]
    change(unit["populations"][-1], unit["projections"][0])
    (folder / "program.json").write_text(json.dumps(program), "utf-8")
    status, told = main()
    assert status == 3
    assert text in told


# --- the arrays


@pytest.mark.parametrize("file", FILES[1:])
def test_every_array_must_be_there_in_its_shape(file: str, folder: Path, main: Main) -> None:
    whole = load_arrays(folder / file)
    used = [name for name in whole if whole[name].size]
    for name in used:
        array = whole[name]
        others: list[Any] = [None, array * 1.0, array[None], np.zeros((0, 99), int)]
        if file != "expected.npz" or array.ndim:  # a number has no fewer rows
            others.append(array.T[:-1].T)
        for other in others:
            spoilt = {n: a for n, a in whole.items() if n != name}
            spoilt |= {} if other is None else {name: other}
            write_arrays(folder / file, spoilt)
            status, told = main()
            assert status == 3, (name, other)
            assert file in told or name in told or "the inputs are" in told


def test_numbers_that_nothing_can_hold(family: str, folder: Path, main: Main) -> None:
    for file, name, value, text in (
        ("weights.npz", "w0", 256, "is beyond -256 to 255"),
        ("expected.npz", "unit", 7, "there is no unit 7"),
        ("expected.npz", "unit", -1, "there is no unit -1"),
        ("expected.npz", "read_at", 10**6, "read_at is not within"),
        ("inputs.npz", "drive" if family == "loihi2" else "drive.0", 2**40, "it can be"),
    ):
        whole = load_arrays(folder / file)
        write_arrays(folder / file, whole | {name: np.full_like(whole[name], value, np.int64)})
        status, told = main()
        assert status == 3, name
        assert text in told
        write_arrays(folder / file, whole)


def test_an_array_of_nothing_is_refused(folder: Path, main: Main) -> None:
    whole = load_arrays(folder / "expected.npz")
    write_arrays(folder / "expected.npz", whole | {"spikes.nobody": whole["read_at"][None]})
    assert main() == (3, "expected.npz has an array spikes.nobody of nothing in head")


def test_a_header_that_claims_more_than_there_is(folder: Path, main: Main) -> None:
    header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000000, 3), }"
    raw = b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header + b"\n"
    for content in (raw, raw[:40], raw.replace(b"(1", b"((1"), raw.replace(b"<i8", b"|O8")):
        with zipfile.ZipFile(folder / "inputs.npz", "w") as archive:
            archive.writestr("query.npy", content)
        status, told = main()
        assert status == 3
        assert "inputs.npz is not a whole .npz file" in told


@pytest.mark.parametrize(("arguments", "status", "text"), [
    (["--unit", "nobody"], 2, "there is no unit nobody"),
    (["--inputs", "nowhere.npz"], 3, "nowhere.npz is not there"),
    (["--steps", "0", "--check"], 2, "--steps must be at least 1"),
    (["--steps", "3", "--check"], 2, "--check runs the trial as it is"),
    (["--read-at", "x"], 2, "--read-at takes numbers"),
    (["--steps", str(10**13)], 2, "not enough memory"),
])
def test_what_cannot_be_done(arguments: list[str], status: int, text: str, main: Main) -> None:
    got, told = main(*arguments)
    assert got == status
    assert text in told


# --- what they are made of


def test_the_reader_knows_the_schema() -> None:
    assert program_reader.SCHEMA_VERSION == SCHEMA_VERSION
    ours = models()
    for kind, names in program_reader.KINDS.items():
        assert [*names] == [f.name for f in fields(ours[kind])], kind
        assert ours[kind].ports in ((), (program_reader.A_IN,)), kind
        assert (kind in program_reader.WITH_POTENTIAL) == ("v" in ours[kind].records), kind
    assert tuple(kind for kind in program_reader.KINDS
                                         if not ours[kind].programmable) == program_reader.STOCK
    assert program_reader.RULE.keys() == {f.name for f in fields(LearningRule)}


def test_nothing_of_ours_is_imported_in_the_folder(folder: Path) -> None:
    beside = {path.stem for path in folder.glob("*.py")}
    assert {f"{name}.py" for name in beside} > set(HELPERS)
    assert len(beside) == 4
    for path in folder.glob("*.py"):
        source = path.read_text("utf-8")
        assert "from neuromorph" not in source
        assert "import neuromorph" not in source
        names = {n.module for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ImportFrom)}
        assert path.name in ("program_reader.py", "replay.py") or names & beside


def test_a_child_that_has_only_the_folder_says_one_line(family: str, folder: Path) -> None:
    (folder / "weights.npz").write_bytes(b"hello")
    code = ("import runpy, sys; sys.modules['neuromorph'] = None; sys.path.insert(0, '.')\n"
            f"sys.argv[1:] = ['--check']; runpy.run_path('run_on_{family}.py', "
            "run_name='__main__')")
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=folder, capture_output=True,
                          text=True, timeout=60)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"{folder / 'weights.npz'} is not a whole .npz file: ")
    assert done.stderr.count("\n") == 1
