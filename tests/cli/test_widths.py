"""However narrow the terminal is, every number of a table stands there whole."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Run

from neuromorph.cli import common
from neuromorph.profiles import profile_names
from neuromorph.report.columns import narrowest

NUMBER = re.compile(r"[(\[]?[-±×]?(\d[\d,.]*)%?[)\],;:.]?")
WIDE = 500
COMMANDS = {
    "simulate": ("simulate", "BUNDLE"),
    "inspect": ("inspect", "BUNDLE"),
    "profiles": ("profiles", "list"),
    "profile": ("profiles", "show", "loihi2"),
    "circuit": ("run", "match_and_control", "--list"),
    "doctor": ("doctor",),
    "compile": ("compile", "BUNDLE", "--profile", "kapoho_point", "--programmable"),
    "does not fit": ("compile", "BUNDLE", "--profile", "SMALL", "--programmable"),
}
SMALL = """schema_version = 1
name = "small"
title = "Too small"
extends = "loihi2-graded"
[chip]
cores_usable = { value = 1, unit = "cores", source = "a test", confidence = "assumed" }
[core]
neurons = { value = 123, unit = "neurons", source = "a test", confidence = "assumed" }
"""


def numbers(text: str) -> Counter[str]:
    """The words that are numbers."""
    return Counter(found[1].rstrip(".,") for word in text.split()
                   if (found := NUMBER.fullmatch(word)))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_number_is_broken(
    command: tuple[str, ...], cli: Run, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("small.toml").write_text(SMALL, "utf-8")
    line = [{"BUNDLE": exported, "SMALL": "small.toml"}.get(word, word) for word in command]

    parts: list[Any] = []
    rendered = common._rendered
    monkeypatch.setattr(common, "_rendered", lambda found: parts.extend(found) or "")
    cli(*line)

    def shown(width: int) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        return rendered(parts)

    expected = numbers(shown(WIDE))
    assert expected.total() > 4
    for width in (40, 60, 80):
        assert expected - numbers(shown(width)) == Counter(), width


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_numbers_are_those_of_the_json(
    width: int, cli: Run, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    found = numbers(cli("simulate", exported).out)
    result = json.loads(cli("simulate", exported, "--json").out)
    expected = [f"{result['spikes']:,}", f"{result['codes']:,}"]
    for head in result["fidelity"]:
        expected += [f"{head['cosine']:.5f}", f"{head['kl']:.5f}", str(head["steps"])]
    assert Counter(expected) - found == Counter()


def test_names_to_be_copied_stay_whole(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    shown = cli("profiles", "list").out.split()
    assert set(profile_names()) <= set(shown)


@pytest.mark.parametrize(("cells", "whole", "width"), [
    ([], False, 1), (["a b"], False, 1), (["information"], False, 8),
    (["123,456,789.25"], False, 14),
    (["~1.2345e-05s, and"], False, 13), (["12.5 KiB"], True, 8), (["12.5 KiB"], False, 4),
    (["/a/very/long/path/2"], False, 8), (["0123456789abcdef"], False, 8),
])
def test_the_least_width_of_a_column(cells: list[str], whole: bool, width: int) -> None:
    assert narrowest(cells, whole=whole) == width
    assert narrowest(cells, "steps", whole=whole) == max(width, 5)
