"""What an installation holds, editable or not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("setuptools", minversion="77")
    place = tmp_path_factory.mktemp("packaging") / "checkout"
    place.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, place)
    for name in ("neuromorph", "processes", "hardware_profiles", "examples"):
        shutil.copytree(ROOT / name, place / name, symlinks=True,
                        ignore=shutil.ignore_patterns("__pycache__"))
    return place


def built(checkout: Path, kind: str) -> zipfile.ZipFile:
    code = f"from setuptools import build_meta; print(build_meta.build_{kind}('dist'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(checkout / "dist" / done.stdout.splitlines()[-1])


def test_an_editable_install_is_a_path_that_type_checkers_follow(checkout: Path) -> None:
    with built(checkout, "editable") as wheel:
        paths = [name for name in wheel.namelist() if name.endswith(".pth")]
        assert [wheel.read(name).decode().strip() for name in paths] == [str(checkout)]
        assert not [name for name in wheel.namelist() if "finder" in name]


def test_a_wheel_holds_all_that_the_demo_and_a_lab_need(checkout: Path) -> None:
    with built(checkout, "wheel") as wheel:
        names = set(wheel.namelist())
    assert {f"neuromorph/{name}" for name in (
        "py.typed", "models/digits/digits-vit.safetensors", "models/digits/images.safetensors",
        "models/digits/MODEL_CARD.md", "hardware_profiles/loihi2.toml", "lab/readme.md",
        "lab/run_on_loihi2.py", "lab/neurons_head.md", "processes/readout/process.py")} <= names
