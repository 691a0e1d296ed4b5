"""Arrays that begin with a cache line: sixteen lanes that cross one take twice as long."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.compiled import compiled

ALIGNMENT = 64
"""Bytes of a cache line."""


def aligned(shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
    """Zeros."""
    kind = np.dtype(kind)
    size = int(np.prod(shape)) * kind.itemsize
    room = np.zeros(size + ALIGNMENT, np.uint8)
    skip = -room.ctypes.data % ALIGNMENT
    array: NDArray[Any] = room[skip : skip + size].view(kind).reshape(shape)
    return array


def padded(size: int, whole: int) -> int:
    """The size, up to a whole number of something."""
    return -(-size // whole) * whole


@compiled(forceinline=True)
def scratch(size: int, like: NDArray[Any]) -> NDArray[Any]:
    """Numbers of a type, not set; for compiled code."""
    room = np.empty(size + ALIGNMENT // like.itemsize, like.dtype)
    skip = (-room.ctypes.data % ALIGNMENT) // like.itemsize
    return room[skip : skip + size]
