"""Signals wait while names change."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = ("SIGHUP", "SIGTERM", "SIGINT")
"""Those that ask a program to end, or after which it may; SIGINT last: it is the one that most
programs listen to."""


@contextmanager
def held() -> Iterator[None]:
    """A block that no signal interrupts; one that came meanwhile is sent again at its end.

    A mask of the system's would not do: another thread takes the signal, and Python raises it
    in the main one. In other threads than the main one Python raises nothing: nothing to do.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = _heeded()
    try:
        for number in before:
            signal.signal(number, lambda got, _: came.append(got))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        for number in dict.fromkeys(came):
            signal.raise_signal(number)


def _heeded() -> dict[int, object]:
    """Who takes each signal now; not those that are ignored, or taken outside of Python."""
    known = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    return {number: handler for number in known
            if (handler := signal.getsignal(number)) not in (signal.SIG_IGN, None)}
