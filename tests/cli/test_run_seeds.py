"""run --seeds: each seed by itself, on one process or several, and what they are together."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from adding_circuit import add
from cli_tools import Run

import neuromorph
from neuromorph.api.circuits import Outcome
from neuromorph.api.run_seeds import together


def test_seeds_together_are_each_by_itself(cli: Run, tiny: ModuleType, tmp_path: Path) -> None:
    said = json.loads(cli("run", "tiny", "--seeds", "3", "--seed", "4", "--json").out)
    each = [neuromorph.run("tiny", seed=seed).summary["numbers"] for seed in (4, 5, 6)]
    assert (said["seeds"], said["by_seed"]) == ([4, 5, 6], each)
    sums = [one["sum"] for one in each]
    assert said["numbers"]["sum"] == {
        "mean": pytest.approx(np.mean(sums)), "sd": pytest.approx(np.std(sums, ddof=1)),
        "least": min(sums), "most": max(sums)}
    kept = json.loads((tmp_path / "out/run/tiny-seeds/summary.json").read_text())
    assert kept["numbers"] == said["numbers"]
    assert list((tmp_path / "out/journals").iterdir()) == []
    assert cli("run", "tiny", "--seeds", "3").code == 2
    assert "with 1 seeds" in cli("run", "tiny", "--seeds", "1", "--force").out


def test_seeds_on_two_processes_give_the_same_bytes(cli: Run, tmp_path: Path) -> None:
    for jobs in (1, 2):
        done = cli("run", "naam", "--seeds", "2", "-o", f"r{jobs}", "--jobs", jobs,
                   "--set", "steps=20", "--set", "neurons=50", "-q")
        assert (done.code, done.err) == (0, "")
    one, two = ((tmp_path / f"r{jobs}" / "summary.json").read_bytes() for jobs in (1, 2))
    assert one == two


def test_seeds_that_were_stopped_go_on(
    cli: Run, tiny: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*arguments: Any, seed: int, **others: Any) -> Outcome:
        if seed == 2:
            raise KeyboardInterrupt
        return add(*arguments, seed=seed, **others)

    monkeypatch.setattr(tiny, "run", stops)
    assert cli("run", "tiny", "--seeds", "4").code == 130
    monkeypatch.setattr(tiny, "run", add)
    other = cli("run", "tiny", "--seeds", "4", "--resume", "--set", "count=3")
    assert (other.code, "of another run; found settings" in other.err) == (3, True)
    assert "an earlier run had done 2" in cli("run", "tiny", "--seeds", "4", "--resume").out


@pytest.mark.parametrize("line", [
    ("--jobs", "2"), ("--resume",), ("--scheduler", "tcp://a:1"), ("--seeds", "0"),
    ("--seeds", "nan"), ("--seeds", "2", "--jobs", "0"), ("--seeds", str(2**21)),
    ("--seeds", "2", "--seed", "-1"), ("--list", "--seeds", "2")])
def test_seeds_and_processes_that_make_no_sense(
    cli: Run, tiny: ModuleType, line: tuple[str, ...]
) -> None:
    done = cli("run", "tiny", *line)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


def test_only_finite_numbers_that_all_seeds_have_are_put_together() -> None:
    each = [{"a": 1, "b": True, "c": None, "d": "x", "e": 2.0}, {"a": 2, "b": False, "c": 1.0}]
    found = together(each)
    assert list(found) == ["a", "b"]
    assert found["b"]["mean"] == 0.5
    assert together(each[:1])["a"] == {"mean": 1.0, "sd": None, "least": 1.0, "most": 1.0}
