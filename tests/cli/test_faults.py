"""Signals and errors at every single change of the file system that a command makes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import Run, snapshot
from fault_tools import ERRORS, SIGNALS, Case, struck_everywhere

from neuromorph.api import demo, run
from neuromorph.bundle import atomic_folder
from neuromorph.bundle.outputs import GENERATOR
from neuromorph.cli import app
from neuromorph.models.digits import WEIGHTS

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks, reads /proc")

STANDS = ("nothing", "a result", "a result, and no exchange")


def small(text: str) -> int:
    """In place of a command: a result of two files."""
    with atomic_folder(sys.argv[-1], ours=run.FOLDER, force=True) as folder:
        (folder / "picture.png").write_bytes(text.encode())
        (folder / "summary.json").write_text(json.dumps({**run.FOLDER.mark(), "text": text}))
    return 0


def case_of(make: Callable[[Path], object], root: Path, stands: str, *arguments: object) -> Case:
    """A case whose result ``make`` makes; what stands before is of an earlier version."""
    root.mkdir()
    made = root.parent / "made"
    make(made)
    new = snapshot(made)
    if stands == "nothing":
        target = root / "new" / "out"
    else:
        target = root / "out"
        made.rename(target)
        for name in ("manifest.toml", "summary.json", "report.json"):
            for path in target.rglob(name):
                path.write_text(path.read_text().replace(GENERATOR, "neuromorph 0.0.9"))
    return Case(tuple(map(str, arguments)), root, target, new, not stands.endswith("no exchange"))


@pytest.mark.parametrize("stands", STANDS)
def test_a_small_result_struck_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stands: str
) -> None:
    def make(path: Path) -> None:
        monkeypatch.setattr(sys, "argv", ["", str(path)])
        small("new")

    monkeypatch.setattr(app, "_invoked", lambda _: small("new"))
    case = case_of(make, tmp_path / "root", stands)
    wrong, count = struck_everywhere(case, SIGNALS + ERRORS, tmp_path / "log")
    assert wrong == []
    assert count >= 10 * len(SIGNALS + ERRORS)
