"""Signals to end are interruptions, and what is said of them is so.

Imported before anything else: it imports nothing that takes time.
"""

from __future__ import annotations

import _thread
import signal
import sys
import time

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn

INTERRUPTED = 130

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

_AGAIN = 0.01
"""Seconds until a lost interruption comes again: the callback it was lost in has ended then."""


class SignalToEnd(KeyboardInterrupt):
    """A signal to end came.

    Not a plain KeyboardInterrupt: of one that passes an ``exec`` of text, as every dataclass
    makes one, Python notes for good that nobody caught it, and dies of SIGINT at its end.
    """


def listen() -> None:
    """Take signals to end as interruptions, but for those that are ignored."""
    _take(_interrupt, _heeded())


def stop_listening() -> None:
    """Ignore signals to end: all is done, and Python would end in a traceback of its own."""
    _take(signal.SIG_IGN, _heeded())


def ended(interruption: KeyboardInterrupt | None = None) -> int:
    """Say what an interruption left behind and what stands; return the exit code."""
    stop_listening()
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
    from contextlib import suppress

    from neuromorph.errors import escaped

    if sys.stderr is not None:
        with suppress(OSError):  # nobody can be told
            sys.stderr.write(escaped(text, keep="\n\t") + "\n")
            sys.stderr.flush()


def _heeded() -> list[int]:
    known = (getattr(signal, name) for name in SIGNALS if hasattr(signal, name))
    return [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]


def _take(
    handler: Callable[[int, FrameType | None], object] | signal.Handlers, numbers: list[int]
) -> None:
    try:
        for number in numbers:
            signal.signal(number, handler)
    except ValueError:  # not the main thread: whoever called us handles them
        return


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    """Clean up and end. A second Ctrl-C shall not spoil that; SIGKILL would still end it."""
    heeded, before = _heeded(), sys.unraisablehook
    stop_listening()

    def lost(unraisable: sys.UnraisableHookArgs) -> None:
        if unraisable.exc_type is not SignalToEnd:
            before(unraisable)
            return
        sys.unraisablehook = before
        _take(_interrupt, heeded)
        _thread.start_new_thread(_come_again, (number, _thread.get_ident()))

    sys.unraisablehook = lost  # nothing can be raised in destructors and callbacks
    raise SignalToEnd(number)


def _come_again(number: int, thread: int) -> None:
    """In a thread of its own; the signal goes to the main one, and wakes it where it waits."""
    time.sleep(_AGAIN)
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:
        signal.pthread_kill(thread, number)
