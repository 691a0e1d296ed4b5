"""How much memory this process can still get."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from neuromorph.errors import MemoryBudgetError

UNITS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))

SHARE = 0.9
"""Of what is available, what one command may plan to use."""

CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"),
                    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def require(count: float, what: object) -> None:
    """Refuse work that needs more bytes than there are.

    Raises
    ------
    MemoryBudgetError
        Where the system tells how much memory there is.
    """
    usable = usable_memory()
    if usable is not None and count > SHARE * usable:
        raise MemoryBudgetError("this would need more memory than there is", where=what,
                                found=bytes_text(count),
                                expected=f"at most {bytes_text(SHARE * usable)}",
                                hint="use fewer or shorter sequences, or a machine with more")


def usable_memory() -> int | None:
    """Bytes that this process can still get: the machine's, its container's and its own limit."""
    known = [count for count in (available_memory(), _container(), _limit())
             if count is not None]
    return min(known) if known else None


def give_back() -> None:
    """Give freed memory back to the system, where the C library has a call for it.

    Arrays that came and went among others that stay leave its heap full of holes.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def available_memory(table: Path = Path("/proc/meminfo")) -> int | None:
    """Bytes that could be had without swapping, or None where the system does not tell."""
    try:
        lines = table.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    kibibytes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(kibibytes[0]) * 1024 if kibibytes else None


def bytes_text(count: float) -> str:
    """A number of bytes: ``3.2 GiB``."""
    for unit, size in UNITS:
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} bytes"


def _container(files: Iterable[Path] = CONTAINER_LIMITS) -> int | None:
    """The limit of the control group, where there is one; "max" and nothing are none."""
    for file in files:
        with suppress(OSError, UnicodeDecodeError):
            text = file.read_text("ascii").strip()
            if text.isdigit():
                return int(text)
    return None


def _limit() -> int | None:
    """What ``ulimit -v`` leaves."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (ImportError, OSError, ValueError):
        return None
    if limit == resource.RLIM_INFINITY:
        return None
    return max(0, limit - pages * resource.getpagesize())
