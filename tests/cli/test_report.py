"""report and --plot: a page and pictures of one's own bundle."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Run

from neuromorph.api import plots
from neuromorph.api.evaluate import Evaluation
from neuromorph.bundle import load_bundle, save_bundle
from neuromorph.report.page import Commands, Picture, Points, Rows, Terms, render_page

pytest.importorskip("matplotlib", reason="matplotlib is not installed")


class Structure(HTMLParser):
    """Tags, what is fetched, texts for those who do not see, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.alts: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in {"src", "href"}]
        self.alts += [value or "" for name, value in attrs if name == "alt"]
        if tag not in {"meta", "img", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(path: Path) -> Structure:
    text = path.read_text("utf-8")
    found = Structure(text)
    assert found.open == []
    assert not {"script", "link", "iframe"} & set(found.tags)
    assert not re.search(r"https?:|url\(|@import|onclick", text)
    assert all(source.startswith("data:image/png;base64,") for source in found.sources)
    assert len(found.alts) == len(found.sources)
    assert all(found.alts)
    return found


# --- the page


def test_a_page_of_a_bundle(cli: Run, exported: Path, tmp_path: Path) -> None:
    done = cli("report", exported, "-o", "page.html", "--json")
    assert (done.code, done.err) == (0, "")
    said = json.loads(done.out)
    assert said["pictures"] == ["heads", "maps", "raster", "context"]
    found = page(tmp_path / "page.html")
    assert len(found.sources) == 4
    for word in ("3 layers, 12 heads", "spike, forced", "spike, graded", "spike, plain",
                 "The heads that lose most", f"neuromorph adapt {exported} --text TEXT -o ADAPTED",
                 f"neuromorph compile {exported} -o LAB",
                 f"neuromorph report {exported} -o page.html"):
        assert word in found.text, word
    before = (tmp_path / "page.html").read_bytes()
    assert cli("report", exported, "-o", "page.html").code == 2
    assert (tmp_path / "page.html").read_bytes() == before


def test_a_line_for_a_bundle_without_its_model_names_the_model(
    cli: Run, fails: Any, exported: Path, tmp_path: Path
) -> None:
    save_bundle(replace(load_bundle(exported), model=None), tmp_path / "attached")
    assert cli("report", "attached", "-o", "attached.html").code == 0
    assert "adapt attached --text TEXT --against MODEL -o" in page(tmp_path / "attached.html").text
    assert "a model of your own also needs --map" in fails(2, "adapt", "attached", "--text", "x")


@pytest.mark.slow
def test_a_page_with_a_chip(cli: Run, exported: Path, tmp_path: Path) -> None:
    assert cli("report", exported, "-o", "fits.html", "--profile", "loihi2-graded").code == 0
    assert len(page(tmp_path / "fits.html").sources) == 6
    assert cli("report", exported, "-o", "not.html", "--profile", "loihi2").code == 0
    found = page(tmp_path / "not.html")
    assert "It does not fit" in found.text
    assert len(found.sources) == 4


@pytest.mark.parametrize(("line", "words"), [
    (("BUNDLE", "-o", "p", "--against", "model"), "a float model is named, and no text"),
    (("BUNDLE", "-o", "p", "--profile", "loihi9"), "loihi9"),
    (("nothing", "-o", "p"), "nothing"),
    (("BUNDLE", "-o", "p", "--json", "-q"), "contradict"),
    (("BUNDLE", "-o", "."), "exists already"),
])
def test_what_makes_no_page(
    fails: Any, exported: Path, line: tuple[str, ...], words: str
) -> None:
    given = [exported if word == "BUNDLE" else word for word in line]
    code = {"nothing": 3}.get(line[0], 4 if "loihi9" in line else 2)
    assert words in fails(code, "report", *given)


def test_all_that_a_page_may_hold_is_escaped() -> None:
    nasty = '<script>alert("x")</script>&\x1b'
    text = render_page(nasty, nasty, {nasty: nasty}, [
        Picture("a.png", nasty, nasty), Picture(b"PNG", nasty, nasty, nasty),
        Rows(nasty, nasty, (nasty,), [(nasty,)]), Rows("empty", "", (), []),
        Terms(nasty, {nasty: nasty}), Commands(nasty, {nasty: nasty}),
        Points(nasty, [nasty]), Points("none", [])])
    found = Structure(text)
    assert "script" not in found.tags
    assert "\x1b" not in text
    assert found.sources == ["a.png", "data:image/png;base64,UE5H"]
    assert "empty" not in text
    assert "prefers-color-scheme: dark" in text
    assert found.tags.count("input") == 2  # a click enlarges


# --- pictures in a folder


def test_pictures_of_a_simulation(cli: Run, fails: Any, exported: Path, tmp_path: Path) -> None:
    done = cli("simulate", exported, "--plot", "pictures")
    assert done.code == 0, done.err
    names = ["heads.png", "maps.png", "raster.png", "context.png"]
    assert [line.removeprefix("Picture: pictures/") for line in done.out.splitlines()
            if line.startswith("Picture: ")] == names
    assert sorted(p.name for p in (tmp_path / "pictures").iterdir()) == sorted(
        [*names, "pictures.json"])
    assert json.loads((tmp_path / "pictures/pictures.json").read_text())["pictures"] == names
    assert "exists already" in fails(2, "simulate", exported, "--plot", "pictures")
    for plot, output in (("x", "x"), ("x/in", "x"), ("x", "x/in"), ("y/../x", "x")):
        assert "a folder of their own" in fails(
            2, "simulate", exported, "--plot", plot, "-o", output)
    (tmp_path / "pictures" / "mine.txt").write_text("mine")
    assert "left alone" in fails(2, "simulate", exported, "--plot", "pictures", "--force")


@pytest.mark.slow
def test_pictures_of_a_program_and_of_mixing(cli: Run, fails: Any, exported: Path) -> None:
    assert cli("compile", exported, "--profile", "loihi2-graded", "--plot", "p", "-q").code == 0
    assert {"chips.png", "energy.png", "fidelity.png"} <= {p.name for p in Path("p").iterdir()}
    assert cli("fidelity", exported, "--crosstalk", "0.1", "--plot", "f", "-q").code == 0
    assert {p.name for p in Path("f").iterdir()} == {"crosstalk.png", "context.png",
                                                     "pictures.json"}
    assert "--plot" in fails(2, "compile", exported, "--stop-after", "place", "--plot", "q")


def test_pictures_of_an_evaluation() -> None:
    found = {"cosine_by_layer": [1.0, 0.99], "score": 0.985, "score_float": 0.99, "windows": 400,
             "score_interval": [0.968, 0.993], "score_float_interval": [0.975, 0.996]}
    assert list(plots.of_evaluation(Evaluation(found))) == ["hidden", "accuracy"]
    assert plots.of_evaluation(Evaluation({"cosine_by_layer": []})) == {}
