"""For all tests: Ctrl-C reaches their children, even where the run itself is in the background.

A shell without job control starts background work with SIGINT ignored, children inherit that,
and the tests that interrupt a child would wait in vain.
"""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Undo an inherited disregard of SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
