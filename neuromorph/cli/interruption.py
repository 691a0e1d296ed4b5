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

INTERRUPTED = 130

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

_AGAIN = 0.01
"""Seconds until an interruption that was dropped comes again: what dropped it has ended then."""


class _Now:
    """How far an interruption is: it came, and is on its way to `ended`."""

    came = under_way = False
    hooks = (sys.excepthook, sys.unraisablehook)


class SignalToEnd(KeyboardInterrupt):
    """A signal to end came; if this is dropped on its way, it comes again.

    Destructors, callbacks and C code that clears errors drop it. It is not a plain
    KeyboardInterrupt: of one that passes an ``exec`` of text, as every dataclass makes one,
    Python notes for good that nobody caught it, and dies of SIGINT at its end.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._number, self._thread = number, _thread.get_ident()

    def __del__(self) -> None:
        if _Now.under_way:
            _Now.under_way = False
            _thread.start_new_thread(_come_again, (self._number, self._thread))


def listen() -> None:
    """Take signals to end as interruptions, but for those that are ignored."""
    _Now.came = _Now.under_way = False
    _take(_interrupt)


def stop_listening() -> None:
    """Ignore signals to end: all is done, and Python would end in a traceback of its own."""
    _take(signal.SIG_IGN)


def raise_if_any_came(error: Exception) -> None:
    """An error after an interruption is what somebody made of it.

    Raises
    ------
    KeyboardInterrupt
    """
    if _Now.came:
        stop_listening()
        raise KeyboardInterrupt from error


def ended(interruption: KeyboardInterrupt | None = None) -> int:
    """Say what an interruption left behind and what stands; return the exit code."""
    stop_listening()
    _Now.under_way = False
    if _Now.came:
        sys.excepthook, sys.unraisablehook = _Now.hooks
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
    work = sys.modules.get("neuromorph.files.work")  # without it nothing was begun
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


def _take(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    try:
        for number in (getattr(signal, name) for name in SIGNALS if hasattr(signal, name)):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)
    except ValueError:  # not the main thread: whoever called us handles them
        return


def _interrupt(number: int, _: FrameType | None) -> None:
    """Clean up and end. A second Ctrl-C shall not spoil that; SIGKILL would still end it."""
    if _Now.under_way:
        return
    if not _Now.came:
        _Now.hooks = (sys.excepthook, sys.unraisablehook)
        sys.excepthook = sys.unraisablehook = _hush
    _Now.came = _Now.under_way = True
    raise SignalToEnd(number)


def _hush(*_: object) -> None:
    """Tracebacks of an interruption, where it is dropped, are for nobody."""


def _come_again(number: int, thread: int) -> None:
    """In a thread of its own; the signal goes to the main one, and wakes it where it waits."""
    time.sleep(_AGAIN)
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:
        signal.pthread_kill(thread, number)
