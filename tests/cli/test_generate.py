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
from neuromorph.bundle.whole import load_whole, save_whole

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


def test_other_commands_say_what_the_bundle_is_for(cli: Run, whole: Path) -> None:
    for command in (["simulate"], ["compile"]):
        done = cli(*command, whole)
        assert done.code == 3, command
        assert "neuromorph generate" in done.err, command


def test_inspect_describes_it(cli: Run, whole: Path) -> None:
    said = json.loads(cli("inspect", whole, "--json").out)
    assert (said["kind"], said["family"], len(said["layers"])) == ("whole bundle", "llama", 2)
    assert cli("inspect", whole).code == 0
