"""Threads of our own: each does its share once, and an error waits for all."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest

from neuromorph import threads
from neuromorph.backends.fast import threads as fast_threads
from neuromorph.backends.fast.threads import share, threads_for


@pytest.fixture(autouse=True)
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's threads have tests of their own."""
    monkeypatch.setattr(fast_threads, "team_of_torch", lambda: None)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_each_stripe_is_called_once(count: int) -> None:
    calls: list[tuple[int, int, str]] = []
    share(lambda first, stride, word: calls.append((first, stride, word)), count, "word")
    assert sorted(calls) == [(first, count, "word") for first in range(count)]


@pytest.mark.parametrize("count", [1, 3])
def test_each_thread_is_given_a_row_of_its_own(count: int) -> None:
    rows, done = np.zeros((count, 2)), np.zeros(20)

    def work(first: int, stride: int, done: np.ndarray, row: np.ndarray) -> None:
        done[first::stride] += 1
        row += first + 1

    share(work, count, done, each=rows)
    assert (done == 1).all()
    assert rows.tolist() == [[i + 1, i + 1] for i in range(count)]


def test_this_thread_takes_part() -> None:
    names: dict[int, str] = {}
    share(lambda first, _: names.setdefault(first, threading.current_thread().name), 3)
    assert names[0] == threading.current_thread().name
    assert all(names[i].startswith("neuromorph") for i in (1, 2))


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_an_error_reaches_the_caller_after_all_have_ended(wrong: int) -> None:
    """Others still write to arrays that the caller would give up."""
    ended = []

    def work(first: int, _: int) -> None:
        if first == wrong:
            raise ValueError(f"thread {first}")
        time.sleep(0.2)
        ended.append(first)

    with pytest.raises(ValueError, match=f"thread {wrong}"):
        share(work, 3)
    assert sorted(ended) == sorted({0, 1, 2} - {wrong})
    share(work_quietly, 3)  # and the pool lives on


def work_quietly(first: int, stride: int) -> None:
    assert 0 <= first < stride


def test_two_callers_at_once_with_different_numbers_of_threads() -> None:
    done = {count: np.zeros(60) for count in (2, 3, 4)}
    failed: list[BaseException] = []

    def stripes(first: int, stride: int, array: np.ndarray) -> None:
        time.sleep(0.001)
        array[first::stride] += 1

    def caller(count: int) -> None:
        try:
            for _ in range(20):
                share(stripes, count, done[count])
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failed.append(error)

    callers = [threading.Thread(target=caller, args=(count,)) for count in done]
    for one in callers:
        one.start()
    for one in callers:
        one.join(timeout=60)
        assert not one.is_alive()
    assert failed == []
    assert all((array == 20).all() for array in done.values())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_has_threads_of_its_own() -> None:
    """Its parent's are not there, and it would wait for them for ever."""
    together = threading.Barrier(3)
    share(lambda *_: together.wait(timeout=60), 3)  # now all of the parent's threads are there
    child = os.fork()
    if child == 0:  # no test report from here: leave at once, and soon
        status = 1
        try:
            called: list[int] = []
            threading.Timer(10, os._exit, (2,)).start()
            share(lambda first, _: called.append(first), 3)
            status = int(sorted(called) != [0, 1, 2])
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(ended) == 0


# --- how many


@pytest.fixture
def five(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "count", lambda: 5)


@pytest.mark.usefixtures("five")
def test_small_work_is_done_by_one_thread() -> None:
    assert threads_for(fast_threads.PARALLEL_FROM - 1) == 1
    assert threads_for(fast_threads.PARALLEL_FROM) == 5
