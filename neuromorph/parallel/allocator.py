"""Freed memory stays with the process while an item is done.

Dask starts its workers with ``MALLOC_TRIM_THRESHOLD_=65536``: glibc then hands back every array as
it is freed, and asks for it again, page by page, for the next one. For windows of SmolLM2 that is
half a second each. Where there is no glibc, nothing is done.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Numbers of glibc's ``mallopt``."""
KEPT = 1 << 30
"""Bytes that may lie free at the end of a heap."""
MAPPED = 32 << 20
"""Bytes from which an array is mapped on its own: the most that glibc takes."""
DEFAULT_MAPPED = 128 << 10
"""Of glibc's own."""


@contextmanager
def keeping() -> Iterator[None]:
    """Keep freed memory until the block is left, if this process is told to hand it back soon."""
    asked = os.environ.get("MALLOC_TRIM_THRESHOLD_", "")
    library = _glibc() if asked.isdigit() and int(asked) < KEPT else None
    if library is None:
        yield
        return
    library.mallopt(M_TRIM_THRESHOLD, KEPT)
    library.mallopt(M_MMAP_THRESHOLD, MAPPED)
    try:
        yield
    finally:
        library.mallopt(M_TRIM_THRESHOLD, int(asked))
        library.mallopt(M_MMAP_THRESHOLD, DEFAULT_MAPPED)
        library.malloc_trim(0)


@lru_cache(maxsize=1)
def _glibc() -> Any:
    try:
        library = ctypes.CDLL(None)
    except TypeError:  # Windows
        return None
    has = all(hasattr(library, name) for name in ("mallopt", "malloc_trim", "gnu_get_libc_version"))
    return library if has else None
