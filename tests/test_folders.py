"""A checkout without symbolic links works; one without what they lead to says so, everywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from neuromorph import folders
from neuromorph.errors import MissingFileError

ROOT = Path(__file__).resolve().parents[1]
# The editable install of this environment would find the folders of this checkout.
ALONE = ("import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'ditable' not in repr(f)]; "
         "from neuromorph.cli import main; ")


@pytest.fixture(scope="module")
def linkless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as Git leaves it on Windows: each link is a text file that holds its target."""
    checkout = tmp_path_factory.mktemp("checkout")
    unwanted = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc", *folders.FOLDERS)
    shutil.copytree(ROOT / "neuromorph", checkout / "neuromorph", ignore=unwanted)
    for name in folders.FOLDERS:
        shutil.copytree(ROOT / name, checkout / name, ignore=unwanted)
        (checkout / "neuromorph" / name).write_text(f"../{name}", "utf-8")
    return checkout


@pytest.fixture
def broken(linkless: Path, tmp_path: Path) -> Path:
    """The package alone."""
    shutil.copytree(linkless / "neuromorph", tmp_path / "neuromorph")
    return tmp_path


def child(checkout: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", ALONE + code], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(checkout), "COLUMNS": "100"},
                          cwd=checkout)


def command(*arguments: str) -> str:
    return f"sys.argv[1:] = {list(arguments)}; sys.exit(main())"


def test_links_are_links_here() -> None:
    for name in folders.FOLDERS:
        assert folders.find_folder(name) == ROOT / "neuromorph" / name
    assert folders.missing_folders() == []


def test_text_in_place_of_a_link_is_followed(linkless: Path) -> None:
    done = child(linkless, command("profiles", "list"))
    assert "kapoho_point" in done.stdout
    done = child(linkless, command("doctor"))
    assert "missing from this installation" not in done.stdout
    done = child(linkless, "from importlib.util import find_spec as f; "
                 "print(f('neuromorph.processes').origin)")
    assert done.stdout.strip() == str(linkless / "processes" / "__init__.py"), done.stderr


@pytest.mark.lava
def test_a_process_behind_text_can_be_imported(linkless: Path) -> None:
    pytest.importorskip("lava")
    done = child(linkless, "import neuromorph.processes.readout.process as p; print(p.__file__)")
    assert done.stdout.strip() == str(linkless / "processes" / "readout" / "process.py")


def test_what_is_missing_is_named_everywhere(broken: Path) -> None:
    profiles = ("lacks its folder hardware_profiles", "core.symlinks true")
    for code, says in (
        (command("profiles", "list"), profiles),
        (command("profiles", "show", "loihi2"), profiles),
        ("from neuromorph.profiles import load_profile; load_profile('loihi2')", profiles),
        (command("run", "match_and_control", "--backend", "lava"), ("its folder processes",)),
        ("import neuromorph.processes", ("its folder processes",)),
    ):
        done = child(broken, code)
        assert done.returncode in {1, 3}
        assert all(words in done.stderr for words in says), done.stderr
    done = child(broken, command("doctor"))
    assert done.returncode == 6
    assert "processes, hardware_profiles" in done.stdout


@pytest.mark.parametrize("content", [b"", b"../elsewhere", b"..", b"\xff\xfe", b"/etc",
                                     b"../hardware_profiles\0", b"x" * 5000])
def test_other_text_is_no_link(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "PACKAGE", tmp_path / "neuromorph")
    (tmp_path / "neuromorph").mkdir()
    for name in ("elsewhere", folders.PROFILES):
        (tmp_path / name).mkdir()
    (tmp_path / "neuromorph" / folders.PROFILES).write_bytes(content)
    with pytest.raises(MissingFileError, match="lacks its folder hardware_profiles"):
        folders.find_folder(folders.PROFILES)
