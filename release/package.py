"""Builds the sdist and the wheel, looks through both, installs both, runs them: `make package`.

The sdist is built from a copy of the checkout, the wheel from the unpacked sdist, as an index and
its users do it; so neither can hold what an earlier build left. With ``--no-install`` nothing is
installed.
"""

from __future__ import annotations

import argparse
import email
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from collections.abc import Iterable, Mapping
from email.message import Message
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BASE = ROOT / "requirements" / "base.txt"

COPIED = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "MANIFEST.in",
          "conftest.py", "neuromorph", "processes", "hardware_profiles", "examples", "tests")
"""Of the checkout. Tests and examples are among them, to see that they stay out."""

NEEDED = tuple(f"neuromorph/{name}" for name in (
    "py.typed", "models/digits/digits-vit.safetensors", "models/digits/images.safetensors",
    "models/digits/MODEL_CARD.md", "hardware_profiles/loihi2.toml", "hardware_profiles/README.md",
    "lab/readme.md", "lab/run_on_loihi2.py", "lab/neurons_head.md", "processes/readout/process.py"))

FIELDS = ("Name", "Version", "Summary", "License-Expression", "Requires-Python", "Description")
"""Of the metadata; none may be empty."""

PLACES = re.compile(rb"(?<![\w.:/])/(?:home|root|Users|work|tmp/\w+|build)/\w")
"""How a path of the machine that built it begins."""

TEXTS = (".py", ".toml", ".md", ".txt", ".typed", "METADATA", "RECORD", "PKG-INFO")

COMMANDS = (("--version",), ("profiles", "list"), ("doctor", "-q"))
DEMO = ("demo", "-o", "demo", "-q")
"""What an installation must be able to do from any folder."""


class PackageError(ValueError):
    """A package is not as it must be: each line is a reason."""


def build_meta(folder: Path, kind: str, target: Path) -> Path:
    """Build ``kind`` ("sdist", "wheel" or "editable") of a folder, without isolation."""
    code = ("import sys; from setuptools import build_meta; "
            "print(getattr(build_meta, 'build_' + sys.argv[1])(sys.argv[2]))")
    done = subprocess.run([sys.executable, "-c", code, kind, str(target)], cwd=folder,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"the {kind} cannot be built:\n{done.stderr}")
    return target / done.stdout.splitlines()[-1]


def copied(place: Path) -> Path:
    """The checkout without what earlier builds left in it."""
    place.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, symlinks=True,
                            ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, place)
    return place


def both(place: Path) -> tuple[Path, Path]:
    """The sdist, and the wheel that is built from it."""
    target = place / "dist"
    target.mkdir()
    sdist = build_meta(copied(place / "checkout"), "sdist", target)
    with tarfile.open(sdist) as archive:
        archive.extractall(place / "unpacked", filter="data")
    [source] = (place / "unpacked").iterdir()
    return sdist, build_meta(source, "wheel", target)


def held(path: Path) -> dict[str, bytes]:
    """The files of a wheel or an sdist by name; what is no plain file is refused.

    Raises
    ------
    PackageError
    """
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            links = [i.filename for i in wheel.infolist() if i.external_attr >> 28 == 0o12]
            found = {name: wheel.read(name) for name in wheel.namelist()}
    else:
        with tarfile.open(path) as archive:
            members = [m for m in archive.getmembers() if not m.isdir()]
            links = [m.name for m in members if not (m.isreg() or m.islnk())]
            found = {m.name.partition("/")[2]: _read(archive, m) for m in members
                     if m.name not in links}
    if links:
        raise PackageError(f"{path.name} holds links: {', '.join(links)}")
    return found


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return b"" if file is None else file.read()


def faults(files: Mapping[str, bytes]) -> list[str]:
    """What is wrong with the files of a package."""
    missing = [f"lacks {name}" for name in NEEDED if name not in files]
    strange = [f"holds {name}" for name in files
               if re.search(r"(^|/)(tests?|examples|benchmarks|out|__pycache__)/|\.pyc$"
                         r"|(^|/)(conftest|test_[^/]*)\.py$", name)]
    empty = [f"{name} is empty" for name in NEEDED if name != "neuromorph/py.typed"
             and files.get(name) == b""]
    placed = [f"{name} names a place of the machine that built it: {found[0].decode()}..."
              for name, text in files.items()
              if name.endswith(TEXTS) and (found := PLACES.search(text))]
    return [*missing, *strange, *empty, *placed, *_lost(files)]


def _lost(files: Mapping[str, bytes]) -> list[str]:
    """Modules, profiles and data of the checkout that are not in the package, and more."""
    package = ROOT / "neuromorph"
    kept = (".py", ".toml", ".safetensors", ".md", ".typed")
    there = {path.relative_to(ROOT).as_posix()
             for folder in (package, package / "processes", package / "hardware_profiles")
             for path in folder.rglob("*") if path.suffix in kept and path.is_file()}
    packed = {name for name in files if name.startswith("neuromorph/")}
    return [f"lacks {name}" for name in sorted(there - packed - set(NEEDED))] + [
        f"holds {name}, which is not in the checkout" for name in sorted(packed - there)]


def metadata(files: Mapping[str, bytes]) -> Message:
    """METADATA of a wheel, PKG-INFO of an sdist."""
    [name] = [name for name in files if name.endswith(".dist-info/METADATA") or name == "PKG-INFO"]
    return email.message_from_bytes(files[name])


def metadata_faults(found: Message) -> list[str]:
    """What is wrong with the metadata."""
    version: dict[str, str] = {}
    exec((ROOT / "neuromorph" / "_version.py").read_text("utf-8"), version)
    said = {**{name: found[name] for name in FIELDS[:-1]}, "Description": found.get_payload()}
    wrong = [f"its metadata has no {name}" for name in FIELDS if not said[name]]
    if found["Version"] != version["__version__"]:
        wrong.append(f"its version is {found['Version']}, not {version['__version__']}")
    return wrong


def check(path: Path) -> None:
    """Refuse a package with anything wrong.

    Raises
    ------
    PackageError
    """
    files = held(path)
    if wrong := [*faults(files), *metadata_faults(metadata(files))]:
        raise PackageError("\n".join(f"{path.name} {text}" for text in wrong))


def run(python: Path, *arguments: str, cwd: Path) -> None:
    """Run a command of an environment; what it says is shown if it fails.

    Raises
    ------
    PackageError
    """
    done = subprocess.run([str(python), *arguments], cwd=cwd, capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise PackageError(f"{' '.join(arguments)}: exit code {done.returncode}\n"
                           f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def pip(python: Path, *arguments: str, cwd: Path) -> None:
    """Install into an environment, quietly."""
    run(python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--progress-bar",
        "off", *arguments, cwd=cwd)


def commands(python: Path, place: Path, *those: tuple[str, ...]) -> None:
    """Run commands from an empty folder, and an import that comes from the installation."""
    place.mkdir()
    run(python, "-I", "-c", "import sys, neuromorph; "
        "sys.exit(not neuromorph.__file__.startswith(sys.prefix))", cwd=place)
    for command in those:
        began = time.monotonic()
        run(python.with_name("neuromorph"), *command, cwd=place)
        print(f"   neuromorph {' '.join(command)}: {time.monotonic() - began:.1f} s")


def installed(sdist: Path, wheel: Path, place: Path) -> None:
    """Install the wheel into a clean environment, run it, and the sdist in its place.

    The demo, which compiles every kernel, is run once: what the sdist installs are the same files.
    """
    venv.create(place / "env", with_pip=True)
    python = place / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    pip(python, "--constraint", str(BASE), f"{wheel}[plot]", cwd=place)
    print("== from the wheel")
    commands(python, place / "of-wheel", *COMMANDS, DEMO)
    of_wheel = programs(place / "env")
    pip(python, "--constraint", str(BASE), "setuptools", cwd=place)
    pip(python, "--no-deps", "--no-build-isolation", "--force-reinstall", str(sdist), cwd=place)
    print("== from the sdist")
    commands(python, place / "of-sdist", *COMMANDS)
    if programs(place / "env") != of_wheel:
        raise PackageError("the sdist installs other files than the wheel")


def programs(environment: Path) -> dict[str, str]:
    """Digests of all files of the installed package by name, but for compiled ones."""
    [package] = environment.glob("[Ll]ib/**/site-packages/neuromorph")
    return {path.relative_to(package).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def keep(paths: Iterable[Path], target: Path) -> None:
    """Copy the packages to where they are wanted."""
    target.mkdir(parents=True, exist_ok=True)
    for path in paths:
        print(f"{shutil.copy(path, target)}: {path.stat().st_size / 1e6:.2f} MB")


def main() -> int:
    """Build, check, install, run, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "dist")
    parser.add_argument("--no-install", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        try:
            packages = both(place)
            for path in packages:
                check(path)
            if not options.no_install:
                installed(*packages, place)
        except PackageError as error:
            print(error, file=sys.stderr)
            return 1
        keep(packages, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
