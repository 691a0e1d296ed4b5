"""The command line. Signals are heeded before anything else is imported."""

from __future__ import annotations

import sys

from neuromorph.cli import interruption


def main() -> None:
    """Run the command line; every error a user can meet ends in one line and an exit code."""
    before = interruption.listen()
    try:
        from neuromorph.cli.app import run

        code = run()
        interruption.tell_what_is_left()
    except KeyboardInterrupt as signal:
        code = interruption.ended(signal)
    finally:
        interruption.restore(before)
    sys.exit(code)


__all__ = ["main"]
