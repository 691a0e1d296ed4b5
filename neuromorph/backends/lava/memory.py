"""Shared memory without a name: nothing of it can be left in /dev/shm.

Lava takes named segments from a manager process of its own; both outlive a killed
program. Its processes are forked, so they inherit an anonymous mapping just as well.
"""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from lava.magma.runtime.message_infrastructure import multiprocessing as lava_messages
from numpy.typing import DTypeLike, NDArray


def shared_array(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Zeros that this process and all it forks from now on see and change together."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(mmap.mmap(-1, size), dtype).reshape(shape)


class Segment:
    """What Lava's channels use of a shared memory segment: ``buf``."""

    def __init__(self, size: int) -> None:
        self.buf = memoryview(mmap.mmap(-1, size))


class AnonymousMemory:
    """Stands in for Lava's SharedMemoryManager."""

    def start(self) -> None:
        """There is no manager process to start."""

    def shutdown(self) -> None:
        """Memory goes with the last process that maps it."""

    def create_shared_memory(self, size: int) -> Segment:
        """A segment of so many bytes."""
        return Segment(size)


def use_anonymous_memory() -> None:
    """Let every Lava run of this process take its channels from anonymous memory."""
    lava_messages.SharedMemoryManager = AnonymousMemory
