"""Signals to end are interruptions, and what is said of them is so.

Imported before anything else: it may import nothing that takes time.
"""

from __future__ import annotations

import signal
import sys
from collections import namedtuple
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import NoReturn, TypeAlias

Hook: TypeAlias = "Callable[[sys.UnraisableHookArgs], object]"

INTERRUPTED = 130

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

AGAIN, SOON = "SIGALRM", 0.02
"""How, and after how many seconds, an interruption that Python swallowed comes again."""


def listen(before: dict[int, object]) -> None:
    """Take signals to end as interruptions; note who took them before.

    The notes are the caller's, who may be interrupted while they are taken.
    """
    with suppress(ValueError):  # not the main thread: then whoever called us handles them
        for number in _known():
            handler = signal.getsignal(number)
            if handler is not signal.SIG_IGN:
                before[number] = handler
                signal.signal(number, _interrupt)
        sys.unraisablehook = partial(_unraisable, sys.unraisablehook)


def restore(before: dict[int, object]) -> None:
    """Give signals back to those who took them before."""
    hook = sys.unraisablehook
    if isinstance(hook, partial) and hook.func is _unraisable:
        _call_again(0)
        sys.unraisablehook = hook.args[0]
    for number, handler in before.items():
        signal.signal(number, handler)  # type: ignore[arg-type]


def ended(interruption: KeyboardInterrupt | None = None) -> int:
    """Say what an interruption left behind and what stands; return the exit code."""
    # CPython notes an interruption that leaves a text which it compiles, as named tuples and data
    # classes do, and `python -m` would die of SIGINT in the end; another text clears the note.
    namedtuple("Cleared", ())  # noqa: PYI024
    left = _swept()
    path = getattr(interruption, "path", None)  # of a result that had its name already
    stands = f"{path} is complete; " if path is not None and path.exists() else ""
    tell(f"interrupted; {stands}" + (
        _left_behind(left) if left else "nothing unfinished was left behind"))
    return INTERRUPTED


def tell_what_is_left() -> None:
    """Name what could not be removed at the end of a command."""
    if left := _swept():
        tell(_left_behind(left))


def _swept() -> list[object]:
    work = sys.modules.get("neuromorph.bundle.work")  # without it nothing was begun
    return [] if work is None else list(work.sweep())


def _left_behind(left: list[object]) -> str:
    return f"this was left behind and can be removed: {', '.join(map(str, left))}"


def tell(text: str) -> None:
    """A line on standard error, if there is anyone; names in it do not steer a terminal."""
    from neuromorph.errors import escaped

    if sys.stderr is not None:
        with suppress(OSError):  # nobody can be told
            sys.stderr.write(escaped(text, keep="\n\t") + "\n")
            sys.stderr.flush()


def _known() -> list[signal.Signals]:
    return [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    """Clean up and end. A second Ctrl-C shall not spoil that; SIGKILL would still end it."""
    for known in _known():
        signal.signal(known, signal.SIG_IGN)
    raise KeyboardInterrupt(number)


def _unraisable(otherwise: Hook, unraisable: sys.UnraisableHookArgs) -> None:
    """What is raised in a finaliser or a callback from C goes no further: interrupt again."""
    if unraisable.exc_type is KeyboardInterrupt and hasattr(signal, AGAIN):
        signal.signal(getattr(signal, AGAIN), _interrupt)
        _call_again(SOON)
    else:
        otherwise(unraisable)


def _call_again(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)
