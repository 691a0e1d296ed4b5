"""The child process: does the items that it is sent, until its parent has no more.

What both send each other are our own objects, through a pair of sockets that nobody else has.
"""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from neuromorph import lifeline
from neuromorph.parallel.failure import encode

Reply = tuple[bytes | None, bytes]
"""The bytes of a result, or none and an error, as `failure.encode` writes it."""


def main(arguments: list[str]) -> int:
    """Serve the parent; arguments are the descriptor of our end, and the parent's process id."""
    descriptor, parent = map(int, arguments)
    lifeline.die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and ends us
    with Connection(descriptor) as pipe, suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            pipe.send(_reply(pipe))
    return 0


def _reply(pipe: Connection[Any, Any]) -> Reply:
    try:
        doing, item = pipe.recv()
        return doing.encoded(item), b""
    except EOFError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent must hear of it
        return None, encode(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
