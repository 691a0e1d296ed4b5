"""What shells complete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from neuromorph import backends, profiles
from neuromorph.api import circuits
from neuromorph.cli import completion
from neuromorph.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("numpy", "numba", "scipy", "torch", "lava")
"""pydantic is typer's, which needs it for any command."""


def neuromorph(*arguments: str, home: Path | None = None,
               **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    if home is not None:
        environment["HOME"] = str(home)
    return subprocess.run([sys.executable, "-m", "neuromorph", *arguments], text=True,
                          env=environment, capture_output=True)


Asking = Callable[..., tuple[int, str]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Asking:
    """Exit code and answer to a shell's variables, in this process."""
    def asked(shell: str, **variables: str) -> tuple[int, str]:
        for name, value in {completion.ASKED: f"complete_{shell}", **variables}.items():
            monkeypatch.setenv(name, value)
        assert completion.asked()
        code = completion.answered(typer.main.get_command(app))
        return code, capsys.readouterr().out

    return asked


def test_the_names_are_those_of_the_program() -> None:
    assert completion.circuits("") == list(circuits.NAMES)
    assert completion.backends("") == list(backends.names())
    assert completion.profiles("") == list(profiles.profile_names())
    assert completion.profiles("kapoho") == ["kapoho_bay", "kapoho_point"]


@pytest.mark.parametrize(("line", "found"), [
    ("neuromorph prof", ["profiles"]),
    ("neuromorph run hop", ["hopfield"]),
    ("neuromorph run hopfield --backend r", ["reference"]),
    ("neuromorph compile bundle --profile nah", ["nahuku32"]),
    ("neuromorph profiles s", ["show"]),
    ("neuromorph export model --spikes ", ["graded", "binary"]),
    ("neuromorph inspect ", []),
])
def test_bash_is_answered(line: str, found: list[str], ask: Asking) -> None:
    code, answer = ask("bash", COMP_WORDS=line, COMP_CWORD=str(len(line.split(" ")) - 1))
    assert (code, answer.split()) == (0, found)


def test_zsh_and_fish_are_answered(ask: Asking) -> None:
    line = {"_TYPER_COMPLETE_ARGS": "neuromorph run hopf"}
    assert '"hopfield"' in ask("zsh", **line)[1]
    assert ask("fish", _TYPER_COMPLETE_FISH_ACTION="get-args", **line)[1].split() == ["hopfield"]


def test_fish_is_told_where_files_are_meant(ask: Asking) -> None:
    codes = [ask("fish", _TYPER_COMPLETE_FISH_ACTION="is-args", _TYPER_COMPLETE_ARGS=line)[0]
             for line in ("neuromorph run h", "neuromorph inspect ")]
    assert codes == [0, 1]


def test_an_answer_imports_nothing_heavy() -> None:
    code = ("import sys; from neuromorph.cli.app import execute; execute(); "
            "print(*{m.split('.')[0] for m in sys.modules})")
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "COMP_CWORD": "3",
                               "COMP_WORDS": "neuromorph run --backend ",
                               "_NEUROMORPH_COMPLETE": "complete_bash"})
    *answer, modules = done.stdout.splitlines()
    assert "reference" in answer
    assert set(modules.split()).isdisjoint(HEAVY)


@pytest.mark.parametrize(("shell", "file"), [
    ("bash", ".bash_completions/neuromorph.sh"), ("zsh", ".zfunc/_neuromorph"),
    ("fish", ".config/fish/completions/neuromorph.fish")])
def test_it_installs_itself(shell: str, file: str, tmp_path: Path) -> None:
    done = neuromorph("--install-completion", shell, home=tmp_path,
                      _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0, done.stderr
    assert completion.ASKED in (tmp_path / file).read_text("utf-8")


def test_a_home_that_cannot_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = neuromorph("--install-completion", "bash", home=tmp_path / "file",
                      _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == completion.not_installed(OSError()).exit_code
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "the completion cannot be installed" in line
    assert "--show-completion" in line


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_itself_completes(tmp_path: Path) -> None:
    """The installed script, in the shell: what a tab would offer."""
    neuromorph("--install-completion", "bash", home=tmp_path,
               _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    program = tmp_path / "neuromorph"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m neuromorph "$@"\n')
    program.chmod(0o755)
    script = (f"source '{tmp_path}/.bashrc'; COMP_WORDS=(neuromorph run hop); COMP_CWORD=2; "
              f'_neuromorph_completion "{program}"; echo "${{COMPREPLY[@]}}"')
    done = subprocess.run(["bash", "--norc", "-c", script], text=True, capture_output=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.stdout.split() == ["hopfield"], done.stderr
