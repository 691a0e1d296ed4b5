"""doctor: what is installed, what was tested, how to get the rest."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from neuromorph import memory
from neuromorph.api import doctor
from neuromorph.api.tested_versions import PACKAGES, Package

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
MINORS = range(10, 14)
MODULES = {"lava-nc": "lava", "nengo-loihi": "nengo_loihi"}
"""Packages whose modules go by another name."""


def entry(name: str) -> Package:
    return next(p for p in PACKAGES if p.name == name)


def only(name: str, **versions: str | None) -> doctor.PackageReport:
    return doctor.examine(entry(name), versions.get("installed"), versions.get("numpy"))


# --- the diagnosis


def test_the_core_is_found_here() -> None:
    diagnosis = doctor.diagnose()
    assert {p.name for p in diagnosis.packages if p.status == "missing"}.isdisjoint(
        {p.name for p in PACKAGES if p.group == "core"})
    assert diagnosis.healthy
    assert diagnosis.cores >= 1
    assert diagnosis.memory_total is None or diagnosis.memory_total > 2**28
    assert diagnosis.python.startswith("3.")


def test_it_goes_through_json_unchanged() -> None:
    as_dict = doctor.diagnose().as_dict()
    assert json.loads(json.dumps(as_dict)) == as_dict
    assert as_dict["packages"][0]["name"] == "numpy"


def test_a_missing_package_comes_with_its_line() -> None:
    report = only("rich")
    assert report.status == "missing"
    assert report.install == f"{sys.executable} -m pip install rich==15.0.0"


def test_the_line_keeps_numpy_where_it_is() -> None:
    assert only("nengo", numpy="1.26.4").install == (
        f"{sys.executable} -m pip install nengo==4.1.0 numpy==1.26.4")


def test_lavas_line_goes_around_its_metadata_and_brings_its_needs() -> None:
    line = only("lava-nc", numpy="1.26.4").install
    networkx = entry("networkx").version()
    assert line == (
        f"{sys.executable} -m pip install --no-deps --ignore-requires-python lava-nc==0.10.0"
        f" && {sys.executable} -m pip install networkx=={networkx} asteval==1.0.10 numpy==1.26.4")


def test_a_package_that_was_never_tested_is_installed_unpinned() -> None:
    report = doctor.examine(Package("snapml", "hf", {}), None, None)
    assert report.install == f"{sys.executable} -m pip install snapml"


def test_every_extra_is_imported_somewhere() -> None:
    """Nobody installs what nothing uses; `docs` is used by the pages, not by the package."""
    code = "\n".join(p.read_text("utf-8") for p in (ROOT / "neuromorph").rglob("*.py"))
    extras = {p.group for p in PACKAGES} - {"core", "dev", "docs"}
    used = {p.group for p in PACKAGES
            if re.search(rf"(import|from) {MODULES.get(p.name, p.name)}\b", code)}
    assert extras <= used


@pytest.mark.parametrize(("installed", "status"), [
    ("15.0.0", "ok"),
    ("15.0.0+local", "ok"),
    ("15.0.1", "untested version"),
])
def test_installed_versions_are_compared(installed: str, status: str) -> None:
    report = only("rich", installed=installed)
    assert report.status == status
    assert report.install is None


@pytest.mark.parametrize(("numpy", "suits"), [
    ("1.26.4", True), ("2.3.5", True), ("2.4.0rc1", False), ("3.0", False), (None, None),
])
def test_numpys_range_is_checked(
    numpy: str | None, suits: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "installed_version", lambda _: numpy)
    diagnosis = doctor.diagnose()
    assert diagnosis.numpy_suits_lava is suits
    assert diagnosis.healthy is bool(suits)


def test_without_lava_nothing_is_said_about_its_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "installed_version", lambda _: None)
    assert doctor.diagnose().loihi_extension is None


def test_the_extension_is_found_where_lava_looks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "LOIHI_EXTENSION", "planted_lava.utils.profiler")
    assert not doctor.has_loihi_extension()
    (tmp_path / "planted_lava" / "utils").mkdir(parents=True)
    (tmp_path / "planted_lava" / "utils" / "profiler.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert doctor.has_loihi_extension()


def test_available_memory_is_read_or_left_open(tmp_path: Path) -> None:
    table = tmp_path / "meminfo"
    assert memory.available_memory(table) is None
    table.write_text("MemTotal:  9 kB\nMemAvailable:   8 kB\n", encoding="ascii")
    assert memory.available_memory(table) == 8192


def test_it_imports_nothing_heavy() -> None:
    code = ("import sys, neuromorph.api.doctor as d; d.diagnose();"
            "print(*{m.split('.')[0] for m in sys.modules})")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          check=True)
    assert {"numpy", "torch", "numba", "pydantic"}.isdisjoint(done.stdout.split())


# --- one set of versions, in three places


def pins(minor: int) -> dict[str, str]:
    """Pinned versions for Python 3.minor: from requirements/, then from the extras."""
    listed = [line for file in ("base.txt", "lava.txt", "hf.txt", "nengo.txt", "docs.txt")
              for line in (ROOT / "requirements" / file).read_text("utf-8").splitlines()
              if line and not line.startswith("#")]
    found = {}
    for line in [*listed, *EXTRAS["nir"]]:
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or marker.evaluate({"python_version": f"3.{minor}"}):
            found[requirement.name] = str(requirement.specifier).removeprefix("==")
    return found


@pytest.mark.parametrize("minor", MINORS)
def test_tested_versions_are_the_pinned_ones(minor: int) -> None:
    table = {p.name: p.version(minor) for p in PACKAGES if p.version(minor)}
    pinned = pins(minor)
    assert table == {name: pinned[name] for name in table}


def test_every_dependency_is_in_the_table_under_its_group() -> None:
    groups = {"core": PYPROJECT["project"]["dependencies"], **EXTRAS}
    declared = {(Requirement(line).name, group) for group, lines in groups.items()
                for line in lines}
    declared.discard(("tomli", "core"))  # Python 3.10 only
    assert declared == {(p.name, p.group) for p in PACKAGES}


@pytest.mark.parametrize("minor", MINORS)
def test_pinned_versions_are_within_the_declared_ranges(minor: int) -> None:
    pinned = pins(minor)
    lines = [*PYPROJECT["project"]["dependencies"], *(r for rs in EXTRAS.values() for r in rs)]
    outside = [str(r) for r in map(Requirement, lines)
               if r.name in pinned and not r.specifier.contains(pinned[r.name])]
    assert outside == []
