"""The hidden folder of a result: whose it is, what is put back, and signals that wait."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from cli_tools import hidden, snapshot

from neuromorph.api.run import FOLDER
from neuromorph.errors import OutputExistsError, WriteError
from neuromorph.files import work
from neuromorph.files.atomic import atomic_folder, check_target
from neuromorph.files.exchange import exchange
from neuromorph.files.signals import held


def left_over(target: Path, name: str) -> Path:
    """What a run for the target leaves that is killed: nobody holds its lock."""
    folder = target.parent / f"{work._prefix(target)}0.part"
    (folder / name).mkdir(parents=True)
    (folder / name / "summary.json").write_text("kept")
    return folder


def test_an_earlier_result_that_was_moved_aside_comes_back(tmp_path: Path) -> None:
    """As after a kill between two renames; then it stands, and is not replaced unasked."""
    target = tmp_path / "out"
    left_over(target, work.OLD)
    with pytest.raises(OutputExistsError, match="exists already"):
        check_target(target, ours=FOLDER, force=False)
    assert snapshot(tmp_path) == {"out": None, "out/summary.json": b"kept"}


def test_what_was_half_made_is_removed(tmp_path: Path) -> None:
    target = tmp_path / "out"
    left_over(target, work.NEW)
    check_target(target, ours=FOLDER, force=False)
    assert snapshot(tmp_path) == {}


@pytest.mark.parametrize("name", [".neuromorph-0.part", ".neuromorph-x", "out.part"])
def test_other_names_are_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    check_target(tmp_path / "out", ours=FOLDER, force=False)
    assert hidden(tmp_path) or (tmp_path / name).is_dir()


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    target = tmp_path / "out"
    (tmp_path / f"{work._prefix(target)}0.part").symlink_to(tmp_path / "mine")
    check_target(target, ours=FOLDER, force=False)
    assert (tmp_path / "mine").is_dir()
    assert len(hidden(tmp_path)) == 1


def test_a_folder_that_a_run_still_uses_is_left_alone(tmp_path: Path) -> None:
    """Also one of this process."""
    target = tmp_path / "out"
    with atomic_folder(target, ours=FOLDER) as folder:
        (folder / "summary.json").write_text("new")
        check_target(target, ours=FOLDER, force=False)
        assert (folder / "summary.json").read_text() == "new"
    assert snapshot(tmp_path) == {"out": None, "out/summary.json": b"new"}


def test_without_locks_nothing_is_taken_for_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a file system that has none; a result is made all the same."""
    target = tmp_path / "out"
    left_over(target, work.NEW)
    monkeypatch.setattr(work, "fcntl", None)
    with atomic_folder(target, ours=FOLDER) as folder:
        (folder / "summary.json").write_text("new")
    assert len(hidden(tmp_path)) == 1
    assert (target / "summary.json").read_text() == "new"


def test_what_cannot_be_removed_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work.shutil, "rmtree", lambda *_, **__: None)
    with atomic_folder(tmp_path / "out", ours=FOLDER) as folder:
        (folder / "summary.json").write_text("new")
    assert work.sweep() == hidden(tmp_path) != []
    monkeypatch.undo()
    assert work.sweep() == hidden(tmp_path) == []


def test_a_folder_that_is_taken_away_at_once_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another run that looks just when its lock is not held yet."""
    real, answers = work._lock, [FileNotFoundError(), BlockingIOError()]

    def lock(folder: Path) -> int:
        if answers:
            folder.rmdir()
            raise answers.pop()
        return real(folder)

    monkeypatch.setattr(work, "_lock", lock)
    with atomic_folder(tmp_path / "out", ours=FOLDER) as folder:
        (folder / "summary.json").write_text("new")
    answers += [FileNotFoundError()] * 100
    monkeypatch.setattr(work, "recover", lambda _: None)
    with pytest.raises(WriteError, match="another run removes the folder"), \
            atomic_folder(tmp_path / "other", ours=FOLDER):
        pass
    assert hidden(tmp_path) == []


# --- two names change places


def test_two_names_change_places(tmp_path: Path) -> None:
    one, other = tmp_path / "1", tmp_path / "2"
    one.mkdir()
    (one / "a").touch()
    other.mkdir()
    if not exchange(one, other):
        pytest.skip("not on this system")
    assert sorted(snapshot(tmp_path)) == ["1", "2", "2/a"]


def test_an_exchange_that_fails_says_so(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    if exchange(tmp_path / "1", tmp_path / "1"):
        with pytest.raises(FileNotFoundError):
            exchange(tmp_path / "1", tmp_path / "2")


# --- signals wait


def test_signals_wait_until_the_block_has_ended() -> None:
    seen: list[str] = []

    def blocks() -> None:
        with held():
            with held():
                signal.raise_signal(signal.SIGINT)
                seen.append("inner")
            seen.append("outer")

    with pytest.raises(KeyboardInterrupt):
        blocks()
    assert seen == ["inner", "outer"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with held():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_error_in_the_block_passes_and_handlers_are_back() -> None:
    with pytest.raises(ZeroDivisionError), held():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_program_that_does_not_listen_ends_when_the_block_has_ended(tmp_path: Path) -> None:
    process = os.fork()
    if not process:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with held():
            os.kill(os.getpid(), signal.SIGTERM)
            (tmp_path / "done").touch()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGTERM
    assert (tmp_path / "done").exists()


def test_in_another_thread_nothing_is_changed() -> None:
    seen: list[object] = []

    def work_in_thread() -> None:
        with held():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work_in_thread)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
