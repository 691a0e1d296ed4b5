"""Passages become windows that begin as texts do."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorph.translate.transformer.windows import windows_of

PASSAGES = [np.full(length, n) for n, length in enumerate((3, 4, 9, 2, 2, 2))]


def told(length: int, most: int) -> tuple[list[list[int]], int]:
    found, used = windows_of(PASSAGES, length, most)
    return [window.tolist() for window in found], used


def test_passages_are_joined_and_the_last_of_a_window_is_cut() -> None:
    assert told(6, 100) == (
        [[0, 0, 0, 1, 1, 1], [2] * 9, [3, 3, 4, 4, 5, 5]], 6)


def test_a_last_window_may_be_short() -> None:
    assert told(8, 100)[0][-1] == [3, 3, 4, 4, 5, 5]


def test_passages_stay_alone_where_windows_are_short() -> None:
    found, used = told(1, 100)
    assert [len(window) for window in found] == [3, 4, 9, 2, 2, 2]
    assert used == 6


@pytest.mark.parametrize(("most", "windows", "used"), [
    (1, 1, 2), (6, 1, 2), (15, 2, 3), (20, 2, 3)])
def test_no_more_tokens_than_asked_for(most: int, windows: int, used: int) -> None:
    found, count = told(6, most)
    assert (len(found), count) == (windows, used)
