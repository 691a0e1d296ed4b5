"""Signals and errors at every single change of the file system that a command makes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Run, snapshot
from fault_tools import ERRORS, SIGNALS, Case, Strike, struck_everywhere

from neuromorph.api import demo, run, whole
from neuromorph.api.circuits import Outcome, match_and_control
from neuromorph.cli import app
from neuromorph.deploy import folder
from neuromorph.files.atomic import atomic_folder
from neuromorph.files.outputs import GENERATOR
from neuromorph.models.digits import WEIGHTS

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks, reads /proc")

KILLS = SIGNALS[4:]
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


@pytest.mark.parametrize(("stands", "strikes"), [
    ("nothing", SIGNALS[::2] + ERRORS[:1]), ("a result", SIGNALS[1::2]),
    ("a result, and no exchange", KILLS + ERRORS[1:]),
    *(pytest.param(stands, SIGNALS + ERRORS, marks=pytest.mark.slow) for stands in STANDS),
], ids=lambda value: value if isinstance(value, str) else f"{len(value)} strikes")
def test_a_small_result_struck_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stands: str, strikes: tuple[Strike, ...]
) -> None:
    def make(path: Path) -> None:
        monkeypatch.setattr(sys, "argv", ["", str(path)])
        small("new")

    monkeypatch.setattr(app, "_invoked", lambda _: small("new"))
    case = case_of(make, tmp_path / "root", stands)
    wrong, count = struck_everywhere(case, strikes, tmp_path / "log")
    assert wrong == []
    assert count >= 10 * len(strikes)


COMMANDS = {
    "export": ("export", WEIGHTS),
    "compile": ("compile", "BUNDLE", "--programmable"),
    "run": ("run", "match_and_control"),
    "simulate": ("simulate", "BUNDLE"),
    "demo": ("demo",),
}


@pytest.mark.slow
@pytest.mark.parametrize("stands", STANDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_struck_everywhere(
    cli: Run, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str,
    stands: str,
) -> None:
    """What takes long is done once; all that is written is written each time."""
    for name in ("_measure", "_compare_all", "show_whole"):
        remember(monkeypatch, demo, name)
    remember(monkeypatch, whole, "translate_transformer")
    for name in ("lab_trial", "draw_pictures"):
        remember(monkeypatch, folder, name)
    for name in ("draw_maps", "draw_raster", "draw_accuracy", "draw_hidden_states", "draw_block",
                 "draw_logits"):
        monkeypatch.setattr(demo, name, drawn_once(getattr(demo, name)))
    remember(monkeypatch, match_and_control, "run")
    line = [exported if word == "BUNDLE" else word for word in COMMANDS[command]]
    line += ["-q", "--force"]

    def make(path: Path) -> None:
        assert cli(*line, "-o", path).code == 0

    case = case_of(make, tmp_path / "root", stands, *line)
    wrong, count = struck_everywhere(case, SIGNALS + ERRORS, tmp_path / "log")
    assert wrong == []
    assert count >= 10 * len(SIGNALS + ERRORS)


def remember(monkeypatch: pytest.MonkeyPatch, place: object, name: str) -> None:
    """Let a function work once, and its pictures be drawn once."""
    real = getattr(place, name)
    known: list[Any] = []

    def once(*args: Any, **named: Any) -> Any:
        if not known:
            known.append(real(*args, **named))
            if isinstance(known[0], Outcome):
                known[0] = replace(known[0], draw=drawn_once(known[0].draw))
        return known[0]

    monkeypatch.setattr(place, name, once)


def drawn_once(draw: Callable[..., object]) -> Callable[..., None]:
    known: list[bytes] = []

    def once(*args: Any) -> None:
        path = next(arg for arg in args if isinstance(arg, Path))
        if not known:
            draw(*args)
            known.append(path.read_bytes())
        path.write_bytes(known[0])

    return once
