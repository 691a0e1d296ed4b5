"""Torch's own threads do our tasks."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from neuromorph.backends.fast import openmp
from neuromorph.backends.fast.openmp import team_of_torch
from neuromorph.backends.fast.threads import share

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")

if team_of_torch() is None:
    pytest.skip("this torch brought no OpenMP that can be called", allow_module_level=True)


def test_each_task_is_done_once() -> None:
    done = np.zeros(50, int)

    def work(first: int, stride: int) -> None:
        done[first::stride] += 1

    for _ in range(20):
        share(work, 3)
    assert (done == 20).all()


def test_there_is_more_than_one_thread() -> None:
    """Each waits for the other: one alone would wait for ever."""
    barrier = threading.Barrier(2, timeout=20)
    share(lambda *_: barrier.wait(), 2)


def test_each_thread_is_given_a_row_of_its_own() -> None:
    rows = np.zeros((3, 2))

    def work(_first: int, _stride: int, row: np.ndarray) -> None:
        row += 1

    share(work, 3, each=rows)
    assert rows.tolist() == [[1, 1]] * 3


@pytest.mark.parametrize("wrong", [0, 1])
def test_an_error_reaches_the_caller(wrong: int) -> None:
    def work(first: int, _: int) -> None:
        if first == wrong:
            raise KeyError(first)

    with pytest.raises(KeyError, match=str(wrong)):
        share(work, 2)


def test_after_a_fork_nobody_waits_for_the_parents_threads(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openmp, "_parent", -1)
    assert team_of_torch() is None


def test_without_torch_there_is_no_team(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    assert team_of_torch() is None


def test_a_member_that_never_began_is_no_success() -> None:
    """A signal that comes before a member's first line is printed by ctypes, and lost."""
    _, number, _ = openmp._runtime(next(
        path for path in openmp_libraries() if openmp._runtime(path)))  # type: ignore[misc]
    team = openmp._team((lambda member, *_: member(None), number, lambda: 2))
    with pytest.raises(KeyboardInterrupt):
        team(lambda *_: None, 2)


def openmp_libraries() -> list[Path]:
    return sorted((Path(torch.__file__).parent / "lib").glob("lib*omp*.so*"))
