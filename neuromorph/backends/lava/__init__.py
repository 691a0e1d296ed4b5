"""Runs networks on Lava's stock Processes, in a supervised child process.

Importing this package imports nothing of Lava: only the child does.
"""

from neuromorph.backends.lava.backend import LavaBackend

BACKEND = LavaBackend

__all__ = ["BACKEND", "LavaBackend"]
