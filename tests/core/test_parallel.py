"""Work on several processes: the same results, whatever becomes of the processes."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import small_pieces as small

from neuromorph.errors import BackendError, NeuromorphError, UsageError
from neuromorph.parallel import JSON, Doing, Spread, Work, carry_out
from neuromorph.parallel.processes import Processes
from neuromorph.parallel.versions import check_versions, versions

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="descriptors go to children")
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def team() -> Iterator[Processes]:
    with Processes(2) as workers:
        yield workers


def plain(count: int) -> list[dict[str, object]]:
    return [{"item": n, "third": n / 3} for n in range(count)]


def test_results_stand_in_order_and_are_equal_to_the_bit(team: Processes, tmp_path: Path) -> None:
    here = carry_out(small.arrays(tmp_path))
    there = carry_out(small.arrays(tmp_path), workers=team)
    for n, (one, other) in enumerate(zip(here.results, there.results, strict=True)):
        assert set(one) == set(other) == {"drawn", "odd", "none"}
        assert all(one[name].tobytes() == other[name].tobytes() for name in one)
        assert one["drawn"].tobytes() == np.random.default_rng(n).normal(size=5).tobytes()


def test_results_are_shown_in_order(team: Processes, tmp_path: Path) -> None:
    seen: list[tuple[int, object]] = []
    done = carry_out(small.work(small.fails, tmp_path), workers=team,
                     each=lambda *found: seen.append(found))
    assert seen == list(enumerate(done.results))


def test_products_of_matrices_are_equal_to_the_bit(team: Processes, tmp_path: Path) -> None:
    work = small.work(small.product, tmp_path, 3)
    assert carry_out(work).results == carry_out(work, workers=team).results


def test_a_worker_killed_in_the_middle_loses_nothing(team: Processes, tmp_path: Path) -> None:
    assert carry_out(small.work(small.dies, tmp_path), workers=team).results == plain(5)
    assert [path.name for path in tmp_path.iterdir()] == ["2-0"]


def test_an_accident_is_tried_again(team: Processes, tmp_path: Path) -> None:
    work = small.work(small.fails, tmp_path, times=2)
    assert carry_out(work, workers=team).results == plain(5)


@pytest.mark.parametrize(("do", "text"), [
    ("fails", "item 3 of 5: ValueError: no luck"),
    ("dies", "item 3 of 5: a worker process ended early; found killed by SIGKILL.*fewer --jobs"),
])
def test_what_fails_three_times_ends_the_run_and_the_rest_is_kept(
    team: Processes, tmp_path: Path, do: str, text: str
) -> None:
    notes, journals = tmp_path / "notes", tmp_path / "journals"
    notes.mkdir()
    with pytest.raises(BackendError, match=text):
        carry_out(small.work(getattr(small, do), notes, times=9), workers=team, keep=journals)
    assert sorted(path.name for path in notes.iterdir()) == ["2-0", "2-1", "2-2"]
    kept = len(list(journals.glob("*/*.part")))
    assert kept >= 2
    again = carry_out(small.work(small.plain, notes), keep=journals)
    assert (again.resumed, again.results) == (kept, plain(5))


@pytest.mark.parametrize("there", [True, False])
def test_what_is_refused_is_not_tried_again(
    team: Processes, tmp_path: Path, there: bool
) -> None:
    with pytest.raises(UsageError, match="item 3 of 5: here: two is not liked"):
        carry_out(small.work(small.refuses, tmp_path), workers=team if there else None)
    assert [path.name for path in tmp_path.iterdir()] == ["2-0"]


def test_work_that_cannot_be_sent_is_refused(team: Processes) -> None:
    work = Work("w", Doing(lambda: None, small.plain, JSON), range(2))
    assert carry_out(work).results == plain(2)
    with pytest.raises(UsageError, match="cannot be sent to another process"):
        carry_out(work, workers=team)


def test_a_function_that_workers_do_not_find_is_an_error_of_theirs(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("def do(_, item): return item\n")
    sys.path.insert(0, str(tmp_path))
    try:
        import script
    finally:
        sys.path.remove(str(tmp_path))
    with pytest.raises(BackendError, match="No module named 'script'"):
        carry_out(Work("w", Doing(dict, script.do, JSON), range(1)), Spread(jobs=2))


PROGRAM = """
import sys
from pathlib import Path
import small_pieces as small
from neuromorph.parallel import Spread, carry_out
carry_out(small.work(small.waits, Path(sys.argv[1])), Spread(jobs=2))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux to end children")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_child_outlives_its_parent(tmp_path: Path, number: signal.Signals) -> None:
    path = os.pathsep.join([str(HERE.parents[1]), str(HERE)])
    parent = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)],
                              env=os.environ | {"PYTHONPATH": path}, stderr=subprocess.DEVNULL)
    children = [int(path.name.removeprefix("pid-")) for path in _until_there_are(2, tmp_path)]
    parent.send_signal(number)
    parent.wait(60)
    ends = time.monotonic() + 60
    while any(map(_lives, children)) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not any(map(_lives, children))


def _until_there_are(count: int, folder: Path) -> list[Path]:
    ends = time.monotonic() + 120
    while len(found := list(folder.iterdir())) < count and time.monotonic() < ends:
        time.sleep(0.05)
    assert len(found) == count
    return found


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("jobs", [0, -1, 257, True, 1.5, math.nan, "2"])
def test_the_number_of_processes_is_a_small_whole_one(jobs: object) -> None:
    with pytest.raises(UsageError, match="number of processes must be a whole number"):
        Spread(jobs=jobs)  # type: ignore[arg-type]


def test_processes_and_a_cluster_contradict_each_other() -> None:
    with pytest.raises(UsageError, match="contradict"):
        Spread(jobs=2, scheduler="tcp://127.0.0.1:1")


def test_a_worker_of_another_version_is_refused_by_name() -> None:
    check_versions(versions())
    with pytest.raises(UsageError, match=r"another numpy; found .*; expected 0\.1"):
        check_versions({**versions(), "numpy": "0.1"})
    with pytest.raises(NeuromorphError, match="another soul; found none"):
        check_versions({**versions(), "soul": "1"})
