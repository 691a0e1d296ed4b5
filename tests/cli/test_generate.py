"""``neuromorph generate``: text as it comes, JSON alone, and one line where it cannot be."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cli_tools import Run

sys.path.insert(0, str(Path(__file__).parent.parent / "core"))

from small_whole import PlainSession, small_whole

from neuromorph.api import generate as door
from neuromorph.api.compile import compile_bundle
from neuromorph.bundle.whole import load_whole, save_whole
from neuromorph.deploy.folder import save_compiled

pytest.importorskip("tokenizers")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "open_session", PlainSession)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_whole(small_whole(4, stop=()), tmp_path_factory.mktemp("whole") / "b")


def test_json_holds_text_and_figures(cli: Run, whole: Path) -> None:
    done = cli("generate", whole, "spikes", "--tokens", 4, "--json")
    said = json.loads(done.out)
    assert said["text"] == door.generate(load_whole(whole), "spikes", tokens=4).finish().text
    assert {"text", "tokens_per_second", "float_tokens_per_second", "steps",
            "spikes"} <= set(said)
    assert (said["tokens"], said["float_tokens_per_second"]) == (4, None)


def test_text_comes_first_and_figures_below(cli: Run, whole: Path) -> None:
    text = json.loads(cli("generate", whole, "a", "--tokens", 3, "--json").out)["text"]
    done = cli("generate", whole, "a", "--tokens", 3)
    assert done.code == 0
    assert "3 tokens" in done.out
    assert "steps" in done.out
    assert done.out.startswith(text[:1])


def test_quiet_says_nothing(cli: Run, whole: Path) -> None:
    done = cli("generate", whole, "a", "--tokens", 2, "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_what_is_generated_does_not_steer_the_terminal(cli: Run, whole: Path) -> None:
    done = cli("generate", whole, "a", "--tokens", 40, "--temperature", 90)
    assert done.code == 0
    assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in done.out)


@pytest.mark.parametrize(("arguments", "code", "text"), [
    (["", "--tokens", "2"], 2, "no tokens"),
    (["a", "--tokens", "0"], 2, "tokens"),
    (["a", "--temperature", "nan"], 2, "temperature"),
    (["a", "--top-k", "3"], 2, "Add a temperature"),
    (["a", "--model", "x"], 2, "--compare"),
    (["a", "--compare"], 2, "--model"),
    (["a", "--json", "--quiet"], 2, "contradict"),
])
def test_refusals(cli: Run, whole: Path, arguments: list[str], code: int, text: str) -> None:
    done = cli("generate", whole, *arguments)
    assert (done.code, done.out) == (code, "")
    assert text in done.err
    assert len(done.err.splitlines()) == 1


def test_no_bundle(cli: Run, tmp_path: Path) -> None:
    done = cli("generate", tmp_path, "a")
    assert done.code == 3
    assert "export MODEL --whole" in done.err


def test_simulate_says_what_the_bundle_is_for(cli: Run, whole: Path) -> None:
    done = cli("simulate", whole)
    assert done.code == 3
    assert "neuromorph generate" in done.err


def test_inspect_describes_it(cli: Run, whole: Path) -> None:
    said = json.loads(cli("inspect", whole, "--json").out)
    assert (said["kind"], said["family"], len(said["layers"])) == ("whole bundle", "llama", 2)
    assert cli("inspect", whole).code == 0


@pytest.fixture(scope="module")
def compiled(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("compiled") / "lab"
    save_compiled(compile_bundle(whole, "loihi2-graded"), found)
    return found


def test_a_compiled_model_says_what_a_text_takes(cli: Run, whole: Path, compiled: Path) -> None:
    done = cli("generate", whole, "abc", "--tokens", 4, "--compiled", compiled, "--json")
    said = json.loads(done.out)
    paces = json.loads((compiled / "report.json").read_text("utf-8"))["paces"]
    found = said["estimate"]["bands"]["seconds"]
    for end, which in (("low", 0), ("high", 1)):
        serial, together = ({one["costs"]: one["seconds_ends"] for one in paces[pace]["sets"]}
                            for pace in ("serial", "pipelined"))
        name = found[f"{end}_set"]
        assert found[end] == pytest.approx(2 * together[name][which] + 4 * serial[name][which])
    shown = cli("generate", whole, "abc", "--tokens", 4, "--compiled", compiled).out
    assert "static: chips in use (1)" in shown
    assert shown.index("static:") < shown.index("events:") < shown.index("time:")


@pytest.mark.parametrize(("fields", "text"), [
    ({"kind": "archive"}, "this is no report of a compiled whole model"),
    ({"kind_of_bundle": None}, "this is no report of a compiled whole model"),
    ({"model_blocks": 7}, "it was compiled from another model"),
    ({"fits": False}, "the compiled model has no costs"),
    ({"paces": None}, "the compiled model has no costs"),
    ({"paces": [1]}, "the costs of the report are not whole"),
    ({"paces": {"serial": {"sets": []}}}, "the costs of the report are not whole"),
    ({"paces": {"serial": {}, "pipelined": {}}}, "the costs of the report are not whole")])
def test_another_report_is_refused(
    cli: Run, whole: Path, compiled: Path, tmp_path: Path, fields: dict[str, object], text: str
) -> None:
    report = json.loads((compiled / "report.json").read_text("utf-8")) | fields
    (tmp_path / "report.json").write_text(json.dumps(report), "utf-8")
    done = cli("generate", whole, "abc", "--tokens", 2, "--compiled", tmp_path)
    assert done.code != 0
    assert text in " ".join(done.err.split())


def test_no_report_is_refused(cli: Run, whole: Path, tmp_path: Path) -> None:
    done = cli("generate", whole, "abc", "--compiled", tmp_path)
    assert done.code != 0
    assert "there is no report of a compiled model" in " ".join(done.err.split())
