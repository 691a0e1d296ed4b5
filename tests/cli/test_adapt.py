"""``neuromorph adapt``: refusals in one line, a table, JSON, and the bundle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import Run

from neuromorph.bundle import load_bundle


@pytest.mark.parametrize(("arguments", "code", "text"), [
    (["--alpha", "0"], 2, "no such share"), (["--alpha", "nan"], 2, "found nan"),
    (["--force"], 2, "--output"), (["--json", "--quiet"], 2, "contradict"),
    (["--follow", "all"], 2, "--follow"), (["--text", "none.npz"], 3, "none.npz"),
    (["--against", "none"], 3, "none"), (["-o", "."], 2, "would replace"),
])
def test_refusals(fails: Callable[..., str], bundle: Path, arguments: list[object], code: int,
                  text: str) -> None:
    assert text in fails(code, "adapt", bundle, *arguments)


def test_a_whole_model_is_refused(fails: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "manifest.toml").write_text('kind = "whole"\ngenerator = "neuromorph 1"\n')
    assert "attention alone is" in fails(2, "adapt", "w")


def test_what_is_no_bundle(fails: Callable[..., str]) -> None:
    assert "nowhere" in fails(3, "adapt", "nowhere")


def test_table_json_and_bundle(cli: Run, bundle: Path, tmp_path: Path) -> None:
    done = cli("adapt", bundle, "-o", "new")
    assert done.code == 0, done.err
    assert "Adapted to 43 passages, measured on 21 others" in done.out
    assert "the bundle's sample has 17 queries" in done.out + done.err
    said = json.loads(cli("adapt", bundle, "--json").out)
    assert said["bundle"] is None
    assert said["own_after"]["steps"] >= said["own_before"]["steps"]
    assert load_bundle(tmp_path / "new").provenance["adapted"] == "43 passages, its own, alpha 0.3"
    assert cli("simulate", "new", "--quiet").code == 0
