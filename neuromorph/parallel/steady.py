"""Floats that do not depend on the number of threads.

A matrix product that is split among threads may add in another order: the last bits of logits of
SmolLM2 differ between one and two threads of torch at 7, 64, 100 or 129 tokens, and are the same
at 512. So each piece of work has one thread for floats wherever it is done; several pieces at a
time are what fills a machine.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from neuromorph.threads import one_of_torch

_NAMES = tuple(f"{first}openblas_{{}}_num_threads{last}"
               for first in ("scipy_", "") for last in ("64_", "_64_", ""))
_LIBRARY = re.compile(r"\S*openblas\S*\.so\S*$")


@contextmanager
def steady(kernels: int | None = None) -> Iterator[None]:
    """One thread for torch's floats and for NumPy's; kernels of integers keep theirs.

    NumPy's, where it is built with OpenBLAS, and on Linux.
    """
    with ExitStack() as stack:
        stack.enter_context(one_of_torch(kernels))
        for ask, tell in _pools(_loaded()):
            stack.callback(tell, ask())
            tell(1)
        yield


def _loaded() -> tuple[str, ...]:
    """OpenBLAS libraries of this process: NumPy's and SciPy's are two."""
    with suppress(OSError):
        lines = Path("/proc/self/maps").read_text("utf-8", "replace").splitlines()
        return tuple(sorted({found[0] for line in lines if (found := _LIBRARY.search(line))}))
    return ()


@lru_cache(maxsize=8)
def _pools(libraries: tuple[str, ...]) -> tuple[tuple[Callable[[], int], Any], ...]:
    found = []
    for path in libraries:
        with suppress(OSError):
            library = ctypes.CDLL(path)
            found += [(getattr(library, name.format("get")), getattr(library, name.format("set")))
                      for name in _NAMES if hasattr(library, name.format("set"))][:1]
    return tuple(found)
