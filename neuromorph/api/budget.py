"""Whether there is enough memory, asked before work begins."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from neuromorph.api.doctor import available_memory
from neuromorph.errors import MemoryBudgetError
from neuromorph.report.text import bytes_text

SHARE = 0.9
"""Of what is available, what one command may plan to use."""

WORD = 8
FLOAT_COPIES = 8
"""Arrays of a layer's attention weights that comparing spikes with float attention holds."""

CLOCKED_COPIES = 3
"""Of a clocked run's traces: recorded, sent and received."""

CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"),
                    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def require(count: float, what: str) -> None:
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


def attention_bytes(
    batch: int, heads: int, queries: int, keys: int, value_size: int, *, times: bool = True
) -> int:
    """Bytes that one layer in closed form takes, compared with float attention if ``times``."""
    rows = batch * heads * queries
    outputs = rows * (value_size + 4) * WORD
    codes = batch * heads * (queries + 2 * keys) * value_size * WORD
    maps = rows * keys * WORD if times else 0
    compared = heads * queries * keys * WORD * FLOAT_COPIES if times else 0
    return outputs + codes + maps + compared


def clocked_bytes(queries: int, keys: int, key_size: int, value_size: int, period: int) -> int:
    """Bytes that one head takes on a clocked backend, which keeps every step."""
    return queries * period * (2 * keys + key_size + value_size + 4) * WORD * CLOCKED_COPIES


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
