"""``neuromorph tune``: refusals in one line, tables, JSON, a picture and the bundle."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cli_tools import Run

from neuromorph.bundle import load_bundle
from neuromorph.models.digits import WEIGHTS, Part, load_split

PNG = b"\x89PNG"


@pytest.fixture(scope="module", autouse=True)
def few_images() -> Iterator[None]:
    part = load_split().validation
    split = replace(load_split(), validation=Part(
        part.indices[:16], part.images[:16], part.labels[:16]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neuromorph.api.tuning.source.load_split", lambda: split)
        yield


@pytest.mark.parametrize(("arguments", "code", "text"), [
    ([WEIGHTS], 2, "--keep"),
    ([WEIGHTS, "--keep", "kl"], 2, "cannot be read"),
    ([WEIGHTS, "--keep", "klm<=1"], 2, "Did you mean 'kl'?"),
    ([WEIGHTS, "--keep", "kl<=nan"], 2, "at least 0"),
    ([WEIGHTS, "--keep", "kl<=1", "--by", "joules"], 2, "--by"),
    ([WEIGHTS, "--keep", "kl<=1", "--trials", "0"], 2, "--trials"),
    ([WEIGHTS, "--keep", "kl<=1", "--force"], 2, "--output"),
    ([WEIGHTS, "--keep", "kl<=1", "--json", "--quiet"], 2, "contradict"),
    ([WEIGHTS, "--keep", "kl<=1", "--text", "t.txt"], 2, "takes no text"),
    (["none", "--keep", "kl<=1"], 3, "none"),
    ([WEIGHTS, "--keep", "kl<=1", "--profile", "loihi3", "--trials", "1"], 4, "loihi3"),
])
def test_refusals(fails: Callable[..., str], arguments: list[object], code: int,
                  text: str) -> None:
    assert text in fails(code, "tune", *arguments)


def test_text_that_it_is_calibrated_on_is_no_judge(fails: Callable[..., str],
                                                   tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("some text\n")
    said = fails(2, "tune", WEIGHTS, "--keep", "kl<=1", "--calibrate", "t.txt")
    assert "--text" in said
    said = fails(2, "tune", WEIGHTS, "--keep", "kl<=1", "--calibrate", "t.txt", "--text", "./t.txt")
    assert "calibrated on" in said


def test_a_whole_model_is_refused(fails: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "manifest.toml").write_text('kind = "whole"\ngenerator = "neuromorph 1"\n')
    assert "attention alone is" in fails(2, "tune", "w", "--keep", "kl<=1")


def test_tables_json_picture_and_bundle(cli: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    command = ["tune", WEIGHTS, "--keep", "kl<=0.01", "--trials", "7", "--heads", "1"]
    shown = cli(*command, "-o", "best", "--picture", "curve.png")
    assert shown.code == 0
    for text in ("Tuned", "with the default", "Trials, cheapest first", "graded", "binary",
                 "Each head alone in spikes", "asked about 1 of 12", "neuromorph simulate best"):
        assert text in " ".join(shown.out.split()), text
    assert (tmp_path / "curve.png").read_bytes()[:4] == PNG
    said = json.loads(cli(*command, "--json").out)
    assert said["kept"]
    assert said["best"]["options"]["window_nats"] == load_bundle(
        tmp_path / "best").options["window_nats"]
    assert len(said["trials"]) == 7
    assert said["heads"][0]["lost"] > 0
    again = cli(*command, "--picture", "curve.png")
    assert (again.code, again.out) == (2, "")


def test_the_curve_is_shown_where_nothing_is_kept(cli: Run, tmp_path: Path) -> None:
    done = cli("tune", WEIGHTS, "--keep", "kl<=1e-9", "--trials", "1", "-o", "none", "--work", "w")
    assert done.code == 2
    assert "Trials, cheapest first" in done.out
    assert "not kept; the nearest" in done.out
    assert done.err.startswith("error: nothing that was tried keeps what is wished; found kl ")
    assert not (tmp_path / "none").exists()
    assert len([*(tmp_path / "w").rglob("*.json")]) == 4


def test_it_says_that_the_default_is_best(cli: Run) -> None:
    done = cli("tune", WEIGHTS, "--keep", "kl<=0.01", "--trials", "1", "--work", "w")
    assert "is the best of all that was tried" in done.out


def test_it_says_what_is_not_possible(cli: Run) -> None:
    done = cli("tune", WEIGHTS, "--keep", "kl<=0.5", "--trials", "1", "--profile", "loihi2",
               "--work", "w", "--json")
    said = json.loads(done.out)
    assert [bool(trial["refused"]) for trial in said["trials"]] == [True, *[False] * 3]
    shown = cli("tune", WEIGHTS, "--keep", "kl<=0.5", "--trials", "1", "--profile", "loihi2",
                "--work", "w")
    assert "Not possible" in shown.out
