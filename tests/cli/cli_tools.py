"""The command line in this process and in a child, and one exported bundle for all tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numba
import pytest

from neuromorph.bundle import Bundle, load_bundle
from neuromorph.cli import main
from neuromorph.models.digits import WEIGHTS

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 400
"""For a child on a busy machine; what hangs, hangs longer."""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


def hidden(folder: Path) -> list[Path]:
    """What a command that was cut short would leave behind."""
    return [*folder.rglob(".neuromorph-*")]


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    """Run a command line in this process, in a folder of its own; nothing may stay behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["neuromorph", *map(str, arguments)])
        capsys.readouterr()
        with signals_given_back(), pytest.raises(SystemExit) as ended:
            main()
        assert hidden(tmp_path) == []
        done = Done(ended.value.code or 0, *capsys.readouterr())
        assert "Traceback" not in done.err
        return done

    return run


@contextmanager
def signals_given_back() -> Iterator[None]:
    """As they were before a command, which keeps them: it ends the process."""
    before = {number: signal.getsignal(number)
              for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.fixture
def fails(cli: Run, tmp_path: Path) -> Callable[..., str]:
    """Run a command line that must fail with a code and one line, and change nothing."""

    def run(code: int, *arguments: object) -> str:
        before = snapshot(tmp_path)
        done = cli(*arguments)
        assert done.code == code, done.err
        assert done.out == ""
        assert done.err.count("\n") == 1, done.err
        assert done.err.strip().isprintable()
        assert done.err.startswith("error: "), done.err
        assert snapshot(tmp_path) == before
        return done.err.strip()

    return run


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Every name below a folder, with the content of the small plain files."""
    return {str(p.relative_to(folder)): p.read_bytes()
            if p.is_file() and not p.is_symlink() and p.stat().st_size < 1 << 20 else None
            for p in sorted(folder.rglob("*"))}


def child_environment(**changes: str | None) -> dict[str, str]:
    usual = {"PYTHONPATH": str(ROOT), "COLUMNS": "100", "NUMBA_NUM_THREADS": "1"}
    environment = os.environ | usual | changes
    return {name: value for name, value in environment.items() if value is not None}


def child(*arguments: object, python: tuple[str, ...] = (), **settings: object) -> Done:
    """Run a command line in a child process."""
    environment = settings.pop("env", None) or child_environment()
    done = subprocess.run(
        [sys.executable, *python, "-m", "neuromorph", *map(str, arguments)], text=True,
        capture_output=True, timeout=SECONDS, env=environment, **settings)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Small work: on a busy machine two threads would mostly wait for each other."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The digits model's bundle; not to be changed."""
    from neuromorph.api.export import export

    path = tmp_path_factory.mktemp("exported") / "bundle"
    export(WEIGHTS, path)
    before = snapshot(path)
    yield path
    assert snapshot(path) == before


@pytest.fixture(scope="session")
def loaded(exported: Path) -> Bundle:
    return load_bundle(exported)


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Path:
    """A copy of the bundle to spoil."""
    return Path(shutil.copytree(exported, tmp_path / "bundle"))
