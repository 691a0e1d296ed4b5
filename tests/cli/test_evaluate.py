"""``neuromorph evaluate``: refusals in one line, before anything is run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cli_tools import Run

sys.path.insert(0, str(Path(__file__).parent.parent / "core"))

from small_evaluations import task
from small_whole import small_whole

from neuromorph.api import evaluate as door
from neuromorph.api.crosstalk import crosstalk
from neuromorph.api.evaluate import Evaluation, run
from neuromorph.bundle.whole import save_whole

FIELDS = {"perplexity_ratio", "interval", "kl", "top1", "tokens"}


@pytest.mark.parametrize(("arguments", "code", "text"), [
    (["none", "--text", "t.txt"], 3, "not a bundle"),
    (["b"], 2, "--text"),
    (["b", "--text", "t.txt", "--length", "1"], 2, "length"),
    (["b", "--text", "t.txt", "--windows", "0"], 2, "windows"),
    (["b", "--text", "none.txt"], 3, "no such file"),
    (["b", "--text", "t.txt"], 2, "--against"),
    (["b", "--text", "t.txt", "--json", "--quiet"], 2, "contradict"),
    (["b", "--text", "t.txt", "--jobs", "0"], 2, "jobs"),
    (["b", "--text", "t.txt", "--jobs", "nan"], 2, "jobs"),
    (["b", "--text", "t.txt", "--jobs", "999"], 2, "1 to 256"),
    (["b", "--text", "t.txt", "--jobs", "2", "--scheduler", "tcp://a:1"], 2, "contradict"),
])
def test_refusals(cli: Run, tmp_path: Path, arguments: list[str], code: int, text: str) -> None:
    pytest.importorskip("transformers")
    save_whole(small_whole(), tmp_path / "b")
    (tmp_path / "t.txt").write_text("some text\n")
    done = cli("evaluate", *arguments)
    assert (done.code, done.out) == (code, "")
    assert text in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("language", [True, False])
def test_json_and_tables(
    cli: Run, tmp_path: Path, language: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluated(*_: object, **__: object) -> Evaluation:
        return run(task(language=language))

    monkeypatch.setattr(door, "evaluate", evaluated)
    said = json.loads(cli("evaluate", "b", "--text", "t", "--json", "-o", "f.json").out)
    assert set(said) >= FIELDS
    assert json.loads((tmp_path / "f.json").read_text()) == said
    shown = cli("evaluate", "b", "--text", "t")
    assert shown.code == 0
    assert ("KL to float" if language else "cosine to float") in shown.out
    assert "behind the last block" in shown.out


def test_cross_talk_beside_the_figures(
    cli: Run, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_whole(small_whole(), tmp_path / "b")
    refused = cli("evaluate", "b", "--text", "t", "--crosstalk", 0.1)
    assert (refused.code, refused.out) == (2, "")
    assert "only slots of heads mix" in refused.err
    monkeypatch.setattr(door, "_documents", lambda *_: ())
    monkeypatch.setattr(door, "_task", lambda *_, **__: task(language=True))
    shown = cli("evaluate", exported, "--text", "t", "--crosstalk", 0.1)
    assert "both, spikes: keys and values mix" in " ".join(shown.out.split())
    said = json.loads(cli("evaluate", exported, "--crosstalk", 0.1, "--json").out)
    assert said["crosstalk"] == crosstalk(exported, [0.1]).curve()
    assert "crosstalk" not in json.loads(cli("evaluate", exported, "--json").out)
