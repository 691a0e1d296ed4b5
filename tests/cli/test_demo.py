"""demo: everything at once, and what a person looks at afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_tools import Run, snapshot

from neuromorph.api import demo, demo_whole
from neuromorph.bundle import load_bundle
from neuromorph.models.digits import load_split

IMAGES = 30
PICTURES = ["answer.png", "accuracy.png", "hidden.png", "block.png", "maps.png", "raster.png"]


@pytest.fixture
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real demo takes 400."""
    split = load_split()
    test = type(split.test)(*(array[:IMAGES] for array in vars(split.test).values()))
    few = type(split)(split.train, split.calibration, split.validation, test)
    monkeypatch.setattr(demo, "load_split", lambda: few)


def test_demo(cli: Run, few_images: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown_once(monkeypatch)
    done = cli("demo", "-o", "d", "--json", "--seed", "3")
    assert (done.code, done.err) == (0, "")
    summary = json.loads(Path("d/summary.json").read_text())
    assert {"report": "d", **summary} == json.loads(done.out) | demo.FOLDER.mark()
    check_summary(summary)
    assert sorted(p.name for p in Path("d").iterdir()) == sorted(demo.NAMES)
    assert load_bundle("d/bundle").options["spikes"] == "graded"
    check_whole(summary)
    check_the_bundle_of_the_whole(cli, summary)
    check_pictures(tmp_path / "d")
    check_page(tmp_path / "d")
    check_a_second_run_without_lava(cli, monkeypatch, tmp_path / "d")


def shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One image of the whole model by the clock, and for the second run none."""
    monkeypatch.setattr(demo_whole, "CLOCKED", 1)
    known: list[demo_whole.WholeShown] = []

    def once(*given: Any) -> demo_whole.WholeShown:
        if not known:
            known.append(demo_whole.show_whole(*given))
        return known[0]

    monkeypatch.setattr(demo, "show_whole", once)


def check_whole(summary: dict[str, Any]) -> None:
    """From pixels to classes in integers, and the same by the clock."""
    assert summary["accuracy_whole"] == summary["accuracy_float"]
    assert summary["whole_agrees"] == IMAGES
    assert summary["whole_bit_exact"] is summary["whole_proved"] is True
    assert summary["whole_bit_exact_backends"] == ["fast", "reference"]
    assert [(run["backend"], run["tokens"], run["whole_image"])
            for run in summary["whole_compared"]] == [("fast", 17, True), ("reference", 1, False)]
    assert summary["whole_steps"] == summary["whole_compared"][0]["steps"]
    assert set(summary["whole_not_compared"]) == {"lava"}
    assert min(summary["whole_cosine_by_layer"]) > 0.9998
    assert len(summary["whole_cosine_by_layer"]) == 4
    assert summary["whole_cores"] > 1
    assert summary["whole_program_checked"] is True
    parts = {part["part"]: part for part in summary["whole_parts"]}
    assert parts["host"]["synapses"] == 0
    for name in ("neurons", "synapses", "spikes"):
        counts = {part: row[name] for part, row in parts.items() if part != "host"}
        assert sum(counts.values()) == summary[f"whole_{name}"]
        assert min(counts.values()) > 0


def check_the_bundle_of_the_whole(cli: Run, summary: dict[str, Any]) -> None:
    """Evaluated by itself, on the test images."""
    said = json.loads(cli("evaluate", "d/whole", "--json", "--windows", str(IMAGES)).out)
    assert (said["windows"], said["top1"]) == (IMAGES, 1)
    assert (said["score"], said["score_float"]) == (
        summary["accuracy_whole"], summary["accuracy_float"])
    assert said["cosine_by_layer"] == pytest.approx(summary["whole_cosine_by_layer"])


def check_summary(summary: dict[str, Any]) -> None:
    assert summary["images"] == IMAGES
    assert summary["bit_exact"] is True
    assert summary["accuracy_float"] > 0.9
    assert summary["accuracy_spiking"] > 0.9
    assert summary["accuracy_uniform_attention"] < 0.5
    assert {"median_steps", "forced_spikes", "accuracy_spiking_binary"} <= summary.keys()
    assert {c["backend"] for c in summary["compared"]} == {"reference", "lava"}
    assert summary["not_compared"] == {}
    picked = int(np.random.default_rng(3).integers(IMAGES))
    assert (summary["image_drawn"], summary["seed"]) == (picked, 3)


def check_pictures(folder: Path) -> None:
    import matplotlib.pyplot as plt

    for name in PICTURES:
        picture = plt.imread(folder / name)
        assert min(picture.shape[:2]) > 300
        assert picture[..., :3].std() > 0.05


def check_page(folder: Path) -> None:
    """Whole, with all pictures, and nothing from elsewhere."""
    found: list[tuple[str, str]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend((name, value or "") for name, value in attrs)
            assert tag not in ("script", "iframe", "link")

    text = (folder / "index.html").read_text("utf-8")
    Reader().feed(text)
    assert [value for name, value in found if name == "src"] == PICTURES
    assert not [value for _, value in found if "://" in value]
    assert "fast = reference = lava" in text
    assert "closed form = fast (1 image) = reference (1 token of an image, all passes)" in text
    assert "match and control" in text


def check_a_second_run_without_lava(
    cli: Run, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """The same but for what was not compared: not silently weaker, it is named."""
    first = snapshot(folder)
    real: Callable[..., object] = demo.compare

    def compare(what: str, work: object, names: tuple[str, ...], progress: object) -> object:
        if "lava" in names:
            raise demo.MissingExtraError("Lava is not installed", hint="run pip")
        return real(what, work, names, progress)

    monkeypatch.setattr(demo, "compare", compare)
    done = cli("demo", "-o", "d", "--seed", "3", "--force")
    assert done.code == 0, done.err
    assert "Report with pictures: d/index.html" in done.out
    assert "fast = reference " in done.out
    assert "lava: Lava is not installed" in done.out
    second = snapshot(folder)
    assert {name for name in first if first[name] != second[name]} == {
        "summary.json", "index.html"}
    assert json.loads(second["summary.json"] or b"")["not_compared"] == {
        "lava": "Lava is not installed"}


def test_quiet_prints_nothing(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    report = demo.DemoReport(Path("d"), {})
    monkeypatch.setattr(demo, "run_demo", lambda *_, **__: report)
    done = cli("demo", "-o", "d", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.slow
def test_the_whole_demo(cli: Run) -> None:
    summary = json.loads(cli("demo", "-o", "d", "--json").out)
    assert summary["images"] == 400
    assert summary["accuracy_spiking"] > summary["accuracy_float"] - 0.01
    assert summary["accuracy_spiking_binary"] > summary["accuracy_float"] - 0.02
    assert summary["accuracy_uniform_attention"] < 0.3
    assert summary["whole_agrees"] >= 399
    assert len(summary["whole_compared"]) == 3
