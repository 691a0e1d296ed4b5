"""One number of threads for kernels and torch, and a wrong one is refused in our words."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from neuromorph import threads
from neuromorph.errors import UsageError


class Torch(SimpleNamespace):
    """As much of torch as is asked."""

    def get_num_threads(self) -> int:
        return self.number

    def set_num_threads(self, number: int) -> None:
        self.number = number
        self.calls = [*getattr(self, "calls", []), number]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor a torch of other tests has a say; there are three processors."""
    monkeypatch.delenv(threads.VARIABLE, raising=False)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(threads, "processors", lambda: 3)


def with_torch(monkeypatch: pytest.MonkeyPatch, number: int) -> Torch:
    torch = Torch(number=number)
    monkeypatch.setitem(sys.modules, "torch", torch)
    return torch


def test_alone_kernels_use_all_processors() -> None:
    assert threads.count() == 3


@pytest.mark.parametrize("torch", [1, 2, 9])
def test_kernels_use_as_many_as_torch(monkeypatch: pytest.MonkeyPatch, torch: int) -> None:
    with_torch(monkeypatch, torch)
    assert threads.count() == torch


def test_a_torch_that_is_still_loading_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace())
    assert threads.count() == 3


@pytest.mark.parametrize(("asked", "used"), [("1", 1), ("2", 2), ("04", 4), ("1024", 1024)])
def test_the_environment_decides(
    monkeypatch: pytest.MonkeyPatch, asked: str, used: int
) -> None:
    with_torch(monkeypatch, 1)
    monkeypatch.setenv(threads.VARIABLE, asked)
    assert threads.count() == used


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
@pytest.mark.parametrize("use", [threads.count, threads.limit_torch])
def test_what_is_no_number_is_refused(
    monkeypatch: pytest.MonkeyPatch, wrong: str, use: Callable[[], object]
) -> None:
    monkeypatch.setenv(threads.VARIABLE, wrong)
    with pytest.raises(UsageError, match=f"^{threads.VARIABLE}: .* expected 1 to 1024"):
        use()


def test_processors_are_those_this_process_may_use() -> None:
    script = ("import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
              "from neuromorph import threads; print(threads.processors(), threads.count())")
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system does not bind a process to processors")
    environment = {key: value for key, value in os.environ.items() if key != threads.VARIABLE}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          env=environment, check=True)
    assert done.stdout.split() == ["1", "1"]
