"""Where results go: never over what is not ours, whole or not at all, whatever the disk does."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli_tools import ROOT, Run, child_environment, hidden, snapshot

from neuromorph import memory
from neuromorph.bundle import Bundle, load_bundle, save_bundle
from neuromorph.errors import OutputExistsError, WriteError
from neuromorph.files import atomic
from neuromorph.files.atomic import write_file
from neuromorph.files.outputs import Output
from neuromorph.models.digits import WEIGHTS

Prepare = Callable[[Path], object]

SMALL = Output("small", ("a", "b"), "a")


def folder_with(*names: str) -> Prepare:
    def make(path: Path) -> None:
        path.mkdir()
        for name in names:
            (path / name).write_text("mine")

    return make


STANDS = {
    "a file": (lambda p: p.write_text("mine"), "the output is a file; expected a new folder"),
    "a link to a folder": (lambda p: p.symlink_to("/usr"), "the output is a symbolic link"),
    "a link to nothing": (lambda p: p.symlink_to("gone"), "the output is a symbolic link"),
    "a FIFO": (os.mkfifo, "the output is a file"),
    "another's folder": (folder_with("thesis.tex"), "did not write, and is left alone; found the"),
    "many files": (folder_with(*"abcde"), "found a, b, c, …"),
    "a model": (folder_with("model.safetensors"), "left alone; found model.safetensors"),
    "a marker alone": (folder_with("manifest.toml"), "left alone"),
    "a summary alone": (folder_with("summary.json"), "left alone"),
    "a result and more": (folder_with("manifest.toml", "codes.safetensors", "summary.json",
                                      "outputs.npz", "index.html", "notes.txt"), "left alone"),
}


@pytest.mark.parametrize("command", ["export", "simulate", "demo"])
@pytest.mark.parametrize("name", STANDS)
def test_what_is_not_ours_is_left_alone_even_with_force(
    fails: Run, exported: Path, tmp_path: Path, name: str, command: str
) -> None:
    make, text = STANDS[name]
    make(tmp_path / "out")
    inputs = {"export": [WEIGHTS], "simulate": [exported], "demo": []}[command]
    assert text in fails(2, command, *inputs, "-o", "out", "--force")


@pytest.mark.parametrize("command", ["export", "simulate"])
def test_an_earlier_result_stays_without_force(
    cli: Run, fails: Run, exported: Path, command: str
) -> None:
    line = (command, WEIGHTS if command == "export" else exported, "-o", "out")
    assert cli(*line, "-q").code == 0
    assert "the output exists already. Choose another folder, or add --force" in fails(2, *line)
    assert cli(*line, "-q", "--force").code == 0


def test_a_bundle_is_no_place_for_results(fails: Run, bundle: Path) -> None:
    assert "left alone" in fails(2, "simulate", bundle, "-o", bundle, "--force")


@pytest.mark.parametrize("output", ["", ".", "..", "/", "a/.."])
def test_an_output_needs_a_name(fails: Run, exported: Path, output: str) -> None:
    text = fails(2, "simulate", exported, "-o", output)
    assert "needs a name" in text


def test_a_name_that_is_too_long(fails: Run, exported: Path) -> None:
    assert "File name too long" in fails(7, "simulate", exported, "-o", "x" * 300)
    assert "File name too long" in fails(7, "inspect", exported, "-o", "x" * 300)


def test_a_long_name_that_is_not_too_long(cli: Run, exported: Path) -> None:
    assert cli("simulate", exported, "-o", "x" * 255, "-q").code == 0


def test_a_file_where_a_folder_should_be(fails: Run, exported: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert "Not a directory" in fails(7, "simulate", exported, "-o", "file/out")
    assert "Not a directory" in fails(7, "inspect", exported, "-o", "file/out")


@pytest.mark.parametrize("stands", ["file", "folder", "link", "loop"])
def test_a_json_file_replaces_nothing(
    fails: Run, exported: Path, tmp_path: Path, stands: str
) -> None:
    out = tmp_path / "out"
    {"file": lambda: out.write_text("mine"), "folder": out.mkdir,
     "link": lambda: out.symlink_to(tmp_path / "gone"),
     "loop": lambda: out.symlink_to("out")}[stands]()
    assert "the output exists already" in fails(2, "inspect", exported, "-o", "out")


def test_output_as_input(fails: Run, exported: Path, bundle: Path) -> None:
    assert "exists already" in fails(2, "inspect", bundle / "model.safetensors", "-o",
                                     bundle / "model.safetensors")


# --- a folder that appears meanwhile


def test_two_at_once_do_not_mix(tmp_path: Path) -> None:
    """Whoever comes second is told so."""
    done, refused = [], []
    gate = threading.Barrier(4)

    def write(number: int) -> None:
        try:
            with atomic.atomic_folder(tmp_path / "out", ours=SMALL) as folder:
                for name in SMALL.names:
                    (folder / name).write_text(str(number))
                gate.wait()
            done.append(number)
        except (OutputExistsError, WriteError):
            refused.append(number)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert sorted(done + refused) == [0, 1, 2, 3]
    assert {(tmp_path / "out" / name).read_text() for name in SMALL.names} == {str(done[0])}
    assert hidden(tmp_path) == []


def test_what_another_put_there_meanwhile_stays(tmp_path: Path) -> None:
    def write() -> None:
        with atomic.atomic_folder(tmp_path / "out", ours=SMALL, force=True) as folder:
            (folder / "a").write_text("x")
            folder_with("notes.txt")(tmp_path / "out")

    with pytest.raises(OutputExistsError, match=r"left alone; found notes\.txt"):
        write()
    assert snapshot(tmp_path) == {"out": None, "out/notes.txt": b"mine"}


def test_permissions_are_the_users_own(tmp_path: Path, loaded: Bundle) -> None:
    before = os.umask(0o027)
    try:
        save_bundle(loaded, tmp_path / "b")
        write_file(tmp_path / "f", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "b/codes.safetensors").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o640


# --- a disk that fails


class Failing:
    """A system call that fails at its nth use."""

    def __init__(self, real: Callable[..., object], at: int, error: BaseException) -> None:
        self.real, self.left, self.error = real, at, error

    def __call__(self, *args: object, **kwargs: object) -> object:
        self.left -= 1
        if self.left == 0:
            raise self.error
        return self.real(*args, **kwargs)

    def __get__(self, instance: object, owner: object = None) -> Callable[..., object]:
        return lambda *args, **kwargs: self(instance, *args, **kwargs)


CALLS = ((Path, "write_bytes"), (Path, "write_text"), (Path, "mkdir"), (Path, "rename"),
         (atomic, "exchange"), (os, "fsync"))
FULL = OSError(errno.ENOSPC, "No space left on device")
BROKEN = OSError(errno.EIO, "Input/output error")


def times_called(call: tuple[object, str], work: Callable[[], object]) -> int:
    counter = Failing(getattr(*call), 0, FULL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*call, counter)
        work()
    return -counter.left


@pytest.mark.parametrize("error", [BROKEN, KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[1])
@pytest.mark.parametrize("stands", ["nothing", "an old one", "an old one, and no exchange"])
def test_every_write_of_a_bundle_may_fail(
    tmp_path: Path, loaded: Bundle, call: tuple[object, str], error: BaseException, stands: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is left, or the old one is."""
    force = stands != "nothing"
    target = tmp_path / ("b" if force else "new/b")
    if stands.endswith("no exchange"):
        monkeypatch.setattr(atomic, "exchange", lambda *_: False)
    count_in = tmp_path / "count"
    if force:
        save_bundle(loaded, count_in)
    count = times_called(call, lambda: save_bundle(loaded, count_in, force=force))
    assert count > 0 or call[1] in ("write_text", "rename", "exchange")
    if force:
        save_bundle(loaded, target)
    before = snapshot(tmp_path)
    for nth in range(1, count + 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(*call, Failing(getattr(*call), nth, error))
            try:
                save_bundle(loaded, target, force=force)
            except (WriteError, KeyboardInterrupt) as caught:
                failed = True
                assert isinstance(caught, KeyboardInterrupt) or error.strerror in str(caught)
            else:
                failed = False
        if (call[1], nth) == ("fsync", count):  # only makes the rename durable: all is there
            assert load_bundle(target).family == loaded.family
        else:
            assert failed
            assert snapshot(tmp_path) == before


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[1])
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("command", ["simulate", "inspect"])
def test_a_full_disk_from_the_command_line(
    cli: Run, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    call: tuple[object, str], nth: int, command: str,
) -> None:
    failing = Failing(getattr(*call), nth, FULL)
    monkeypatch.setattr(*call, failing)
    done = cli(command, exported, "-o", "new/out", "-q")
    monkeypatch.undo()
    if failing.left <= 0 and (command, call[1], nth) != ("inspect", "fsync", 2):
        assert done.code == 7
        assert done.err == ("error: new/out: the output cannot be written; found No space left on "
                            "device\n")
        assert snapshot(tmp_path) == {}
    else:
        assert done.code == 0


FILE_SIZES = """
import resource, sys
from pathlib import Path
from neuromorph.bundle import load_bundle, save_bundle
from neuromorph.errors import WriteError
from neuromorph.api.simulate import save_report, simulate
bundle, out = load_bundle(sys.argv[1]), Path(sys.argv[2])
report = simulate(bundle)
for size in (0, 1, 1000, 4096, 10_000, 30_000, 150_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    for save, what in ((save_bundle, bundle), (save_report, report)):
        try:
            save(what, out / "x")
        except WriteError as error:
            print("refused", error.found)
        else:
            print("written", save.__name__)
            import shutil
            shutil.rmtree(out / "x")
        assert list(out.iterdir()) == [], list(out.iterdir())
"""


def test_a_real_limit_of_the_system(exported: Path, tmp_path: Path) -> None:
    """The kernel refuses to write on in the middle of files, also inside NumPy and zipfile."""
    done = subprocess.run([sys.executable, "-c", FILE_SIZES, exported, tmp_path], text=True,
                          capture_output=True, env=child_environment(), cwd=ROOT)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[:12].count("refused File too large") >= 10
    assert "written save_report" in lines
    assert "written save_bundle" not in lines


# --- memory


def test_more_memory_than_there_is(
    cli: Run, fails: Run, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "usable_memory", lambda: 10_000)
    np.savez(tmp_path / "i.npz", images=np.zeros((30, 8, 8)))
    for line in (("simulate", exported, "-o", "r"), ("simulate", exported, "--inputs", "i.npz"),
                 ("export", WEIGHTS, "-o", "b"),
                 ("simulate", exported, "--backend", "reference")):
        text = fails(7, *line)
        assert "this would need more memory than there is" in text
        assert "expected at most 8.8 KiB" in text
    monkeypatch.setattr(memory, "usable_memory", lambda: None)
    assert cli("simulate", exported, "-q").code == 0


def test_memory_that_runs_out_anyway(
    cli: Run, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neuromorph.api import simulate

    monkeypatch.setattr(simulate, "measure_fidelity", Failing(len, 1, MemoryError()))
    done = cli("simulate", exported, "-o", "r")
    assert (done.code, done.out) == (7, "")
    assert done.err == "error: out of memory. Use a smaller input or a machine with more\n"


def test_an_error_that_nobody_foresaw(
    cli: Run, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neuromorph.api import simulate

    monkeypatch.setattr(simulate, "measure_fidelity", Failing(len, 1, KeyError("a\nb")))
    done = cli("simulate", exported, "-o", "r")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("internal error: KeyError: 'a\\nb'. Please report this")
