"""neuromorph profiles: list, show and check, in words and in JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli_tools import Run

from neuromorph.profiles import load_profile, profile_names
from neuromorph.profiles.load import folder


def test_list_names_every_profile(cli: Run) -> None:
    for arguments in (("profiles",), ("profiles", "list")):
        done = cli(*arguments)
        assert done.code == 0
        assert all(f" {name} " in done.out for name in profile_names())
        assert max(map(len, done.out.splitlines())) <= 100


def test_list_as_json(cli: Run) -> None:
    found = json.loads(cli("profiles", "list", "--json").out)["profiles"]
    assert [p["name"] for p in found] == list(profile_names())
    assert all(sum(p["confidence"].values()) == len(load_profile(p["name"]).quantities)
               for p in found)


def test_show_prints_every_value_with_its_source(cli: Run) -> None:
    done = cli("profiles", "show", "kapoho_point")
    assert done.code == 0
    words = " ".join(done.out.split())
    for name, quantity in load_profile("kapoho_point").quantities.items():
        assert f" {name.rpartition('.')[2]} " in words
        assert quantity.source.split()[0] in words
    assert "no limit" not in words


def test_show_as_json(cli: Run, tmp_path: Path) -> None:
    done = cli("profiles", "show", "loihi1", "--json", "-o", "shown.json")
    shown = json.loads(done.out)
    assert shown["values"]["core.neurons"] == {
        "value": 1024, "unit": "neurons", "confidence": "published",
        "source": "Davies et al. 2018, IEEE Micro 38(1), N_cx"}
    assert json.loads((tmp_path / "shown.json").read_text()) == shown


def test_check_a_file(cli: Run, tmp_path: Path) -> None:
    shutil.copy(folder() / "loihi1.toml", tmp_path / "mine")  # a file needs no suffix here
    checked = json.loads(cli("profiles", "check", "mine", "--json").out)
    assert (checked["profile"], checked["file"]) == ("loihi1", "mine")
    assert checked["values"] == sum(checked[c] for c in ("published", "estimated", "assumed"))
    said = cli("profiles", "check", "mine").out
    assert "Valid" in said
    assert "cost_sets_lack" not in said
    assert "published lacks" in said
    assert set(checked["cost_sets_lack"]) == {"published", "fitted"}
    assert "power.static_board" in checked["cost_sets_lack"]["published"]
    assert "energy.packet" not in checked["cost_sets_lack"]["published"]
    assert cli("profiles", "check", "cpu", "--quiet").out == ""


@pytest.mark.parametrize(("code", "arguments", "text"), [
    (2, ("profiles", "shwo"), "'shwo'"),
    (2, ("profiles", "list", "loihi1"), "list takes no name. The names: neuromorph profiles list"),
    (2, ("profiles", "show"), "show needs a name or a file"),
    (2, ("profiles", "show", ""), "show needs a name or a file"),
    (4, ("profiles", "show", "loihi5"), "there is no profile of this name; found loihi5"),
    (3, ("profiles", "check", "no.toml"), "no.toml: the profile cannot be read; found No such"),
    (3, ("profiles", "check", "."), "found something else"),
])
def test_what_makes_no_sense(fails: Run, code: int, arguments: tuple[str, ...], text: str) -> None:
    assert text in fails(code, *arguments)


def test_a_wrong_file(fails: Run, tmp_path: Path) -> None:
    text = (folder() / "loihi1.toml").read_text("utf-8")
    (tmp_path / "mine.toml").write_text(text.replace("value = 1024\n", "value = 1024.5\n", 1))
    said = fails(4, "profiles", "check", "mine.toml")
    assert said.startswith("error: mine.toml:")
    assert "core.neurons is of the wrong type; found 1024.5; expected a whole number" in said
