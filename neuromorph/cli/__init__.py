"""The command line. Signals are heeded before anything else is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; every error a user can meet ends in one line and an exit code.

    The process ends with it: signals are not given back.
    """
    try:
        code = _run()
    except KeyboardInterrupt as signal:
        from neuromorph.cli.interruption import ended

        code = ended(signal)
    sys.exit(code)


def _run() -> int:
    from neuromorph.cli import interruption

    interruption.listen()
    from neuromorph.cli.app import execute

    code = execute()
    interruption.tell_what_is_left()
    interruption.stop_listening()
    return code


__all__ = ["main"]
