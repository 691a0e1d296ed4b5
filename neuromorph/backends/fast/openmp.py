"""The threads that torch works with, for our own tasks.

After each of torch's operations OpenMP's threads spin for a while, in case of more work. Others
would have to wait for the processors that they spin on: on two processors a forward of SmolLM2
takes 1.1 times the float one with torch's threads, and 1.3 with threads of our own.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

Stripe: TypeAlias = Callable[[int, int], None]
"""Does the tasks first, first + stride, …"""

Team: TypeAlias = Callable[[Stripe, int], None]
"""Has each of so many threads, or fewer, do a stripe."""

MEMBER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def team_of_torch() -> Team | None:
    """The team, if torch is loaded and brought an OpenMP that can be called; not after a fork.

    A child has none of its parent's threads, and OpenMP would wait for them.
    """
    torch = sys.modules.get("torch")
    home = getattr(torch, "__file__", None)
    return None if home is None or os.getpid() != _parent else _team_in(Path(home).parent / "lib")


@cache
def _team_in(folder: Path) -> Team | None:
    return next((_team(runtime) for path in sorted(folder.glob("lib*omp*.so*"))
                 if (runtime := _runtime(path)) is not None), None)


def _runtime(path: Path) -> tuple[Any, Any, Any] | None:
    """GNU's way into a library of OpenMP, which LLVM's and Intel's have too."""
    try:
        begin = ctypes.CDLL(str(path)).GOMP_parallel
        inside = ctypes.PyDLL(str(path))
        number, size = inside.omp_get_thread_num, inside.omp_get_num_threads
    except (OSError, AttributeError):
        return None
    begin.argtypes, begin.restype = (MEMBER, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint), None
    return begin, number, size


def _team(runtime: tuple[Any, Any, Any]) -> Team:
    begin, number, size = runtime

    def team(stripe: Stripe, count: int) -> None:
        errors: list[BaseException] = []
        members: list[int] = []

        def member(_: object) -> None:
            try:
                stripe(number(), size())
                members.append(size())
            except BaseException as error:  # noqa: BLE001 - raised again below
                errors.append(error)

        begin(MEMBER(member), None, count, 0)
        if errors:
            raise errors[0]
        if not members or len(members) < members[0]:  # a signal came before the try began
            raise KeyboardInterrupt

    return team


_parent = os.getpid()
