"""As a real process: signals, closed streams, odd environments, and nothing left behind."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_tools import ROOT, SECONDS, child, child_environment, hidden, snapshot

from neuromorph.api.simulate import FOLDER, save_report, simulate
from neuromorph.bundle import Bundle
from neuromorph.files.atomic import check_target

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

# Stops in the nth fsync, when files are written and not yet renamed.
HELD = """
import os, sys, time
real, left = os.fsync, int(sys.argv.pop(1))
def fsync(handle):
    global left
    left -= 1
    if left == 0:
        print("here", flush=True)
        time.sleep(600)
    real(handle)
os.fsync = fsync
from neuromorph.cli import main
main()
"""


def held(nth: int, *arguments: object) -> subprocess.Popen[str]:
    """A command that waits in the middle of its writing."""
    process = subprocess.Popen(
        [sys.executable, "-c", HELD, str(nth), *map(str, arguments)], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=child_environment(), cwd=ROOT,
        start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    return process


def group_is_empty(group: int) -> bool:
    """Whether no process of a session lives on."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == group and fields[0] != "Z":
            return False
    return True


@pytest.fixture
def results(loaded: Bundle, tmp_path: Path) -> Path:
    """An earlier result."""
    return save_report(simulate(loaded), tmp_path / "results")


@pytest.mark.parametrize(("name", "twice"), [("SIGINT", True), ("SIGTERM", False)])
def test_a_signal_in_the_middle_of_a_write(
    exported: Path, results: Path, tmp_path: Path, name: str, twice: bool
) -> None:
    """Nothing is left of the new result, and the earlier one stands."""
    before = snapshot(tmp_path)
    process = held(3, "simulate", exported, "-o", results, "--force")
    assert hidden(tmp_path) != []
    for _ in range(1 + twice):
        process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert (out, err) == ("", "interrupted; nothing unfinished was left behind\n")
    assert snapshot(tmp_path) == before
    assert group_is_empty(process.pid)


def test_a_kill_leaves_the_earlier_result(exported: Path, results: Path, tmp_path: Path) -> None:
    """And a hidden folder that is left alone while its run lives, and removed by the next."""
    before = snapshot(results)
    process = held(3, "simulate", exported, "-o", results, "--force")
    check_target(results, ours=FOLDER, force=True)
    assert [p.name[:11] for p in hidden(tmp_path)] == [".neuromorph"]
    process.kill()
    process.communicate(timeout=SECONDS)
    assert snapshot(results) == before
    assert [p.name[:11] for p in hidden(tmp_path)] == [".neuromorph"]
    check_target(tmp_path / "another", ours=FOLDER, force=True)
    assert [p.name[:11] for p in hidden(tmp_path)] == [".neuromorph"]
    check_target(results, ours=FOLDER, force=True)
    assert hidden(tmp_path) == []
    assert snapshot(results) == before


def test_a_signal_that_is_ignored_stays_ignored(exported: Path, tmp_path: Path) -> None:
    """As under nohup."""
    process = subprocess.run(
        ["/bin/sh", "-c", 'trap "" HUP; "$@" & kill -HUP $!; wait $!', "sh", sys.executable, "-m",
         "neuromorph", "inspect", exported, "-o", tmp_path / "a.json", "-q"],
        env=child_environment(), cwd=ROOT, timeout=SECONDS)
    assert process.returncode == 0
    assert (tmp_path / "a.json").exists()


def test_a_signal_while_lava_runs_leaves_no_process(exported: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "neuromorph", "simulate", str(exported), "--backend", "lava", "-o",
         str(tmp_path / "r")], text=True, stderr=subprocess.PIPE,
        env=child_environment(NEUROMORPH_TEST=str(tmp_path)), cwd=ROOT, start_new_session=True)
    until(lambda: workers(tmp_path))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, err) == (130, "interrupted; nothing unfinished was left behind\n")
    until(lambda: not workers(tmp_path))
    assert not (tmp_path / "r").exists()


def workers(mark: Path) -> list[int]:
    """Lava workers that a test has started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            ours = str(mark).encode() in (process / "environ").read_bytes()
            worker = b"lava.worker" in (process / "cmdline").read_bytes()
            alive = (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            continue
        if ours and worker and alive:
            found.append(int(process.name))
    return found


def until(check: object) -> None:
    end = time.monotonic() + SECONDS
    while not check():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


# --- streams


def shell(line: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A line of bash in which "$@" is the command."""
    return subprocess.run(
        ["/bin/bash", "-c", line, "bash", sys.executable, "-m", "neuromorph",
         *map(str, arguments)], text=True, capture_output=True, timeout=SECONDS,
        env=child_environment(), cwd=ROOT)


@pytest.mark.parametrize("arguments", [("inspect",), ("inspect", "--json"), ("--help",)])
def test_a_reader_that_goes_away(exported: Path, arguments: tuple[str, ...]) -> None:
    """No complaint, and no error: it has seen what it wanted."""
    more = [exported] if arguments[0] == "inspect" else []
    done = shell('"$@" | true; exit ${PIPESTATUS[0]}', *arguments, *more)
    assert (done.returncode, done.stderr) == (0, "")


def test_closed_and_full_streams(exported: Path, tmp_path: Path) -> None:
    """Closed ones are no error, and no file of ours takes their place."""
    line = ("\"$@\" -o $OUT/a >&- || exit 11; \"$@\" -o $OUT/b <&- >&- 2>&- || exit 12; "
            "\"$@\" > /dev/full; [ $? = 7 ] || exit 13")
    done = shell(f"OUT={tmp_path}; {line}", "inspect", exported, "--json")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == ("error: standard output cannot be written; found No space left on "
                           "device\n")
    texts = {(tmp_path / name).read_text() for name in "ab"}
    assert len(texts) == 1
    assert json.loads(texts.pop())["kind"] == "bundle"


def test_an_error_that_nobody_can_be_told(tmp_path: Path) -> None:
    done = shell('"$@" 2>&-', "inspect", tmp_path / "nothing")
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")


# --- environments


@pytest.mark.parametrize(("changes", "python"), [
    ({"LC_ALL": "C", "HOME": None}, ()),
    ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TERM": "dumb"},
     ("-OO", "-W", "error")),
], ids=["no home", "ASCII, -OO, warnings are errors"])
def test_odd_environments(
    exported: Path, tmp_path: Path, changes: dict[str, str | None], python: tuple[str, ...]
) -> None:
    done = child("inspect", exported, "-o", tmp_path / "r", python=python,
                 env=child_environment(**changes), cwd=ROOT)
    assert (done.code, done.err) == (0, "")
    assert "12 heads" in done.out
    assert json.loads((tmp_path / "r").read_text())["kind"] == "bundle"


def weaken() -> None:
    """Take root's right to write everywhere; for others nothing changes."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.fixture
def shut(tmp_path: Path) -> Path:
    folder = tmp_path / "shut"
    folder.mkdir()
    folder.chmod(0o555)
    return folder


def test_folders_that_cannot_be_written(exported: Path, shut: Path) -> None:
    """Not the output, not TMPDIR: nothing of ours is kept there."""
    for command in ("demo", "inspect", "simulate"):
        inputs = [] if command == "demo" else [exported]
        done = child(command, *inputs, "-o", shut / "new" / "r", preexec_fn=weaken, cwd=ROOT)
        assert (done.code, done.out) == (7, "")
        assert done.err == (f"error: {shut}/new/r: the output cannot be written; found Permission "
                            "denied\n")
    done = child("simulate", exported, "-o", shut.parent / "r", "-q", preexec_fn=weaken,
                 env=child_environment(TMPDIR=str(shut), HOME=str(shut)), cwd=ROOT)
    assert (done.code, done.err) == (0, "")


def test_a_model_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_text("secret")
    (tmp_path / "m.safetensors").chmod(0)
    (tmp_path / "d").mkdir()
    (tmp_path / "d").chmod(0)
    for path in ("m.safetensors", "d", "d/m.safetensors"):
        done = child("inspect", tmp_path / path, preexec_fn=weaken, cwd=ROOT)
        assert (done.code, done.out) == (3, "")
        assert "ermission denied" in done.err
        assert done.err.count("\n") == 1


@pytest.mark.slow
def test_an_installation_that_cannot_be_written_and_no_home(
    exported: Path, shut: Path, tmp_path: Path
) -> None:
    """As in many containers: numba finds no place for what it compiles."""
    place = shutil.copytree(ROOT / "neuromorph", tmp_path / "site" / "neuromorph",
                            ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["chmod", "-R", "a-w", place.parent], check=True)
    done = child("simulate", exported, "-q", preexec_fn=weaken, cwd="/",
                 env=child_environment(PYTHONPATH=str(place.parent), HOME=str(shut)))
    subprocess.run(["chmod", "-R", "u+w", place.parent], check=True)
    assert (done.code, done.err) == (0, "")




def test_progress_is_for_terminals(exported: Path) -> None:
    """On standard error, and only if somebody looks; standard output stays clean."""
    ours, theirs = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "neuromorph", "simulate", exported], stdout=subprocess.PIPE,
        stderr=theirs, env=child_environment(TERM="xterm"), cwd=ROOT, timeout=SECONDS)
    os.close(theirs)
    seen = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert "simulating blocks." in seen
    assert b"\x1b" not in done.stdout
    assert b"simulating" not in done.stdout
