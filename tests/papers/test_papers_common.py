"""What all papers' scripts share: rows judge honestly, tables and summaries say so."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from examples.papers.__main__ import main as run_all
from examples.papers.common import Row, bound, main, picture, row, save_summary, table
from examples.papers.scripts import scripts
from neuromorph.errors import MissingFileError, UsageError


@pytest.mark.parametrize(("ours", "tolerance", "ok"), [
    (0.92, 0.02, True), (0.88, 0.02, True), (0.93, 0.02, False), (0.87, 0.02, False),
    (0.9, 0.0, True), (0.5, None, None),
])
def test_a_row_is_judged_by_its_tolerance(ours: float, tolerance: float | None, ok: object) -> None:
    assert row("paper", "AUC", 0.90, ours, tolerance and tolerance + 1e-12).ok is ok


def test_what_is_not_published_is_not_judged() -> None:
    assert row("paper", "energy", None, 3, 0.1) == Row("paper", "energy", None, 3.0, 0.1, None)


def test_a_bound_is_one_sided() -> None:
    assert bound("paper", "error", 0.1, 0.02).ok
    assert bound("paper", "error", 0.1, 0.1) == Row("paper", "error (at most)", 0.1, 0.1, 0.0, True)
    assert bound("paper", "error", 0.1, 0.11).ok is False


@pytest.mark.parametrize(("published", "ours", "tolerance"), [
    (1.0, math.nan, 0.1), (math.inf, 1.0, 0.1), (1.0, 1.0, -0.1), (1.0, 1.0, math.nan),
])
def test_numbers_that_say_nothing_are_refused(
    published: float, ours: float, tolerance: float
) -> None:
    with pytest.raises(UsageError, match="AUC: a row needs finite numbers"):
        row("paper", "AUC", published, ours, tolerance)


ROWS = [row("A", "near", 1.0, 1.01, 0.1, "no need"), row("A", "far", 1.0, 2.0, 0.1, "it is noisy"),
        row("B", "beside", None, 0.5, None)]


def test_a_table_counts_what_was_missed() -> None:
    assert table(ROWS).splitlines() == [
        "A",
        "           published        ours  tolerance",
        "  near             1        1.01        0.1  ok",
        "  far              1           2        0.1  MISSED: it is noisy",
        "B",
        "           published        ours  tolerance",
        "  beside           -         0.5          -",
        "2 judged, 1 missed, 1 reported beside",
    ]


def test_a_summary_holds_every_field_and_replaces_the_last(tmp_path: Path) -> None:
    path = tmp_path / "new" / "summary.json"
    save_summary(ROWS[:1], path)
    save_summary(ROWS, path)
    held = json.loads(path.read_text("utf-8"))
    assert held[1] == {"paper": "A", "quantity": "far", "published": 1.0, "ours": 2.0,
                       "tolerance": 0.1, "ok": False, "why": "it is noisy"}
    assert [Row(**r) for r in held] == ROWS
    assert [p.name for p in path.parent.iterdir()] == ["summary.json"]


def test_a_picture_is_the_same_to_the_byte(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for name in ("one.png", "two.png"):
        with picture(tmp_path / "figures" / name, figsize=(2, 2)) as axes:
            axes.plot([0, 1])
    one, two = ((tmp_path / "figures" / name).read_bytes() for name in ("one.png", "two.png"))
    assert one == two


def test_a_picture_that_fails_is_not_saved(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(ZeroDivisionError), picture(tmp_path / "none.png"):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def fake(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
    tell(f"into {figures.name}, full {full}")
    return [row("A", "near", 1.0, 1.0, 0.1)]


def test_a_script_alone_prints_its_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main("A paper", fake, ["--full", "-o", str(tmp_path / "figures")])
    shown = capsys.readouterr().out
    assert shown.startswith("== A paper\n  into figures, full True\nA\n")
    assert shown.endswith("1 judged, 0 missed, 0 reported beside\n")


def test_an_error_of_ours_is_a_line_and_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
        raise MissingFileError("the weights are not there", where="weights")

    with pytest.raises(SystemExit) as stop:
        main("A paper", broken, [])
    assert stop.value.code == 3
    assert capsys.readouterr().err == "error: weights: the weights are not there\n"


def test_every_script_has_a_title_and_a_run() -> None:
    found = scripts()
    assert "ellwood" in found
    assert "common" not in found
    assert "ellwood_model" not in found
    assert all(isinstance(m.TITLE, str) and callable(m.run) for m in found.values())


def test_all_scripts_write_one_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scripts()["ellwood"], "run", fake)
    monkeypatch.chdir(tmp_path)
    run_all(["ellwood", "-o", str(tmp_path)])
    held = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    assert [r["quantity"] for r in held] == ["near"]
    assert "== Ellwood 2024" in capsys.readouterr().out


@pytest.mark.slow
def test_two_processes_find_and_draw_what_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    for jobs in ("1", "2"):
        run_all(["agliari", "naam", "-o", jobs, "--jobs", jobs])
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / jobs).iterdir()}
                for jobs in ("1", "2"))
    assert one == two
    assert {"summary.json", "naam.png"} <= set(one)
    assert list(Path("out/journals").iterdir()) == []


@pytest.mark.parametrize("line", [["--jobs", "0"], ["--jobs", "2", "--scheduler", "tcp://a:1"]])
def test_processes_that_make_no_sense_are_an_error_of_ours(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        run_all(["naam", *line])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_the_command_starts_and_names_its_scripts() -> None:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-m", "examples.papers", "--help"], cwd=root,
                          capture_output=True, text=True)
    assert done.returncode == 0
    assert "ellwood" in done.stdout
