"""For all tests: arrays are held to their signatures, and Ctrl-C reaches children.

Shapes and dtypes are checked as `tests/shape_check.py` says, unless NEUROMORPH_SHAPES is ``off``.

A shell without job control starts background work with SIGINT ignored, children inherit that,
and the tests that interrupt a child would wait in vain.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tests"))

SWITCH = "NEUROMORPH_SHAPES"


def unchecked() -> str:
    """Why no shapes are checked; empty if they are."""
    if os.environ.get(SWITCH) == "off":
        return f"{SWITCH} is off"
    return "" if importlib.util.find_spec("jaxtyping") else "jaxtyping is not installed"


if not unchecked():
    import shape_check

    shape_check.install()


def pytest_configure() -> None:
    """Undo an inherited disregard of SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    """Say whether arrays are held to their signatures."""
    why = unchecked()
    return f"shapes: not checked, {why}" if why else "shapes: checked"
