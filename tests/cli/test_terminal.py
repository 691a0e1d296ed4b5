"""Nothing in a file steers the terminal: names with escape sequences, line breaks, turned text."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from cli_tools import Run, child
from rich.text import Text
from test_bad_bundles import fields, sign, write

from neuromorph.bundle import load_bundle, save_bundle
from neuromorph.bundle.bundle import NETWORK
from neuromorph.cli import common
from neuromorph.cli.common import progress
from neuromorph.errors import escaped
from neuromorph.report.tables import rows_table

NASTY = "a\x1b[2J\x1b]0;title\x07\nb\r\x9b31m\u202ec\u2028`|<img src=x>$x"
SHOWN = r"a\x1b[2J\x1b]0;title\x07"
"""The beginning of that name as it may be shown, in a column however narrow."""

TEXTS = (".txt", ".md", ".html", ".json", ".py")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def hostile(bundle: Path) -> Path:
    """A sound bundle whose layers have such names, as has its provenance; it is signed."""
    found = fields(bundle)
    found["layers"] = [f"{NASTY}{i}" for i in range(len(found["layers"]))]
    found["provenance"] = {NASTY: NASTY, "calibration": NASTY, "files": {NASTY: NASTY}}
    found["options"][NASTY] = NASTY
    (bundle / NETWORK).write_text(f"# {NASTY}\n", "utf-8")
    write(bundle, found)
    sign(bundle)
    return bundle


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A profile with such a title, note, unit and source."""
    neurons = {"value": 4096, "unit": "neurons", "source": NASTY, "confidence": "assumed"}
    path = tmp_path / "mine.toml"
    path.write_bytes(tomli_w.dumps({
        "schema_version": 1, "name": "mine", "title": NASTY, "extends": "loihi2-graded",
        "notes": [NASTY], "core": {"neurons": neurons}}).encode())
    return path


def harmless(text: str) -> bool:
    return escaped(text, keep="\n") == text


def check_texts(folder: Path) -> set[str]:
    """Names of all text files below a folder, which are harmless."""
    found = [path for path in folder.rglob("*") if path.suffix in TEXTS]
    for path in found:
        assert harmless(path.read_bytes().decode("utf-8")), path.name
    return {path.name for path in found}


COMMANDS = {
    "inspect": ("inspect", "BUNDLE"),
    "network": ("inspect", "BUNDLE", "--network"),
    "simulate": ("simulate", "BUNDLE", "-o", "out"),
    "compile": ("compile", "BUNDLE", "-o", "out", "--dump", "lower"),
    "dump": ("compile", "BUNDLE", "--dump", "place"),
    "stop": ("compile", "BUNDLE", "--stop-after", "place"),
    "no fit": ("compile", "BUNDLE", "--profile", "kapoho_bay", "-o", "out"),
    "my board": ("compile", "BUNDLE", "--profile", "BOARD"),
    "show": ("profiles", "show", "BOARD"),
    "check": ("profiles", "check", "BOARD"),
    "nowhere": ("simulate", NASTY),
    "no such profile": ("compile", "BUNDLE", "--profile", f"{NASTY}.toml"),
    "no such pass": ("compile", "BUNDLE", "--dump", NASTY),
}
SEEN = set(COMMANDS) - {"no fit", "check"}
"""Commands whose output has an odd name in it."""

WRITTEN = {"simulate": {"summary.json"}, "no fit": {"report.json", "report.html"},
           "compile": {"program.txt", "after-lower.txt", "README.md", "report.html", "program.json",
                       "report.json"}}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_passes_on_what_steers_a_terminal(
    cli: Run, hostile: Path, board: Path, tmp_path: Path, name: str
) -> None:
    line = [{"BUNDLE": hostile, "BOARD": board}.get(word, word) for word in COMMANDS[name]]
    done = cli(*line)
    told = done.out + done.err
    assert harmless(told)
    if name in SEEN:
        assert SHOWN in as_shown(re.sub(r"\s", "", told))
    written = check_texts(tmp_path / "out")
    assert written >= WRITTEN.get(name, set())


@pytest.mark.parametrize("name", ["inspect", "network", "simulate", "stop", "show"])
def test_json_holds_the_names_and_no_odd_character(
    cli: Run, hostile: Path, board: Path, name: str
) -> None:
    line = [{"BUNDLE": hostile, "BOARD": board}.get(word, word) for word in COMMANDS[name]]
    done = cli(*line, "--json")
    assert done.out.isascii()
    assert harmless(done.out)
    told = strings(json.loads(done.out))
    assert NASTY in told or SHOWN in as_shown(told) or (name == "network" and NASTY[:4] in told)


def as_shown(text: str) -> str:
    """Text forms double the backslashes of a name."""
    return text.replace("\\\\", "\\")


def strings(value: Any) -> str:
    """All texts in a JSON value, one after the other."""
    if isinstance(value, dict):
        return " ".join(f"{name} {strings(item)}" for name, item in value.items())
    return " ".join(map(strings, value)) if isinstance(value, list) else str(value)


def test_colours_of_our_own_survive(
    cli: Run, hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    out = cli("inspect", hostile).out
    assert COLOUR.search(out)
    assert harmless(COLOUR.sub("", out))


class Terminal(io.StringIO):
    """A standard error that is one."""

    def isatty(self) -> bool:
        return True


def test_the_name_of_the_current_work_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with progress(quiet=False) as tell:
        tell(f"simulating {NASTY}")
    shown = sys.stderr.getvalue()
    assert SHOWN in shown
    assert "\x1b[2J" not in shown
    assert not {"\x07", "\x9b", "\u202e"} & set(shown)


def test_a_traceback_is_harmless_too(hostile: Path) -> None:
    done = child("inspect", NASTY, "--debug")
    assert "Traceback" in done.err
    assert harmless(done.err)


def test_what_is_saved_again_is_harmless(hostile: Path, tmp_path: Path) -> None:
    """The text of the circuits is ours, and so is the manifest's."""
    save_bundle(load_bundle(hostile), tmp_path / "again")
    for name in (NETWORK, "manifest.toml"):
        assert harmless((tmp_path / "again" / name).read_text("utf-8")), name
    assert list(load_bundle(tmp_path / "again").codes) == [f"{NASTY}{i}" for i in range(3)]


def test_a_readme_shows_a_name_as_code(cli: Run, hostile: Path, tmp_path: Path) -> None:
    """It ends neither the code nor the cell of the table that it stands in."""
    assert cli("compile", hostile, "-o", "lab", "-q").code == 0
    readme = (tmp_path / "lab" / "README.md").read_text("utf-8")
    assert readme.count(rf"`{SHOWN}\nb\r\x9b31m\u202ec\u2028\x60\x7c<img src=x>$x0.0`") == 2
    assert "<img" not in re.sub("`[^`]*`", "", readme)
    page = (tmp_path / "lab" / "report.html").read_text("utf-8")
    assert "<img src=x>" not in page


@pytest.mark.parametrize("part", [
    "warning: \x1b[2J\u202eup", Text("\x1b[2J\u202eup"),
    rows_table("t", ["n"], [["\x1b[2J\u202eup"]]),
], ids=("a line", "a text", "a table"))
def test_what_is_printed_between_tables_steers_nothing(part: object, capsys: Any) -> None:
    """Lines are warnings and notes, with names from files in them."""
    common.show({}, lambda: [part], as_json=False, quiet=False)
    shown = capsys.readouterr().out
    assert "up" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
