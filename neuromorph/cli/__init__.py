"""The command line. Signals are heeded before anything else is imported."""

from __future__ import annotations

import sys

from neuromorph.cli import interruption


def main() -> None:
    """Run the command line; every error a user can meet ends in one line and an exit code.

    The process ends with it: signals are not given back.
    """
    try:
        interruption.listen()
        from neuromorph.cli.app import execute

        code = execute()
        interruption.tell_what_is_left()
        interruption.stop_listening()
    except KeyboardInterrupt as signal:
        code = interruption.ended(signal)
    sys.exit(code)


__all__ = ["main"]
