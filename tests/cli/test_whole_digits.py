"""The digits model whole, from the command line: it brings its images, and no text."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli_tools import Run

from neuromorph.api import evaluate
from neuromorph.bundle.whole import load_whole
from neuromorph.models.digits import WEIGHTS, load_split

TEST = load_split().test


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from neuromorph.api.whole import export_whole

    return export_whole(WEIGHTS, tmp_path_factory.mktemp("digits") / "w").path


def images(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def test_it_is_exported_with_its_own_images(cli: Run, whole: Path, tmp_path: Path) -> None:
    done = cli("export", WEIGHTS, "--whole", "-o", "w", "--json")
    said = json.loads(done.out)
    assert (said["family"], said["tokenizer"], said["slots"]) == ("digits-vit", False, 17)
    assert said["fidelity_on"] == "held-out images"
    assert said["last_cosine"] > 0.999
    assert {p.name: p.read_bytes() for p in whole.iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "w").iterdir()}
    provenance = load_whole("w").provenance
    assert provenance["calibration"] == "64 images, the packaged calibration split"
    assert str(WEIGHTS.parent) not in (tmp_path / "w" / "manifest.toml").read_text()
    assert "neuromorph evaluate" in cli("export", WEIGHTS, "--whole", "-o", "w", "--force").out


def test_it_is_calibrated_on_other_images(cli: Run, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    shutil.copy(WEIGHTS, tmp_path / "model" / "model.safetensors")
    images(tmp_path / "i.npz", images=load_split().train.images[100:120])
    assert cli("export", "model", "--whole", "--calibrate", "i.npz", "-o", "w").code == 0
    provenance = load_whole("w").provenance
    assert provenance["calibration"] == "20 images, i.npz"
    assert provenance["source"].endswith("/model")
    said = json.loads(cli("evaluate", "w", "--windows", "9", "--json").out)
    assert (said["windows"], said["top1"], said["score"]) == (9, 1, 1)
    other = cli("evaluate", "w", "--against", "none.safetensors")
    assert (other.code, other.out) == (3, "")


@pytest.mark.parametrize(("arrays", "text"), [
    ({"pictures": TEST.images[:2]}, "no use here; found pictures"),
    ({"images": TEST.images[:0]}, "there are no images"),
    ({"images": TEST.images[:2] * 9}, "a pixel is out of range"),
    ({"images": TEST.images[:2, :4]}, "the images have another shape"),
])
def test_what_are_no_images_is_refused(
    cli: Run, tmp_path: Path, arrays: dict[str, np.ndarray], text: str
) -> None:
    images(tmp_path / "t.npz", **arrays)
    made = cli("export", WEIGHTS, "--whole", "-o", "w", "--calibrate", "t.npz")
    assert (made.code, made.out, text in made.err) == (3, "", True)
    assert not (tmp_path / "w").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors go to children")
def test_two_processes_say_what_one_does(cli: Run, whole: Path, tmp_path: Path) -> None:
    one, two = (json.loads(cli("evaluate", whole, "--windows", "12", "--json", *more).out)
                for more in ((), ("--jobs", "2", "--work", "kept")))
    assert one == two
    assert one["windows"] == 12
    assert list(tmp_path.glob("kept/*")) == []


def test_it_goes_on_where_it_was_stopped(
    cli: Run, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ("evaluate", whole, "--windows", "5", "--work", "kept")
    wanted = cli(*line, "--json").out
    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "summary", lambda *_: 1 / 0)
        assert cli(*line).code == 1
    assert len(list(tmp_path.glob("kept/*/*.part"))) == 5
    other = cli("evaluate", whole, "--windows", "4", "--work", "kept", "--resume")
    assert (other.code, other.out) == (3, "")
    assert "the journal that is here is of another run; found pieces 5, not 4" in other.err
    assert "an earlier run had done 5" in cli(*line, "--resume").out
    assert cli(*line, "--resume", "--json").out == wanted


def test_text_is_refused(cli: Run, whole: Path) -> None:
    done = cli("evaluate", whole, "--text", "t.txt")
    assert (done.code, done.out) == (2, "")
    assert "takes no text" in done.err


def test_another_model_is_refused(cli: Run, whole: Path, tmp_path: Path) -> None:
    content = bytearray(WEIGHTS.read_bytes())
    content[-1] ^= 1
    (tmp_path / "other.safetensors").write_bytes(content)
    done = cli("evaluate", whole, "--against", "other.safetensors")
    assert (done.code, done.out) == (2, "")
    assert "not the model that the bundle was made from" in done.err


def test_half_steps_of_a_whole_model_are_those_of_a_longer_ramp(
    cli: Run, fails: Callable[..., str]
) -> None:
    said = fails(2, "export", WEIGHTS, "-o", "w", "--whole", "--spikes", "binary", "--prefer",
                 "steps")
    assert "two parts" in said
    assert "--prefer cores" in said
    done = cli("export", WEIGHTS, "-o", "w", "--whole", "--spikes", "binary", "--prefer", "cores")
    assert done.code == 0
    assert "half steps by a ramp of twice the steps" in done.out
    heads = [head for block in load_whole("w").model.blocks for head in block.heads]
    assert {(head.neurons_per_key, head.pause, head.control_decay) for head in heads} == {
        (1, 0, round(4096 * (1 - 2**-0.5)))}
