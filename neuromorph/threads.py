"""How many threads compiled kernels use: no more than torch may, and one variable sets both."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from neuromorph.errors import UsageError

VARIABLE = "NEUROMORPH_THREADS"
"""Environment variable: threads of the compiled kernels and of torch."""

MOST = 1024


def count() -> int:
    """Threads that a kernel called now may use.

    What `VARIABLE` asks for; else as many as torch is set to, where torch is loaded, and else as
    many as this process has processors. Within `one_of_torch`, as many as before it.

    Raises
    ------
    UsageError
        If the environment asks for something else than a number.
    """
    return _Held.kernels or asked() or _of_torch() or processors()


def limit_torch() -> None:
    """Let torch use what `VARIABLE` asks for; without the variable, or torch, do nothing.

    Raises
    ------
    UsageError
        If the environment asks for something else than a number.
    """
    number, torch = asked(), sys.modules.get("torch")
    if _Held.kernels is not None:
        return
    if number is not None and torch is not None and torch.get_num_threads() != number:
        torch.set_num_threads(number)


@contextmanager
def one_of_torch(kernels: int | None = None) -> Iterator[None]:
    """Torch with one thread: how many it has changes the last bits of its floats.

    Compiled kernels of integers keep theirs, for they say the same with any number of them.

    Parameters
    ----------
    kernels : int, optional
        Their threads, instead.
    """
    before, of_torch = _Held.kernels, _of_torch()
    _Held.kernels = kernels or count()
    try:
        if of_torch is not None:
            sys.modules["torch"].set_num_threads(1)
        yield
    finally:
        _Held.kernels = before
        if of_torch is not None:
            sys.modules["torch"].set_num_threads(of_torch)


class _Held:
    """Threads of kernels, while torch has one."""

    kernels: int | None = None


def asked() -> int | None:
    """What the environment asks for, or None if it does not say.

    Raises
    ------
    UsageError
        If it is not a whole number from 1 to 1024.
    """
    text = os.environ.get(VARIABLE)
    if text is None:
        return None
    # Five digits are enough to be too many; Python refuses to read thousands of them.
    number = int(text[:5]) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= MOST:
        raise UsageError("a number of threads must be a whole number", where=VARIABLE,
                         found=text or "nothing", expected=f"1 to {MOST}",
                         hint=f"unset {VARIABLE} to use as many as there are processors")
    return number


def processors() -> int:
    """Processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _of_torch() -> int | None:
    """What torch is set to; None where it is not loaded, or still loading."""
    ask = getattr(sys.modules.get("torch"), "get_num_threads", None)
    return None if ask is None else int(ask())
