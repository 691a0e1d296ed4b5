"""From the first moment on: signals, no working directory, no room on standard output."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_tools import ROOT, SECONDS, child, child_environment

from neuromorph.models.digits import WEIGHTS

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks, /dev/full")

# At the nth import, for each n or for every one, a child of the command is sent SIGINT.
AT_IMPORTS = """
import json, os, signal, sys
from neuromorph.cli import main

class AtImport:
    wanted = json.loads(sys.argv.pop(1))
    nth, ends, is_child = 0, [], False

    def find_spec(self, name, path=None, target=None):
        self.nth += 1
        if self.is_child or self.wanted and self.nth not in self.wanted:
            return
        reading, writing = os.pipe()
        process = os.fork()
        if not process:
            self.is_child = True
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            os.kill(os.getpid(), signal.SIGINT)
            return
        os.close(writing)
        with os.fdopen(reading) as stream:
            said = stream.read()
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        self.ends.append([self.nth, code, said])

at = AtImport()
sys.meta_path.insert(0, at)
code = 99
try:
    main()
except SystemExit as end:
    code = end.code
finally:
    if not at.is_child:
        print(json.dumps(at.ends))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
"""


def interrupted_at(numbers: list[int], *arguments: object) -> list[tuple[int, int, str]]:
    """Number of the import, exit code and all that was said; without numbers, of every import."""
    done = subprocess.run(
        [sys.executable, "-c", AT_IMPORTS, json.dumps(numbers), *map(str, arguments)], text=True,
        capture_output=True, env=child_environment(), cwd=ROOT, timeout=10 * SECONDS)
    assert (done.returncode, done.stderr) == (0, "")
    return [tuple(end) for end in json.loads(done.stdout)]


def check_all_interrupted(ends: list[tuple[int, int, str]]) -> None:
    for nth, code, said in ends:
        assert (nth, code, said) == (
            nth, 130, "interrupted; nothing unfinished was left behind\n")


def test_a_signal_while_programs_are_still_imported(exported: Path) -> None:
    """No traceback, and nobody swallows it: typer, numpy, pydantic, numba and our own."""
    numbers = [1, 2, 5, 15, 60, 200, 500]
    ends = interrupted_at(numbers, "simulate", exported, "-q")
    assert [nth for nth, _, _ in ends] == numbers
    check_all_interrupted(ends)


@pytest.mark.slow
@pytest.mark.parametrize("line", [("simulate", "BUNDLE", "-q"), ("doctor", "-q")], ids=" ".join)
def test_a_signal_at_every_import(exported: Path, line: tuple[str, ...]) -> None:
    arguments = [exported if word == "BUNDLE" else word for word in line]
    ends = interrupted_at([], *arguments)
    assert len(ends) > 100
    check_all_interrupted(ends)


# --- no working directory


def mostly_slow(fast: int, *cases: object) -> list[object]:
    """All but the first few only in the slow suite: each is a process of its own."""
    return [*cases[:fast], *(pytest.param(*case, marks=pytest.mark.slow) for case in cases[fast:])]


@pytest.mark.parametrize(("line", "code"), mostly_slow(
    3, (("export", WEIGHTS, "-o", "r"), 7), (("inspect", "b"), 3), (("inspect", "BUNDLE", "-q"), 0),
    (("simulate", "BUNDLE", "-o", "r"), 7), (("inspect", "BUNDLE", "-o", "r"), 7),
    (("run", "match_and_control"), 7), (("demo",), 7),
    (("compile", "BUNDLE", "--programmable", "-o", "r"), 7),
    (("export", "m", "-o", "r"), 7), (("compile", "BUNDLE", "--profile", "p.toml"), 3),
    (("simulate", "BUNDLE", "-q"), 0), (("doctor", "-q"), 0),
), ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "")
def test_a_working_directory_that_is_gone(
    exported: Path, tmp_path: Path, line: tuple[object, ...], code: int
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    arguments = [str(exported) if word == "BUNDLE" else str(word) for word in line]
    done = subprocess.run(
        ["/bin/sh", "-c", 'rmdir "$0" && exec "$@"', str(gone), sys.executable, "-m", "neuromorph",
         *arguments], text=True, capture_output=True, env=child_environment(), cwd=gone,
        timeout=SECONDS)
    assert done.returncode == code
    assert done.stderr.count("\n") == (1 if code else 0)
    assert done.stderr.startswith("error: " if code else "")


# --- no room on standard output


@pytest.mark.parametrize(("line", "unbuffered"), mostly_slow(
    4, (("--help",), ""), (("--version",), "1"), (("inspect", "BUNDLE"), "1"), (("run",), ""),
    ((), ""), (("--help",), "1"), (("compile", "--help"), ""), (("run",), "1"),
    (("profiles", "list"), "1"), (("doctor",), "1"), (("inspect", "BUNDLE", "--json"), "1"),
    (("inspect", "BUNDLE", "--network"), ""),
), ids=lambda value: " ".join(value) if isinstance(value, tuple) else f"unbuffered {value}")
def test_standard_output_on_a_full_disk(
    exported: Path, line: tuple[str, ...], unbuffered: str
) -> None:
    arguments = [str(exported) if word == "BUNDLE" else word for word in line]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "neuromorph", *arguments], stdout=full, stderr=subprocess.PIPE,
            text=True, env=child_environment(PYTHONUNBUFFERED=unbuffered), cwd=ROOT)
    assert (done.returncode, done.stderr) == (
        7, "error: standard output cannot be written; found No space left on device\n")


# --- no compiler


@pytest.mark.parametrize(("line", "code"), mostly_slow(
    1, (("simulate", "BUNDLE"), 6), (("run", "match_and_control", "-o", "r"), 6),
    (("compile", "BUNDLE", "--programmable"), 6), (("export", WEIGHTS, "-o", "r"), 6),
    (("simulate", "BUNDLE", "--backend", "reference", "-q"), 0),
), ids=lambda value: str(value[0]) if isinstance(value, tuple) else "")
def test_a_compiler_that_is_switched_off(
    exported: Path, tmp_path: Path, line: tuple[object, ...], code: int
) -> None:
    arguments = [exported if word == "BUNDLE" else word for word in line]
    done = child(*arguments, env=child_environment(NUMBA_DISABLE_JIT="1"), cwd=tmp_path)
    said = ("error: the backend fast is compiled, and Numba's compiler is switched off; found "
            "NUMBA_DISABLE_JIT=1. Unset NUMBA_DISABLE_JIT, or choose the backend reference\n")
    assert (done.code, done.out, done.err) == (code, "", said if code else "")
    assert list(tmp_path.iterdir()) == []


def test_little_is_imported_before_signals_are_heeded() -> None:
    """Until then Ctrl-C is a traceback of Python's."""
    code = (f"import sys; sys.path[:0] = [{str(ROOT)!r}]; import neuromorph.cli; "
            "print(*sys.modules)")
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], text=True, capture_output=True)
    imported = set(done.stdout.split())
    assert imported.isdisjoint({"typing", "enum", "signal", "pathlib", "contextlib", "importlib"})
    assert {name for name in imported if name.startswith("neuromorph")} == {
        "neuromorph", "neuromorph._version", "neuromorph.cli"}


# --- a signal where Python itself loses it, and at the very end


AS_A_PROGRAM = """
import atexit, os, signal, sys, time
from neuromorph.cli import app, main

def strike(name="SIGINT"):
    os.kill(os.getpid(), getattr(signal, name))

class Struck:
    def __del__(self):
        strike()

def sleep():
    time.sleep(60)

app._invoked = lambda _: {command}
main()
"""
INTERRUPTED_LINE = "interrupted; nothing unfinished was left behind\n"


@pytest.mark.parametrize(("command", "code", "said"), [
    ("[Struck()].pop() and None or sleep()", 130, INTERRUPTED_LINE),
    ("exec('strike()\\nsleep()') or 0", 130, INTERRUPTED_LINE),
    ("exec('try:\\n strike()\\nexcept:\\n pass\\nsleep()') or 0", 130, INTERRUPTED_LINE),
    ("exec('try:\\n strike()\\nexcept:\\n raise ImportError from None')", 130, INTERRUPTED_LINE),
    ("atexit.register(strike) and 0", 0, ""),
    ("atexit.register(strike, 'SIGTERM') and 3", 3, ""),
    ("atexit.register(strike, 'SIGTERM') and strike()", 130, INTERRUPTED_LINE),
], ids=("in a destructor", "in exec", "swallowed", "made another error", "after the end",
        "after an error", "a second, after an interruption"))
def test_a_signal_where_python_would_lose_it(
    tmp_path: Path, command: str, code: int, said: str
) -> None:
    """As ``python -m``, which dies of the signal once ``exec`` has seen a plain interruption."""
    (tmp_path / "program.py").write_text(AS_A_PROGRAM.format(command=command))
    done = subprocess.run([sys.executable, "-m", "program"], text=True, capture_output=True,
                          env=child_environment(PYTHONPATH=f"{ROOT}:{tmp_path}"), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", said)
