"""A child that cannot outlive its parent, however the parent ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Ask Linux to kill this process when the parent's thread that started it ends.

    Elsewhere only the parent's own clean-up applies.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def forks_die_with_me() -> None:
    """Give every process forked from here on the same fate; forks do not inherit it."""
    me = os.getpid()
    os.register_at_fork(after_in_child=lambda: die_with(me))
