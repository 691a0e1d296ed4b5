"""Compiled integers: closed-form attention, and an event-driven engine for anything else.

Importing this package imports nothing of Numba.
"""

from neuromorph.backends.fast.backend import FastBackend

BACKEND = FastBackend

__all__ = ["BACKEND", "FastBackend"]
