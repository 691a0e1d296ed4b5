"""A journal: killed anywhere, gone on to the same results; of another run, refused by name."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
import small_pieces as small

from neuromorph.errors import InputError
from neuromorph.parallel import Spread, Work, carry_out
from neuromorph.parallel import journal as door

RESUME = Spread(resume=True)
RESULTS = [{"item": n, "third": n / 3} for n in range(5)]


def stopped(place: Path, count: int = 3, **known_by: str) -> Path:
    """A journal of the first few of five items; its folder."""
    whole = small.work(small.plain, place, **known_by)
    journal = door.Journal(place, whole)
    for n in range(count):
        journal.put(n, whole.doing.codec.encode(RESULTS[n]))
    return next(place.glob("*/journal.json")).parent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize("count", [1, pytest.param(5, marks=pytest.mark.slow)])
def test_killed_anywhere_it_goes_on_to_the_same_results(tmp_path: Path, count: int) -> None:
    """SIGKILL at each single use of the file system, one after the other, until none is left."""
    changes, resumed = 0, set()
    work = small.work(small.plain, tmp_path, count)
    while _killed_at(changes, work, tmp_path / str(changes)):
        place = tmp_path / str(changes)
        again = carry_out(work, RESUME, keep=place)
        assert again.results == RESULTS[:count]
        again.journal.clear()
        assert list(place.rglob("*")) == []
        resumed.add(again.resumed)
        changes += 1
    assert changes > 8 * count
    assert resumed == set(range(count + 1))


def _killed_at(change: int, work: Work, place: Path) -> bool:
    """Whether a child that does all the work was killed at its nth use of the file system."""
    process = os.fork()
    if not process:
        left = [change]

        def strike(event: str, _: object) -> None:
            if event in {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"}:
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(strike)
        carry_out(work, keep=place)
        os._exit(0)
    return os.waitpid(process, 0)[1] == signal.SIGKILL


@pytest.mark.parametrize("damage", [
    lambda _: b"", lambda content: content[:-1], lambda content: content + b" ",
    lambda content: b"0" * 32 + content[32:], lambda content: content.replace(b" 1 ", b" 2 "),
    lambda content: content.replace(b"item", b"meti"), lambda _: b"\xff" * 99])
def test_a_damaged_result_is_done_anew(tmp_path: Path, damage: object) -> None:
    file = stopped(tmp_path) / "000001.part"
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    again = carry_out(small.work(small.plain, tmp_path), RESUME, keep=tmp_path)
    assert (again.resumed, again.results) == (2, RESULTS)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"journal": 2}', b"\xff"])
def test_results_tell_whose_they_are_without_the_header(tmp_path: Path, content: bytes) -> None:
    (stopped(tmp_path) / "journal.json").write_bytes(content)
    again = carry_out(small.work(small.plain, tmp_path), RESUME, keep=tmp_path)
    assert (again.resumed, again.results) == (3, RESULTS)


def test_a_journal_of_another_run_is_refused_by_name(tmp_path: Path) -> None:
    stopped(tmp_path, text="a", seed="0")
    other = small.work(small.plain, tmp_path, text="b", seed="0")
    with pytest.raises(InputError, match="of another run; found text a, not b"):
        carry_out(other, RESUME, keep=tmp_path)
    assert carry_out(other, keep=tmp_path).resumed == 0
    more = small.work(small.plain, tmp_path, 6, text="a", seed="0")
    with pytest.raises(InputError, match="pieces 5, not 6"):
        carry_out(more, RESUME, keep=tmp_path / ".")
    both = small.work(small.plain, tmp_path, 6, text="c", seed="0")
    with pytest.raises(InputError, match=r"found pieces 5, not 6.*And 1 more: text [ab], not c"):
        carry_out(both, RESUME, keep=tmp_path / ".")
    assert carry_out(small.work(small.plain, tmp_path, text="a", seed="0"), RESUME,
                     keep=tmp_path).resumed == 3


def test_a_journal_of_another_version_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(tmp_path)
    monkeypatch.setattr(door, "versions", lambda: {"neuromorph": "9"})
    with pytest.raises(InputError, match=r"found neuromorph .*, not 9"):
        carry_out(small.work(small.plain, tmp_path), RESUME, keep=tmp_path)


def test_a_journal_in_the_wrong_folder_is_refused(tmp_path: Path) -> None:
    theirs = stopped(tmp_path / "a", text="a")
    ours = stopped(tmp_path / "b", text="b")
    (ours / "journal.json").write_bytes((theirs / "journal.json").read_bytes())
    with pytest.raises(InputError, match="journal of another run; found text a, not b"):
        carry_out(small.work(small.plain, tmp_path, text="b"), keep=tmp_path / "b")


def test_nothing_to_go_on_from_is_a_beginning(tmp_path: Path) -> None:
    done = carry_out(small.work(small.plain, tmp_path), RESUME, keep=tmp_path / "new")
    assert (done.resumed, done.results) == (0, RESULTS)


def test_what_others_put_there_stays(tmp_path: Path) -> None:
    folder = stopped(tmp_path)
    (folder / "mine").write_text("x")
    done = carry_out(small.work(small.plain, tmp_path), keep=tmp_path)
    done.journal.clear()
    assert [path.name for path in folder.iterdir()] == ["mine"]


def test_keys_tell_their_parts_apart() -> None:
    assert len({door.digest_of(parts) for parts in (["ab", "c"], ["a", "bc"], ["abc"])}) == 3
