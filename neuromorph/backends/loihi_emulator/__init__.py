"""Runs networks in nengo-loihi's emulator of Loihi 1, under its own limits and allocator.

Importing this package imports nothing of Nengo.
"""

from neuromorph.backends.loihi_emulator.backend import LoihiEmulatorBackend

BACKEND = LoihiEmulatorBackend

__all__ = ["BACKEND", "LoihiEmulatorBackend"]
