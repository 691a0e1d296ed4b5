"""Floats have one thread wherever work is done; kernels of integers keep theirs."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from neuromorph import threads
from neuromorph.parallel import steady as door
from neuromorph.parallel.steady import steady


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many threads a torch has been set to; it begins with five."""
    set_to = [5]
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(
        get_num_threads=lambda: set_to[-1], set_num_threads=set_to.append))
    monkeypatch.delenv(threads.VARIABLE, raising=False)
    return set_to


def test_torch_has_one_and_kernels_as_many_as_before(torch: list[int]) -> None:
    with steady():
        assert (torch[-1], threads.count()) == (1, 5)
        threads.limit_torch()
        assert torch[-1] == 1
    assert (torch[-1], threads.count()) == (5, 5)
    with steady(3):
        assert threads.count() == 3
    assert (torch[-1], threads.count()) == (5, 5)


def test_a_number_that_is_asked_for_is_that_of_kernels(
    torch: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(threads.VARIABLE, "4")
    with steady():
        threads.limit_torch()
        assert (torch[-1], threads.count()) == (1, 4)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/maps")
def test_numpy_has_one() -> None:
    np.ones((4, 4)) @ np.ones((4, 4))
    pools = door._pools(door._loaded())
    if not pools:
        pytest.skip("this NumPy has no OpenBLAS")
    before = [ask() for ask, _ in pools]
    with steady():
        assert {ask() for ask, _ in pools} == {1}
    assert [ask() for ask, _ in pools] == before
