"""How many threads compiled kernels use, said in one place for Numba and torch.

Each keeps threads of its own, which know nothing of each other. Kernels therefore never use more
than torch may, and one environment variable sets both.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from neuromorph.errors import UsageError

VARIABLE = "NEUROMORPH_THREADS"
"""Environment variable: threads of the compiled kernels and of torch."""

NUMBA_VARIABLE = "NUMBA_NUM_THREADS"
"""Numba's own: the most that it can ever use in this process."""

MOST = 1024


def asked(variable: str = VARIABLE) -> int | None:
    """What the environment asks for, or None if it does not say.

    Raises
    ------
    UsageError
        If it is not a whole number from 1 to 1024.
    """
    text = os.environ.get(variable)
    if text is None:
        return None
    # Five digits are enough to be too many; Python refuses to read thousands of them.
    number = int(text[:5]) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= MOST:
        raise UsageError("a number of threads must be a whole number", where=variable,
                         found=text or "nothing", expected=f"1 to {MOST}",
                         hint=f"unset {variable} to use as many as there are processors")
    return number


def check_environment() -> None:
    """Judge both variables, before Numba answers a wrong one with a traceback.

    Raises
    ------
    UsageError
    """
    asked(VARIABLE)
    asked(NUMBA_VARIABLE)


def count() -> int:
    """Threads that a parallel kernel called now would use.

    What `VARIABLE` asks for; else what Numba is set to, but no more than torch is, where torch is
    loaded. Never more than Numba can launch (`NUMBA_VARIABLE`, else one a processor).

    Raises
    ------
    UsageError
        If the environment asks for something else than a number.
    """
    import numba

    return _chosen(numba.get_num_threads())


@contextmanager
def limited() -> Iterator[int]:
    """Parallel kernels called inside use `count` threads, which is what it gives.

    Numba's number belongs to the calling thread; it is as it was afterwards.
    """
    import numba

    before = numba.get_num_threads()
    chosen = _chosen(before)
    if chosen == before:
        yield chosen
        return
    numba.set_num_threads(chosen)
    try:
        yield chosen
    finally:
        numba.set_num_threads(before)


def limit_torch() -> None:
    """Let torch use what `VARIABLE` asks for; without the variable, or torch, do nothing.

    Raises
    ------
    UsageError
        If the environment asks for something else than a number.
    """
    number, torch = asked(), sys.modules.get("torch")
    if number is not None and torch is not None and torch.get_num_threads() != number:
        torch.set_num_threads(number)


def _chosen(numba_uses: int) -> int:
    number = asked()
    if number is None:
        return min(numba_uses, _torch_uses() or numba_uses)
    from numba import config

    return min(number, int(config.NUMBA_NUM_THREADS))


def _torch_uses() -> int | None:
    """What torch is set to; None where it is not loaded, or still loading."""
    ask = getattr(sys.modules.get("torch"), "get_num_threads", None)
    return None if ask is None else int(ask())
