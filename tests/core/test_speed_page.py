"""The page of speed: figures from pairs, and what it says of those that got worse."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from benchmarks.__main__ import NAMES, SPEED, wanted
from benchmarks.speed import FORWARD, PARTS, QUICK, page
from benchmarks.speed import committed as committed_file
from benchmarks.speed.child import forget_peak, fresh, peak
from benchmarks.speed.committed import FILE, Committed
from benchmarks.speed.figures import Figure, Plan, in_turns, ratio

PAIRS = [(1.0, 1.5), (2.0, 2.0), (1.0, 9.0)]


@pytest.fixture
def committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Committed:
    monkeypatch.setattr(committed_file, "FILE", tmp_path / "committed.json")
    return Committed.read()


def measured(monkeypatch: pytest.MonkeyPatch, *figures: Figure) -> None:
    monkeypatch.setattr(page, "figures_of", lambda part, plan: list(figures))


def test_a_ratio_is_the_median_of_paired_ratios() -> None:
    assert ratio("x", PAIRS, 1.2).value == 1.5
    assert "float 1.00 s" in ratio("x", PAIRS, 1.2).beside


def test_works_run_in_turns_and_the_first_turn_is_left_out() -> None:
    seen: list[str] = []
    rows = in_turns([lambda: seen.append("a"), lambda: seen.append("b")], 2, "wall")
    assert seen == ["a", "b"] * 3
    assert [len(row) for row in rows] == [2, 2]


@pytest.mark.parametrize(("value", "before", "judged", "worse"), [
    (1.11, 1.0, True, True), (1.09, 1.0, True, False), (0.5, 1.0, True, False),
    (2.0, 1.0, False, False), (2.0, None, True, False),
])
def test_worse_is_more_than_a_tenth_above_the_committed(
    value: float, before: float | None, judged: bool, worse: bool
) -> None:
    figure = Figure("x", value, "s", judged=judged)
    assert page.is_worse(figure, before) is worse
    assert page.row(figure, before)[-1] == ("WORSE" if worse else "")


def test_a_run_is_kept_with_a_note_and_the_next_is_held_against_it(
    monkeypatch: pytest.MonkeyPatch, committed: Committed, capsys: pytest.CaptureFixture[str]
) -> None:
    measured(monkeypatch, Figure("a", 1.0, "s", 0.5), Figure("b", 2.0, "s"))
    page.measure("kernel", Plan(), "first")
    assert json.loads(committed.path.read_text("utf-8"))["kernel: a"] == {
        "value": 1.0, "unit": "s", "machine": page.machine(), "note": "first"}
    measured(monkeypatch, Figure("a", 1.5, "s", 0.5), Figure("b", 2.0, "s"))
    capsys.readouterr()
    result = page.measure("kernel", Plan(), None)
    said = capsys.readouterr().out
    assert "≤ 0.5" in said
    assert "1.50" in said
    assert "Worse than committed by more than 10%: a\n" in said
    assert [figure["value"] for figure in result["figures"]] == [1.5, 2.0]
    assert json.loads(committed.path.read_text("utf-8"))["kernel: a"]["value"] == 1.0


def test_figures_of_other_parts_stay(committed: Committed) -> None:
    committed.keep("kernel", [Figure("a", 1.0, "s")], "here", "x")
    committed.keep("memory", [Figure("a", 2.0, "MB")], "there", "y")
    assert Committed.read().values() == {"kernel: a": 1.0, "memory: a": 2.0}
    assert committed.sources("memory") == ["there (y)"]


def test_another_machine_is_named(committed: Committed) -> None:
    committed.keep("kernel", [Figure("a", 1.0, "s")], "some other machine", "x")
    assert page.remarks("kernel", [], committed, 0.0) == [
        "Committed on another machine: some other machine (x)"]


def test_the_committed_file_holds_parts_that_exist() -> None:
    entries = json.loads(FILE.read_text("utf-8"))
    assert {name.split(": ")[0] for name in entries} <= set(PARTS)
    assert all(entry["value"] > 0 and entry["note"] for entry in entries.values())


def test_every_part_has_a_name_of_its_own_and_speed_means_all() -> None:
    assert list(wanted(["speed"], quick=False)) == list(SPEED)
    assert list(wanted(["startup", "speed"], quick=True)) == [
        "startup", *(f"speed_{part}" for part in QUICK)]
    assert set(SPEED).isdisjoint(NAMES)
    folder = FILE.parent
    assert all(part in FORWARD or (folder / f"{part}.py").exists() for part in PARTS)


def test_a_fresh_process_answers_with_what_it_took() -> None:
    done = fresh(os.path.join, "a", "b", threads=1)
    assert done.result == "a/b"
    assert done.processor_seconds > 0
    assert done.peak_bytes > 1_000_000


def test_a_failure_in_a_fresh_process_is_told() -> None:
    with pytest.raises(SystemExit, match="No such file"):
        fresh(os.listdir, "nowhere at all")


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK),
                    reason="this system does not forget")
def test_the_peak_is_that_of_the_time_since_it_was_forgotten() -> None:
    block = bytearray(50_000_000)
    before = peak()
    del block
    forget_peak()
    assert peak() < before - 30_000_000
