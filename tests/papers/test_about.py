"""docs/papers.md: a line for each paper, of what its script declares and its rows as kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from examples.papers.__main__ import main as run_all
from examples.papers.about import COLUMNS, Paper, counts, keep, kept, line, lines
from examples.papers.common import row
from examples.papers.scripts import papers, scripts
from neuromorph.errors import MissingFileError, UsageError

ROOT = Path(__file__).resolve().parents[2]
ROWS = [row("A", "near", 1.0, 1.01, 0.1), row("A", "far", 1.0, 2.0, 0.1),
        row("A, noise", "far", None, 3.0, None)]


def paper(*shown: str) -> Paper:
    return Paper("A 2024", "claims", "built", "verdict", shown)


def test_a_line_shows_chosen_rows_and_counts_all() -> None:
    cells = line(paper("near", "A: far", "A, noise: far"), ROWS)
    assert cells == ("A 2024", "claims", "built",
                     "near: 1 → 1.01<br>A: far: 1 → 2 (missed)<br>A, noise: far: - → 3", "2, 1",
                     "verdict")
    assert len(cells) == len(COLUMNS)


@pytest.mark.parametrize(("name", "number"), [("far", 2), ("nowhere", 0)])
def test_a_row_that_is_not_the_only_one_is_refused(name: str, number: int) -> None:
    with pytest.raises(UsageError, match=f"{name}: a shown row .* found {number} rows"):
        line(paper(name), ROWS)


def test_kept_rows_are_those_that_were_kept(tmp_path: Path) -> None:
    keep("a", ROWS, tmp_path)
    keep("a", ROWS[:2], tmp_path)
    assert kept("a", tmp_path) == ROWS[:2]
    assert lines({"a": paper("far")}, tmp_path)[0][4] == "2, 1"
    with pytest.raises(MissingFileError, match=r"b\.json: .* examples.papers b --keep"):
        kept("b", tmp_path)


def test_a_run_keeps_its_rows_when_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripts()["naam"], "run", lambda *_: ROWS)
    monkeypatch.setattr("examples.papers.about.KEPT", tmp_path)
    monkeypatch.chdir(tmp_path)
    run_all(["naam", "-o", "out"])
    assert not (tmp_path / "naam.json").exists()
    run_all(["naam", "-o", "out", "--keep"])
    assert kept("naam", tmp_path) == ROWS


def test_every_script_declares_its_paper() -> None:
    assert papers().keys() == scripts().keys()


def test_the_readme_counts_the_rows() -> None:
    judged, missed = counts(row for name in papers() for row in kept(name))
    text = (ROOT / "README.md").read_text("utf-8")
    assert re.findall(r"(\d+) rows are judged, (\d+) of them miss", text) == [
        (str(judged), str(missed))]
