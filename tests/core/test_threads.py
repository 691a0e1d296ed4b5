"""One number of threads for Numba and torch, and a wrong one is refused in our words."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from neuromorph import threads
from neuromorph.errors import UsageError


class Numba(SimpleNamespace):
    """As much of Numba as is asked; it has launched four threads."""

    number, config = 4, SimpleNamespace(NUMBA_NUM_THREADS=4)

    def get_num_threads(self) -> int:
        return self.number

    def set_num_threads(self, number: int) -> None:
        self.number = number


class Torch(SimpleNamespace):
    """As much of torch as is asked."""

    def get_num_threads(self) -> int:
        return self.number

    def set_num_threads(self, number: int) -> None:
        self.number = number
        self.calls = [*getattr(self, "calls", []), number]


@pytest.fixture(autouse=True)
def numba(monkeypatch: pytest.MonkeyPatch) -> Numba:
    """Neither the environment nor a torch of other tests has a say."""
    monkeypatch.delenv(threads.VARIABLE, raising=False)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    numba = Numba()
    monkeypatch.setitem(sys.modules, "numba", numba)
    return numba


def with_torch(monkeypatch: pytest.MonkeyPatch, number: int) -> Torch:
    torch = Torch(number=number)
    monkeypatch.setitem(sys.modules, "torch", torch)
    return torch


def test_alone_kernels_use_what_numba_is_set_to(numba: Numba) -> None:
    numba.number = 3
    assert threads.count() == 3


@pytest.mark.parametrize(("torch", "used"), [(1, 1), (2, 2), (9, 3)])
def test_kernels_use_no_more_than_torch(
    monkeypatch: pytest.MonkeyPatch, numba: Numba, torch: int, used: int
) -> None:
    with_torch(monkeypatch, torch)
    numba.number = 3
    assert threads.count() == used


def test_a_torch_that_is_still_loading_has_no_say(
    monkeypatch: pytest.MonkeyPatch, numba: Numba
) -> None:
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace())
    numba.number = 3
    assert threads.count() == 3


@pytest.mark.parametrize(("asked", "used"), [("1", 1), ("2", 2), ("04", 4), ("1024", 4)])
def test_the_environment_decides_up_to_what_numba_launched(
    monkeypatch: pytest.MonkeyPatch, numba: Numba, asked: str, used: int
) -> None:
    with_torch(monkeypatch, 1)
    numba.number = 3
    monkeypatch.setenv(threads.VARIABLE, asked)
    assert threads.count() == used


def test_numba_is_limited_inside_and_only_there(
    monkeypatch: pytest.MonkeyPatch, numba: Numba
) -> None:
    numba.number = 4
    with_torch(monkeypatch, 2)
    with threads.limited() as number:
        assert (number, numba.number) == (2, 2)
    assert numba.number == 4
    with pytest.raises(KeyError), threads.limited():
        raise KeyError
    assert numba.number == 4


def test_nothing_is_set_that_is_so_already(
    monkeypatch: pytest.MonkeyPatch, numba: Numba
) -> None:
    numba.number = 2
    with_torch(monkeypatch, 2)
    monkeypatch.setattr(numba, "set_num_threads", None)
    with threads.limited() as number:
        assert number == 2


def test_torch_is_set_once_and_only_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = with_torch(monkeypatch, 4)
    threads.limit_torch()
    assert torch == Torch(number=4)
    monkeypatch.setenv(threads.VARIABLE, "3")
    threads.limit_torch()
    threads.limit_torch()
    assert torch.calls == [3]


def test_without_torch_there_is_none_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(threads.VARIABLE, "3")
    threads.limit_torch()
    assert "torch" not in sys.modules


@pytest.mark.parametrize("wrong", ["", "0", "-1", "two", "1.5", "1025", "²", "9" * 5000, " 2"])
@pytest.mark.parametrize("variable", [threads.VARIABLE, threads.NUMBA_VARIABLE])
def test_what_is_no_number_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, wrong: str
) -> None:
    monkeypatch.setenv(variable, wrong)
    with pytest.raises(UsageError, match=f"^{variable}: .* expected 1 to 1024"):
        threads.check_environment()


@pytest.mark.parametrize("use", [threads.count, threads.limit_torch,
                                 lambda: threads.limited().__enter__()])
def test_a_wrong_variable_reaches_every_door(
    monkeypatch: pytest.MonkeyPatch, use: object
) -> None:
    monkeypatch.setenv(threads.VARIABLE, "all")
    with pytest.raises(UsageError, match="found all"):
        use()  # type: ignore[operator]


def test_a_right_environment_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(threads.VARIABLE, "2")
    monkeypatch.setenv(threads.NUMBA_VARIABLE, "1")
    threads.check_environment()


def test_numba_waits_until_it_is_needed() -> None:
    script = ("import sys; from neuromorph import threads; threads.check_environment(); "
              "threads.limit_torch(); print('numba' in sys.modules or 'torch' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          env={**os.environ, threads.VARIABLE: "2"}, check=True)
    assert done.stdout.strip() == "False"


def test_the_real_ones() -> None:
    """What Numba says inside, where it could launch four threads and is asked for two."""
    script = ("import numba; from neuromorph import threads\n"
              "with threads.limited(): print(numba.get_num_threads(), threads.count())\n"
              "print(numba.get_num_threads())")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env={
        **os.environ, threads.VARIABLE: "2", threads.NUMBA_VARIABLE: "4"}, check=True)
    assert done.stdout.split() == ["2", "2", "4"]
